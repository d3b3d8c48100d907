import ProxyCore
import Testing

@testable import Discovery

@Suite struct RefreshScheduleTests {
    private func at(_ milliseconds: Milliseconds) -> Instant { Instant(microseconds: 1_000_000_000) + milliseconds }

    @Test(arguments: [(0.0, 900), (0.5, 1000), (0.999999, 1099)] as [(Double, Milliseconds)])
    func theIntervalIsJitteredByATenth(random: Double, expected: Milliseconds) {
        var schedule = RefreshSchedule(interval: 1000)
        schedule.begin(at: at(0))
        schedule.end(failed: false, at: at(20), random: random)
        #expect(schedule.due - at(0) == expected)
    }

    @Test func aSlowAnswerDoesNotSlowThePace() {
        var schedule = RefreshSchedule(interval: 1000)
        schedule.begin(at: at(0))
        schedule.end(failed: false, at: at(700), random: 0.5)
        #expect(schedule.due == at(1000))
        schedule.begin(at: at(1000))
        schedule.end(failed: false, at: at(3500), random: 0.5)
        #expect(schedule.due == at(3500))
    }

    @Test(
        arguments: [
            (1000, [1000, 2000, 4000, 5000, 5000, 5000]),
            (100, [100, 200, 400, 500, 500, 500]),
            (3000, [3000, 5000, 5000, 5000, 5000, 5000]),
            (10_000, [10_000, 10_000, 10_000, 10_000, 10_000, 10_000]),
        ] as [(Milliseconds, [Milliseconds])])
    func failuresSlowThePace(interval: Milliseconds, pauses: [Milliseconds]) {
        var schedule = RefreshSchedule(interval: interval)
        var now = at(0)
        for pause in pauses {
            schedule.begin(at: now)
            schedule.end(failed: true, at: now, random: 0.5)
            #expect(schedule.due - now == pause)
            now = schedule.due
        }
        schedule.begin(at: now)
        schedule.end(failed: false, at: now, random: 0.5)
        #expect(schedule.due - now == interval)
    }

    @Test func longFailureStaysAtTheLongestPause() {
        var schedule = RefreshSchedule(interval: 1000)
        for _ in 0..<1000 {
            schedule.begin(at: at(0))
            schedule.end(failed: true, at: at(0), random: 0.5)
        }
        #expect(schedule.due == at(5000))
    }

    @Test func anUrgentRefreshIsDueAtOnce() {
        var schedule = RefreshSchedule(interval: 1000)
        schedule.begin(at: at(0))
        schedule.end(failed: false, at: at(10), random: 0.5)
        schedule.urge(at: at(400))
        #expect(schedule.due == at(400))
    }

    @Test func urgentRefreshesAreAtMostFourASecond() {
        var schedule = RefreshSchedule(interval: 1000)
        var begun = 0
        schedule.begin(at: at(0))
        schedule.end(failed: false, at: at(0), random: 0.5)
        for millisecond in 1...1000 {
            schedule.urge(at: at(Milliseconds(millisecond)))
            guard schedule.due <= at(Milliseconds(millisecond)) else { continue }
            begun += 1
            schedule.begin(at: at(Milliseconds(millisecond)))
            schedule.end(failed: false, at: at(Milliseconds(millisecond)), random: 0.5)
        }
        #expect(begun == 4)
    }

    @Test func urgencyNeverDelays() {
        var schedule = RefreshSchedule(interval: 50)
        schedule.begin(at: at(0))
        schedule.end(failed: false, at: at(0), random: 0.5)
        schedule.urge(at: at(1))
        #expect(schedule.due == at(50))
    }

    @Test func urgencyDuringARefreshOutlivesIt() {
        var schedule = RefreshSchedule(interval: 1000)
        schedule.begin(at: at(0))
        schedule.urge(at: at(20))
        #expect(schedule.isAsking)
        schedule.end(failed: false, at: at(30), random: 0.5)
        #expect(!schedule.isAsking)
        #expect(schedule.due == at(250))
        schedule.begin(at: at(250))
        schedule.end(failed: false, at: at(260), random: 0.5)
        #expect(schedule.due == at(1250))
    }

    @Test func urgencyCutsABackoffShort() {
        var schedule = RefreshSchedule(interval: 1000)
        for _ in 0..<5 {
            schedule.begin(at: at(0))
            schedule.end(failed: true, at: at(0), random: 0.5)
        }
        schedule.urge(at: at(900))
        #expect(schedule.due == at(900))
    }
}
