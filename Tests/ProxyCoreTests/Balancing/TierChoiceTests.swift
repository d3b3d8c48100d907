import Testing

@testable import ProxyCore

/// A worker's picks where a pool has two tiers that share the load: a quarter of the first is healthy.
@Suite struct TierChoiceTests {
    private struct Scene: ~Copyable {
        private var table: EndpointTable
        let endpoints: [Endpoint]

        init(_ policy: Policy) {
            var settings = ServiceSettings()
            settings.policy = policy
            endpoints = (0..<16).map { number in
                var endpoint = Endpoint(
                    address: .anyIPv4(port: UInt16(number)), role: EndpointRole(priority: number < 8 ? 0 : 1),
                    standing: (2..<8).contains(number) ? .resting : .serving)
                endpoint.stickyToken = KeyHash.mix(UInt64(number), 3)
                return endpoint
            }
            table = EndpointTable(settings: [settings], worker: 0)
            _ = table.adopt(
                EndpointSnapshot(services: [Pool(endpoints: endpoints, settings: settings)]), Instant(microseconds: 0))
        }

        /// The number of the endpoint that is picked.
        mutating func pick(key: UInt64 = 0) -> Int? {
            guard case .place(let place) = table.pick(0, for: Seeker(key: key), Instant(microseconds: 1)) else {
                return nil
            }
            return Int(table[place].address.port)
        }
    }

    @Test(arguments: [Policy.roundRobin, .leastConnections, .random, .fastestOfTwo])
    func eachTierHasItsLoad(policy: Policy) {
        var scene = Scene(policy)
        let picks = (0..<1_000).compactMap { _ in scene.pick() }
        #expect(picks.count == 1_000 && picks.count { $0 < 2 } == 350)
        #expect(!picks.contains { (2..<8).contains($0) })
    }

    @Test(arguments: [Policy.ringHash, .maglev])
    func aKeyStaysInItsTier(policy: Policy) {
        var scene = Scene(policy)
        let before = keys(2_000).map { scene.pick(key: $0) }
        #expect(keys(2_000).map { scene.pick(key: $0) } == before)
        #expect((600...800).contains(before.count { $0.map { $0 < 2 } == true }))
    }

    @Test func aTokenLeadsHomeFromAnyTier() {
        var scene = Scene(.sticky)
        for number in [0, 1, 8, 9, 10, 15] {
            let token = scene.endpoints[number].stickyToken
            #expect((0..<10).allSatisfy { _ in scene.pick(key: token) == number })
        }
        // The token of one that rests, and one that nobody has, count as none.
        for token in [scene.endpoints[4].stickyToken, 99] {
            let picks = (0..<100).compactMap { _ in scene.pick(key: token) }
            #expect(picks.count { $0 < 2 } == 35)
        }
    }
}
