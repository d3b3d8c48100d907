import Testing

@testable import ProxyCore

@Suite struct PoolTests {
    private func endpoints(_ count: Int) -> [Endpoint] {
        (0..<count).map { number in
            var endpoint = Endpoint(address: .anyIPv4(port: UInt16(number)))
            endpoint.stickyToken = UInt64(number + 1)
            return endpoint
        }
    }

    private func settings(_ policy: Policy) -> ServiceSettings {
        var settings = ServiceSettings()
        settings.policy = policy
        return settings
    }

    @Test(arguments: Policy.allCases)
    func aTableIsMadeWhereThePolicyNeedsOne(policy: Policy) {
        let pool = Pool(endpoints: endpoints(3), settings: settings(policy))
        #expect((pool.tiers[0].table != nil) == [.ringHash, .maglev, .sticky].contains(policy))
    }

    @Test func aTableIsKeptWhileItsMembersStay() throws {
        var endpoints = endpoints(3)
        let before = Pool(endpoints: endpoints, settings: settings(.maglev))
        endpoints[0].share = 1
        let slow = Pool(endpoints: endpoints, settings: settings(.maglev), previous: before)
        #expect(slow.tiers[0].table === before.tiers[0].table, "slow start moves no keys")
        endpoints[2].standing = .resting
        let fewer = Pool(endpoints: endpoints, settings: settings(.maglev), previous: slow)
        #expect(fewer.tiers[0].table !== slow.tiers[0].table)
        let other = Pool(endpoints: endpoints, settings: settings(.ringHash), previous: fewer)
        #expect(other.tiers[0].table !== fewer.tiers[0].table)
        #expect(other.tiers[0].table?.ring != nil)
    }

    @Test func whatIsBeyondTheLimitIsLeftOut() {
        let pool = Pool(endpoints: endpoints(Limits.endpointsPerServiceMax + 5), settings: settings(.random))
        #expect(pool.endpoints.count == Limits.endpointsPerServiceMax)
        #expect(pool.tiers[0].members.count == Limits.endpointsPerServiceMax)
    }

    @Test func anEmptyPoolHasNobody() {
        #expect(Pool.empty.tiers.isEmpty && Pool(endpoints: [], settings: settings(.maglev)).tiers.isEmpty)
    }
}
