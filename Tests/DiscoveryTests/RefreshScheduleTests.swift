import ProxyCore
import Testing

@testable import Discovery

@Suite struct RefreshScheduleTests {
    private func at(_ milliseconds: Milliseconds) -> Instant { Instant(microseconds: 1_000_000_000) + milliseconds }

    @Test(arguments: [(0.0, 1000), (0.5, 900), (0.999999, 800)] as [(Double, Milliseconds)])
    func jitterShortensTheIntervalByUpToAFifth(random: Double, expected: Milliseconds) {
        var schedule = RefreshSchedule(interval: 1000)
        schedule.begin(at: at(0))
        schedule.end(failed: false, at: at(20), random: random)
        #expect(schedule.due - at(0) == expected)
    }

    /// Names that began together are soon spread, and none is ever asked later than its interval says.
    @Test func jitterSpreadsNamesThatBeganTogether() {
        let ends = (0..<200).map { name in
            var schedule = RefreshSchedule(interval: 1000)
            var now = at(0)
            for round in 0..<20 {
                schedule.begin(at: now)
                schedule.end(failed: false, at: now, random: Double((name * 7919 + round * 613) % 1000) / 1000)
                #expect((800...1000).contains(schedule.due - now))
                now = schedule.due
            }
            return now - at(0)
        }
        #expect(Set(ends.map { $0 / 50 }).count >= 10, "\(ends)")
    }

    @Test(
        arguments: [
            (1000, 0, 100), (1000, 50, 100), (1000, 1000, 1000), (1000, 600_000, 1000),
            (10_000, 0, 100), (10_000, 2000, 2000), (10_000, 600_000, 10_000), (10_000, nil, 10_000),
            // Whoever sets an interval below the floor gets it.
            (20, 0, 20), (20, 600_000, 20),
        ] as [(Milliseconds, Milliseconds?, Milliseconds)])
    func aShorterTimeToLiveIsHonouredDownToAFloor(interval: Milliseconds, ttl: Milliseconds?, pause: Milliseconds) {
        var schedule = RefreshSchedule(interval: interval)
        schedule.begin(at: at(0))
        schedule.end(failed: false, ttl: ttl, at: at(5), random: 0)
        #expect(schedule.due == at(pause))
    }

    @Test func jitterDoesNotUndercutTheFloor() {
        var schedule = RefreshSchedule(interval: 1000)
        schedule.begin(at: at(0))
        schedule.end(failed: false, ttl: 0, at: at(5), random: 0.999)
        #expect(schedule.due == at(100))
    }

    @Test func aSlowAnswerDoesNotSlowThePace() {
        var schedule = RefreshSchedule(interval: 1000)
        schedule.begin(at: at(0))
        schedule.end(failed: false, at: at(700), random: 0)
        #expect(schedule.due == at(1000))
        schedule.begin(at: at(1000))
        schedule.end(failed: false, at: at(3500), random: 0)
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
            schedule.end(failed: true, at: now, random: 0)
            #expect(schedule.due - now == pause)
            now = schedule.due
        }
        schedule.begin(at: now)
        schedule.end(failed: false, at: now, random: 0)
        #expect(schedule.due - now == interval)
    }

    @Test func longFailureStaysAtTheLongestPause() {
        var schedule = RefreshSchedule(interval: 1000)
        for _ in 0..<1000 {
            schedule.begin(at: at(0))
            schedule.end(failed: true, at: at(0), random: 0)
        }
        #expect(schedule.due == at(5000))
    }

    @Test func anUrgentRefreshIsDueAtOnce() {
        var schedule = RefreshSchedule(interval: 1000)
        schedule.begin(at: at(0))
        schedule.end(failed: false, at: at(10), random: 0)
        schedule.urge(at: at(400))
        #expect(schedule.due == at(400))
    }

    @Test func urgentRefreshesAreAtMostFourASecond() {
        var schedule = RefreshSchedule(interval: 1000)
        var begun = 0
        schedule.begin(at: at(0))
        schedule.end(failed: false, at: at(0), random: 0)
        for millisecond in 1...1000 {
            schedule.urge(at: at(Milliseconds(millisecond)))
            guard schedule.due <= at(Milliseconds(millisecond)) else { continue }
            begun += 1
            schedule.begin(at: at(Milliseconds(millisecond)))
            schedule.end(failed: false, at: at(Milliseconds(millisecond)), random: 0)
        }
        #expect(begun == 4)
    }

    @Test func urgencyNeverDelays() {
        var schedule = RefreshSchedule(interval: 50)
        schedule.begin(at: at(0))
        schedule.end(failed: false, at: at(0), random: 0)
        schedule.urge(at: at(1))
        #expect(schedule.due == at(50))
    }

    @Test func urgencyDuringARefreshOutlivesIt() {
        var schedule = RefreshSchedule(interval: 1000)
        schedule.begin(at: at(0))
        schedule.urge(at: at(20))
        #expect(schedule.isAsking)
        schedule.end(failed: false, at: at(30), random: 0)
        #expect(!schedule.isAsking)
        #expect(schedule.due == at(250))
        schedule.begin(at: at(250))
        schedule.end(failed: false, at: at(260), random: 0)
        #expect(schedule.due == at(1250))
    }

    @Test func urgencyCutsABackoffShort() {
        var schedule = RefreshSchedule(interval: 1000)
        for _ in 0..<5 {
            schedule.begin(at: at(0))
            schedule.end(failed: true, at: at(0), random: 0)
        }
        schedule.urge(at: at(900))
        #expect(schedule.due == at(900))
    }
}
