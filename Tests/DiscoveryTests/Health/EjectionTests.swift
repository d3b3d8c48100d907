import ProxyCore
import Testing

@testable import Discovery

@Suite struct EjectionTests {
    private let start = Instant(microseconds: 1_000_000)
    private var settings = EjectionSettings()

    init() {
        settings.baseMilliseconds = 5_000
        settings.longestMilliseconds = 30_000
    }

    @Test func itEndsInATrial() {
        var ejection = Ejection()
        #expect(ejection.isServing)
        #expect(ejection.nextChange == nil)
        #expect(ejection.eject(at: start, settings) == 5_000)
        #expect(ejection.nextChange == start + 5_000)
        ejection.advance(to: start + 4_999)
        #expect(ejection.phase == .ejected(until: start + 5_000))
        ejection.advance(to: start + 5_000)
        #expect(ejection.phase == .trial)
        #expect(ejection.nextChange == nil)
        #expect(ejection.end(at: start + 6_000) == 6_000)
        #expect(ejection.isServing)
    }

    @Test func eachInARowLastsTwiceAsLong() {
        var ejection = Ejection()
        var now = start
        for expected: Milliseconds in [5_000, 10_000, 20_000, 30_000, 30_000] {
            #expect(ejection.eject(at: now, settings) == expected)
            now = now + expected
            ejection.advance(to: now)
            #expect(ejection.phase == .trial)
        }
        #expect(ejection.end(at: now) == now - start, "since it last served")
    }

    /// It is forgotten after it has served for as long as the last one lasted.
    @Test(arguments: [(9_999, 20_000), (10_000, 5_000)] as [(Milliseconds, Milliseconds)])
    func servingForgets(served: Milliseconds, next: Milliseconds) {
        var ejection = Ejection()
        _ = ejection.eject(at: start, settings)
        ejection.advance(to: start + 5_000)
        _ = ejection.eject(at: start + 5_000, settings)
        ejection.advance(to: start + 15_000)
        _ = ejection.end(at: start + 15_000)
        #expect(ejection.eject(at: start + 15_000 + served, settings) == next)
    }

    @Test func noNumberOfEjectionsIsTooLarge() {
        var ejection = Ejection()
        var settings = settings
        settings.longestMilliseconds = 300_000
        for _ in 0..<1_000 { _ = ejection.eject(at: start, settings) }
        #expect(ejection.eject(at: start, settings) == 300_000)
    }
}

@Suite struct OutlierSweepTests {
    private func outliers(_ tallies: [(Int, Int)], change: (inout EjectionSettings) -> Void = { _ in }) -> [Int] {
        var settings = EjectionSettings()
        change(&settings)
        let tallies = tallies.map { RequestTally(outcomes: $0.0, failures: $0.1) }
        return OutlierSweep.outliers(among: tallies, settings).map(\.index)
    }

    private static let sound = [(100, 0), (200, 0), (1_000, 0), (150, 0)]

    @Test func oneThatFailsOftenIsFound() {
        #expect(outliers(Self.sound + [(100, 20)]) == [4])
        #expect(outliers([(100, 20)] + Self.sound) == [0])
    }

    @Test func theWorstComesFirst() {
        let many = (0..<20).map { _ in (100, 0) }
        #expect(outliers(many + [(100, 60), (100, 90)]) == [21, 20])
    }

    @Test(arguments: [
        ([(100, 0), (100, 0), (100, 0), (100, 50)], "too few endpoints"),
        (sound + [(99, 50)], "too few answers to tell"),
        ([(100, 30), (100, 31), (100, 29), (100, 30), (100, 35)], "all are equally bad"),
        (sound + [(1_000, 1)], "a single failure among successes"),
        (sound + [(100, 4)], "not far enough below"),
        (sound + [(100, 0)], "none fails"),
        ([(0, 0), (0, 0), (0, 0), (0, 0), (0, 0)], "no requests"),
        ([], "no endpoints"),
    ])
    func nobodyIs(tallies: [(Int, Int)], why: String) { #expect(outliers(tallies) == [], "\(why)") }

    @Test func theFactorCounts() {
        let tallies = [(100, 0), (100, 10), (100, 20), (100, 10), (100, 0), (100, 40)]
        #expect(outliers(tallies) == [5])
        #expect(outliers(tallies) { $0.deviationFactorPercent = 300 } == [])
    }

    @Test func theOutlierIsToldWithItsRates() throws {
        let tallies = (Self.sound + [(100, 50)]).map { RequestTally(outcomes: $0.0, failures: $0.1) }
        let outlier = try #require(OutlierSweep.outliers(among: tallies, EjectionSettings()).first)
        let cause = EjectionCause.successRate(own: outlier.successRate, mean: outlier.mean)
        #expect("\(cause)" == "50.0% of its requests succeeded, 90.0% on average")
    }
}

@Suite struct SlowStartTests {
    private let start = Instant(microseconds: 3_000_000)

    @Test(arguments: [
        (-1, 10), (0, 10), (555, 10), (556, 20), (1_112, 30), (2_500, 50), (4_444, 80), (4_445, 90), (4_999, 90),
        (5_000, 100), (50_000, 100),
    ])
    func theShareGrows(after: Milliseconds, percent: Int) {
        #expect(SlowStart(at: start, milliseconds: 5_000).percent(at: start + after) == percent)
    }

    @Test(arguments: [1, 7, 5_000, 3_600_000] as [Milliseconds])
    func noMoreThanTenSteps(time: Milliseconds) {
        let slowStart = SlowStart(at: start, milliseconds: time)
        var now = start
        var percents = [slowStart.percent(at: now)]
        while let next = slowStart.nextStep(after: now) {
            #expect(next > now)
            now = next
            percents.append(slowStart.percent(at: now))
        }
        #expect(percents == Array(stride(from: 10, through: 100, by: 10)))
        #expect(now == start + time)
    }
}
