import ProxyCore
import Testing

@testable import Discovery

@Suite struct ProbeStateTests {
    private static let passed = ProbeResult.passed
    private static let closing = ProbeResult.closing
    private static let failed = ProbeResult.failed("Connection refused")
    private static let leaving = ProbeResult.leaving("answered 503")
    private static let ours = ProbeResult.inconclusive("socket: Too many open files")

    /// One endpoint whose probes end as a test says, one each interval of 2 s.
    private struct Probed {
        var settings = HealthSettings()
        var state: ProbeState
        var now: Instant

        init(joined: Milliseconds = 0, rise: Int = 2, fall: Int = 3) {
            settings.rise = rise
            settings.fall = fall
            now = Instant(microseconds: 0) + joined
            state = ProbeState(joined: now, isProbed: true)
        }

        mutating func probe(_ result: ProbeResult, after pause: Milliseconds = 2_000, random: Double = 0.5)
            -> ProbeState.Change?
        {
            now = now + pause
            state.begin(at: now)
            return state.end(result, at: now, random: random, settings: settings)
        }

        /// Brings it up, and a minute ahead.
        mutating func comeUp() {
            _ = probe(.passed)
            now = now + 60_000
        }
    }

    // MARK: Conditions

    @Test func oneSuccessIsEnoughTheFirstTime() {
        var endpoint = Probed(rise: 5)
        #expect(endpoint.state.condition == .unprobed)
        #expect(endpoint.probe(Self.failed, after: 0) == nil)
        #expect(endpoint.probe(Self.passed, after: 100) == .healthy(probes: 1, isFirst: true))
        #expect(endpoint.state.condition == .healthy)
        #expect(endpoint.probe(Self.passed) == nil)
    }

    /// What an endpoint that is healthy becomes by some results: the last one makes the change.
    @Test(
        arguments: [
            ([failed, failed, failed], ProbeState.Change.unhealthy(probes: 3, "Connection refused")),
            ([failed, ours, failed, failed], .unhealthy(probes: 3, "Connection refused")),
            ([failed, failed, passed, failed, failed, failed], .unhealthy(probes: 3, "Connection refused")),
            ([leaving], .draining("answered 503")),
            ([failed, failed, leaving], .draining("answered 503")),
            ([failed, failed, failed, leaving], .draining("answered 503")),
            ([leaving, passed, passed], .healthy(probes: 2, isFirst: false)),
            ([leaving, passed, leaving, passed, passed], .healthy(probes: 2, isFirst: false)),
            ([leaving, failed, failed, failed, failed, passed, passed], .healthy(probes: 2, isFirst: false)),
            ([failed, failed, failed, passed, passed], .healthy(probes: 2, isFirst: false)),
            ([failed, failed, failed, passed, failed, passed, ours, passed], .healthy(probes: 2, isFirst: false)),
        ])
    func theLastResultChangesIt(results: [ProbeResult], change: ProbeState.Change) {
        var endpoint = Probed()
        endpoint.comeUp()
        let changes = results.map { endpoint.probe($0) }
        #expect(changes.last == change)
        let condition: ProbeState.Condition =
            switch change {
            case .healthy: .healthy
            case .unhealthy: .unhealthy
            case .draining: .draining
            }
        #expect(endpoint.state.condition == condition)
    }

    /// Results that change nothing about an endpoint that is healthy.
    @Test(arguments: [
        [passed, passed], [failed, failed, passed, failed, failed], [ours, ours, ours, ours], [failed, failed, ours],
    ])
    func nothingChanges(results: [ProbeResult]) {
        var endpoint = Probed()
        endpoint.comeUp()
        for result in results { #expect(endpoint.probe(result) == nil) }
        #expect(endpoint.state.condition == .healthy)
    }

    @Test func aChangeIsToldOnce() {
        var endpoint = Probed()
        endpoint.comeUp()
        #expect([1, 2, 3, 4, 5].compactMap { _ in endpoint.probe(Self.failed) }.count == 1)
        #expect([1, 2, 3].compactMap { _ in endpoint.probe(Self.leaving) }.count == 1)
        #expect([1, 2, 3].compactMap { _ in endpoint.probe(Self.passed) }.count == 1)
    }

    /// A container has its name before it listens: that is no news for five seconds.
    @Test(arguments: [failed, leaving])
    func aNewEndpointIsGivenTimeToStart(result: ProbeResult) {
        var endpoint = Probed()
        for _ in 0..<49 { #expect(endpoint.probe(result, after: 100) == nil) }
        #expect(endpoint.state.condition == .unprobed)
        #expect(endpoint.probe(result, after: 100) != nil)
        #expect(endpoint.state.condition == .unhealthy)
        #expect(endpoint.probe(Self.passed) == .healthy(probes: 1, isFirst: true))
    }

    @Test func whereNothingIsProbedAllAreHealthy() {
        #expect(ProbeState(joined: Instant(microseconds: 0), isProbed: false).condition == .healthy)
    }

    // MARK: Answers that end their connections

    /// What the answers of an endpoint that is healthy make of it: `closing` ends the connection, `passed` does not.
    @Test(
        arguments: [
            ([closing, closing, closing, closing], .healthy, "it has always been like that"),
            ([passed, closing], .healthy, "once may be chance"),
            ([passed, closing, passed, closing, passed, closing], .healthy, "never twice in a row"),
            ([passed, closing, closing], .draining, "it has changed"),
            ([passed, closing, closing, closing, closing], .draining, "it has not left yet"),
            ([passed, closing, failed, closing], .draining, "a failure says nothing of it"),
            ([passed, closing, closing, passed], .draining, "it has to rise"),
            ([passed, closing, closing, passed, passed], .healthy, "it has thought better of it"),
        ] as [([ProbeResult], ProbeState.Condition, String)])
    func closingIsAPattern(results: [ProbeResult], condition: ProbeState.Condition, why: String) {
        var endpoint = Probed()
        for result in results { _ = endpoint.probe(result) }
        #expect(endpoint.state.condition == condition, "\(why)")
    }

    @Test func aDoubtIsSettledSoon() {
        var endpoint = Probed()
        _ = endpoint.probe(Self.passed)
        #expect(endpoint.probe(Self.closing) == nil)
        #expect(endpoint.state.due - endpoint.now == 100)
        #expect(endpoint.probe(Self.closing, after: 100) == .draining("its answers end their connections"))
        #expect(endpoint.state.due - endpoint.now == 2_000)
    }

    @Test func whoDoesNotLeaveServesAgain() {
        var endpoint = Probed()
        _ = endpoint.probe(Self.passed)
        for _ in 0..<16 { _ = endpoint.probe(Self.closing) }
        #expect(endpoint.state.condition == .draining)
        let changes = [1, 2, 3, 4, 5, 6, 7, 8].compactMap { _ in endpoint.probe(Self.closing) }
        #expect(changes == [.healthy(probes: 2, isFirst: false)], "and is not taken for leaving again")
    }

    // MARK: Pace

    @Test func aNewEndpointIsProbedAtOnce() {
        let joined = Instant(microseconds: 77_000_000)
        #expect(ProbeState(joined: joined, isProbed: true).due == joined)
    }

    @Test(arguments: [(0.0, 1_800), (0.5, 2_000), (0.999_999, 2_199)] as [(Double, Milliseconds)])
    func theIntervalIsJittered(random: Double, pause: Milliseconds) {
        var endpoint = Probed()
        endpoint.comeUp()
        _ = endpoint.probe(Self.passed, random: random)
        #expect(endpoint.state.due - endpoint.now == pause)
    }

    @Test func thePauseIsThatFromBeginningToBeginning() {
        var endpoint = Probed()
        endpoint.comeUp()
        endpoint.state.begin(at: endpoint.now)
        _ = endpoint.state.end(.passed, at: endpoint.now + 700, random: 0.5, settings: endpoint.settings)
        #expect(endpoint.state.due == endpoint.now + 2_000)
        endpoint.state.begin(at: endpoint.now)
        _ = endpoint.state.end(.passed, at: endpoint.now + 9_000, random: 0.5, settings: endpoint.settings)
        #expect(endpoint.state.due == endpoint.now + 9_000, "never in the past")
    }

    @Test func aNewEndpointIsProbedOftenForAWhile() {
        var endpoint = Probed()
        _ = endpoint.probe(Self.failed, after: 0)
        #expect(endpoint.state.due - endpoint.now == 100)
        _ = endpoint.probe(Self.failed, after: 4_999)
        #expect(endpoint.state.due - endpoint.now == 100)
        _ = endpoint.probe(Self.failed, after: 1)
        #expect(endpoint.state.due - endpoint.now == 2_000)
    }

    @Test func onceItIsUpTheIntervalCounts() {
        var endpoint = Probed()
        _ = endpoint.probe(Self.passed, after: 0)
        #expect(endpoint.state.due - endpoint.now == 2_000)
    }

    @Test func aShorterIntervalIsKept() {
        var endpoint = Probed()
        endpoint.settings.intervalMilliseconds = 20
        _ = endpoint.probe(Self.failed, after: 0)
        #expect(endpoint.state.due - endpoint.now == 20)
    }

    @Test func aFailedConnectAsksForAProbe() {
        var endpoint = Probed()
        endpoint.comeUp()
        _ = endpoint.probe(Self.passed)
        endpoint.state.urge(at: endpoint.now + 10)
        #expect(endpoint.state.due - endpoint.now == 250, "four in a second, no more")
        endpoint.state.urge(at: endpoint.now + 900)
        #expect(endpoint.state.due - endpoint.now == 250, "and never later than it was")
        endpoint.state.begin(at: endpoint.now + 250)
        endpoint.state.urge(at: endpoint.now + 260)
        _ = endpoint.state.end(.passed, at: endpoint.now + 270, random: 0.5, settings: endpoint.settings)
        #expect(endpoint.state.due - endpoint.now == 500, "what was asked meanwhile counts for the next")
    }
}
