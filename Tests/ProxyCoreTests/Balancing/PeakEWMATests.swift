import Testing

@testable import ProxyCore

@Suite struct PeakEWMATests {
    private func seconds(_ seconds: Double) -> Instant { Instant(microseconds: Int64(seconds * 1_000_000)) }

    @Test func aPeakCountsAtOnce() {
        #expect(PeakEWMA.next(average: 0, noted: seconds(0), sample: 700, now: seconds(100)) == 700)
        #expect(PeakEWMA.next(average: 1_000, noted: seconds(5), sample: 9_000, now: seconds(5)) == 9_000)
        #expect(PeakEWMA.next(average: 1_000, noted: seconds(5), sample: 1_000, now: seconds(9)) == 1_000)
    }

    @Test(arguments: [(0, 10_000), (3.5, 7_750), (7, 5_500), (14, 3_250), (1_000, 1_000)])
    func aFallTakesTime(age: Double, expected: Int64) {
        let next = PeakEWMA.next(average: 10_000, noted: seconds(50), sample: 1_000, now: seconds(50 + age))
        #expect(next == expected)
    }

    @Test(arguments: [(0, 10_000), (3.5, 7_500), (7, 5_000), (21, 1_250), (100, 1), (100_000, 1)])
    func whatWasSlowOnceIsForgotten(age: Double, expected: Int64) {
        #expect(PeakEWMA.current(average: 10_000, noted: seconds(50), now: seconds(50 + age)) == expected)
        #expect(PeakEWMA.current(average: 0, noted: seconds(50), now: seconds(50 + age)) == 0)
    }

    @Test func strangeTimesAndSamplesDoNoHarm() {
        #expect(PeakEWMA.next(average: 500, noted: seconds(9), sample: -4, now: seconds(5)) == 500)
        #expect(PeakEWMA.next(average: 0, noted: seconds(9), sample: -4, now: seconds(5)) == 1)
        #expect(PeakEWMA.next(average: 5, noted: Instant(microseconds: 0), sample: 0, now: .distantFuture) == 1)
        let latest = PeakEWMA.next(average: 0, noted: seconds(9), sample: .max, now: seconds(9))
        #expect(latest == 86_400_000_000)
        #expect(PeakEWMA.current(average: latest, noted: seconds(9), now: seconds(5)) == latest)
    }
}
