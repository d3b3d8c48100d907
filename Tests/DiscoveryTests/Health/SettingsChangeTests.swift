import ProxyCore
import Testing

@testable import Discovery

/// What other settings make of endpoints that are there.
@Suite struct SettingsChangeTests {
    private static let count = 4
    private var now = Instant(microseconds: 0)
    private var pool: EndpointSet
    private var settings = ServiceSettings()

    init() {
        pool = EndpointSet(settings: settings)
        _ = pool.reconcile(with: Self.addresses.map { FoundEndpoint(address: $0) }, at: now)
        for address in Self.addresses {
            pool.probeBegan(address, at: now)
            _ = pool.probeEnded(address, .passed, at: now, random: 0.5)
        }
        now = now + 60_000
        _ = pool.advance(to: now)
    }

    private static var addresses: [SocketAddress] { (1...count).map { ips("10.0.0.\($0)")[0] } }

    private var standings: [EndpointStanding] { pool.endpoints.map(\.standing) }

    private mutating func adopt(
        probesAnew: Bool = false, token: UInt64 = 0, _ change: (inout ServiceSettings) -> Void
    ) -> [String] {
        change(&settings)
        let events = pool.adopt(settings, makeToken: { _ in token }, probesAnew: probesAnew, at: now)
        return events.map { "\($0.level) \($0)" }
    }

    private mutating func eject(_ number: Int) {
        _ = pool.note(.failing(inARow: 5, last: .status(500)), of: Self.addresses[number], at: now)
    }

    @Test mutating func endpointsStayWhoTheyAre() {
        let before = pool.endpoints.map { ObjectIdentifier($0.stats) }
        let lines = adopt(probesAnew: true) {
            $0.policy = .ringHash
            $0.health.check = .http(path: "/")
        }
        #expect(lines.isEmpty)
        #expect(pool.endpoints.map { ObjectIdentifier($0.stats) } == before)
        #expect(standings.allSatisfy { $0 == .serving })
    }

    @Test mutating func anotherCheckIsMadeAtOnce() {
        let address = Self.addresses[0]
        _ = adopt(probesAnew: true) { $0.health.check = .http(path: "/") }
        #expect(pool.probeDue(address) == now)
        pool.probeBegan(address, at: now)
        _ = adopt(probesAnew: true) { $0.health.check = .http(path: "/other") }
        #expect(pool.probeDue(address) == now, "the probe that was under way was given up")
    }

    @Test mutating func anUnhealthyEndpointStaysSoUntilProbesSayOtherwise() {
        for _ in 0..<3 {
            pool.probeBegan(Self.addresses[1], at: now)
            _ = pool.probeEnded(Self.addresses[1], .failed("no"), at: now, random: 0.5)
        }
        #expect(standings[1] == .resting)
        _ = adopt(probesAnew: true) { $0.health.check = .http(path: "/") }
        #expect(standings[1] == .resting)
        for _ in 0..<2 {
            pool.probeBegan(Self.addresses[1], at: now)
            _ = pool.probeEnded(Self.addresses[1], .passed, at: now, random: 0.5)
        }
        #expect(standings[1] == .serving)
    }

    @Test mutating func withoutAProbeAllServe() {
        for _ in 0..<3 {
            pool.probeBegan(Self.addresses[1], at: now)
            _ = pool.probeEnded(Self.addresses[1], .failed("no"), at: now, random: 0.5)
        }
        _ = adopt(probesAnew: true) { $0.health.check = .off }
        #expect(standings.allSatisfy { $0 == .serving })
        #expect(pool.probeDue(Self.addresses[1]) == nil)
    }

    /// They serve already: the first probes do not take them for new ones that have to show it.
    @Test mutating func whereProbesBeginEndpointsGoOnServing() {
        _ = adopt(probesAnew: true) { $0.health.check = .off }
        _ = adopt(probesAnew: true) { $0.health.check = .tcp }
        #expect(standings.allSatisfy { $0 == .serving })
        for _ in 0..<3 {
            pool.probeBegan(Self.addresses[1], at: now)
            _ = pool.probeEnded(Self.addresses[1], .failed("no"), at: now, random: 0.5)
        }
        #expect(standings == [.serving, .resting, .serving, .serving])
    }

    @Test mutating func ejectionsEndWithTheSwitch() {
        eject(0)
        #expect(standings[0] == .resting)
        let lines = adopt { $0.ejection.isOn = false }
        #expect(lines == ["info endpoint \(Self.addresses[0]) serves again: endpoints are not ejected any more"])
        #expect(standings.allSatisfy { $0 == .serving })
    }

    @Test mutating func ejectionsEndThatAreTooMany() {
        eject(0)
        eject(1)
        #expect(standings == [.resting, .resting, .serving, .serving])
        let lines = adopt { $0.ejection.ejectedPercentMax = 25 }
        #expect(lines.count == 1)
        #expect(standings.count { $0 == .resting } == 1)
    }

    @Test mutating func ejectionsOutliveOtherChanges() {
        eject(0)
        _ = adopt { $0.policy = .leastConnections }
        #expect(standings == [.resting, .serving, .serving, .serving])
    }

    @Test mutating func slowStartsEndWhereThereAreNone() {
        let more = Self.addresses + ips("10.0.0.9")
        _ = pool.reconcile(with: more.map { FoundEndpoint(address: $0) }, at: now)
        pool.probeBegan(more[4], at: now)
        _ = pool.probeEnded(more[4], .passed, at: now, random: 0.5)
        #expect(pool.endpoints[4].share == 10)
        _ = adopt { $0.slowStartMilliseconds = 0 }
        #expect(pool.endpoints[4].share == Endpoint.wholeShare)
    }

    @Test mutating func cookiesFollowTheirSecret() {
        _ = adopt(token: 7) { $0.policy = .sticky }
        #expect(pool.endpoints.allSatisfy { $0.stickyToken == 7 })
        _ = adopt(token: 8) { $0.sticky.secret = "other" }
        #expect(pool.endpoints.allSatisfy { $0.stickyToken == 8 })
    }
}
