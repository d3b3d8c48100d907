import Testing

@testable import ProxyCore

/// What holds for every policy.
@Suite struct ChooserTests {
    /// A chooser of one tier whose members are named by the ports of their endpoints.
    private struct Tier {
        private(set) var chooser: Chooser
        private let policy: Policy
        private var ports: [Int] = []
        private var known: [Int: Endpoint] = [:]

        init(_ policy: Policy, _ ports: [Int], worker: Int = 0) {
            self.policy = policy
            chooser = Chooser(policy, worker: worker, seed: 7)
            adopt(ports)
        }

        mutating func adopt(_ ports: [Int], share: (Int) -> Int = { _ in 100 }) {
            self.ports = ports
            let endpoints = ports.map { port in
                var endpoint = known[port] ?? Endpoint(address: .anyIPv4(port: UInt16(port)))
                endpoint.share = share(port)
                endpoint.stickyToken = UInt64(port)
                return endpoint
            }
            known = Dictionary(uniqueKeysWithValues: zip(ports, endpoints))
            chooser.adopt(
                endpoints.map { Chooser.Member($0.stats, share: $0.share) }, ChoiceTable(policy, endpoints))
        }

        mutating func pick(key: UInt64 = 0, without left: Set<Int> = [], load: (Int) -> Int = { _ in 0 }) -> Int? {
            let ports = ports
            return chooser.pick(
                key: key, isEligible: { !left.contains(ports[$0]) }, load: { load(ports[$0]) }, latency: { _ in 0 }
            ).map { ports[$0] }
        }

        /// The members that keys, enough for all, are given to.
        mutating func reached(without left: Set<Int> = []) -> Set<Int> {
            Set(keys((ports.count - left.count) * 30).compactMap { pick(key: $0, without: left) })
        }
    }

    @Test(arguments: Policy.allCases)
    func everyMemberIsReached(policy: Policy) {
        var tier = Tier(policy, Array(1...30))
        #expect(tier.reached() == Set(1...30))
    }

    @Test(arguments: Policy.allCases)
    func onlyWhoIsEligibleIsPicked(policy: Policy) {
        for count in [2, 16, 17, 100] {
            var tier = Tier(policy, Array(1...count))
            for left in [Set([1]), Set([count]), Set(2...count), Set(1..<count)] {
                #expect(tier.reached(without: left) == Set(1...count).subtracting(left))
            }
            #expect(keys(20).allSatisfy { tier.pick(key: $0, without: Set(1...count)) == nil })
        }
    }

    @Test(arguments: Policy.allCases)
    func oneAndNobody(policy: Policy) {
        var tier = Tier(policy, [])
        #expect(tier.pick() == nil)
        tier.adopt([5])
        #expect([tier.pick(), tier.pick(key: 1), tier.pick(key: .max)] == [5, 5, 5])
        tier.adopt([])
        #expect(tier.pick() == nil)
    }

    @Test(arguments: Policy.allCases)
    func theLargestPoolIsServed(policy: Policy) {
        let count = Limits.endpointsPerServiceMax
        var tier = Tier(policy, Array(1...count))
        #expect(tier.reached().count > count * 99 / 100)
        #expect(tier.reached(without: Set(2...count)) == [1])
    }

    @Test(arguments: Policy.allCases)
    func theSetMayChangeFromPickToPick(policy: Policy) {
        var random = SeededGenerator(seed: 2)
        var tier = Tier(policy, [])
        for _ in 0..<60 {
            let ports = (1...40).filter { _ in Bool.random(using: &random) }.shuffled(using: &random)
            tier.adopt(ports) { port in port.isMultiple(of: 3) ? 100 : port }
            for key in keys(5) { #expect(tier.pick(key: key).map { ports.contains($0) } ?? ports.isEmpty) }
        }
    }

    @Test(arguments: [Policy.roundRobin, .random, .sticky])
    func aChangeOfSharesReachesThePicks(policy: Policy) {
        var tier = Tier(policy, Array(1...10))
        tier.adopt(Array(1...10)) { $0 == 1 ? 1 : 100 }
        let picks = (0..<1_000).count { _ in tier.pick() == 1 }
        #expect(picks <= 6, "\(picks) of 1000")
    }

    @Test(arguments: [Policy.leastConnections, .fastestOfTwo])
    func aChangeOfSharesReachesWhatIsInFlight(policy: Policy) {
        var tier = Tier(policy, [1, 2])
        tier.adopt([1, 2]) { $0 == 1 ? 1 : 100 }
        #expect((0..<100).allSatisfy { _ in tier.pick(load: { $0 == 1 ? 1 : 20 }) == 2 })
    }

    @Test(arguments: [Policy.ringHash, .maglev])
    func slowStartMovesNoKey(policy: Policy) {
        var tier = Tier(policy, Array(1...10))
        let before = keys(500).map { tier.pick(key: $0) }
        tier.adopt(Array(1...10)) { $0 == 3 ? 1 : 100 }
        #expect(keys(500).map { tier.pick(key: $0) } == before)
    }

    @Test func workersBeginElsewhere() {
        for policy in [Policy.roundRobin, .leastConnections, .sticky] {
            let first = (0..<3).map { worker in
                var tier = Tier(policy, [1, 2, 3], worker: worker)
                return tier.pick()
            }
            #expect(first == [1, 2, 3])
        }
        let sequences = (0..<2).map { worker in
            var tier = Tier(.random, Array(1...9), worker: worker)
            return (0..<30).map { _ in tier.pick() }
        }
        #expect(sequences[0] != sequences[1])
    }

    @Test func onlyTwoPoliciesLookAtTheLoad() {
        for policy in Policy.allCases {
            var tier = Tier(policy, [1, 2])
            let picks = Set(keys(50).compactMap { tier.pick(key: $0, load: { $0 == 1 ? 9 : 1 }) })
            let looks = policy == .leastConnections || policy == .fastestOfTwo
            #expect(picks == (looks ? [2] : [1, 2]), "\(policy)")
        }
    }

    @Test func aTokenLeadsBackThroughAnyChange() {
        var tier = Tier(.sticky, [1, 2, 3])
        tier.adopt([7, 3, 2])
        #expect((0..<4).map { _ in tier.pick(key: 2) } == [2, 2, 2, 2])
        #expect(tier.pick(key: 1).map { [7, 3, 2].contains($0) } == true)
    }

    @Test(arguments: [Policy.ringHash, .maglev, .sticky])
    func aTableOfOthersIsNotUsed(policy: Policy) {
        // The members and their table come in one snapshot; should they ever not fit, nobody is picked who is not there.
        var chooser = Chooser(policy, worker: 0)
        let many = (1...9).map { Endpoint(address: .anyIPv4(port: UInt16($0))) }
        for table in [ChoiceTable(policy, many), nil] {
            chooser.adopt(many.prefix(2).map { Chooser.Member($0.stats) }, table)
            for key in keys(50) {
                let pick = chooser.pick(key: key, isEligible: { $0 < 2 }, load: { _ in 0 }, latency: { _ in 0 })
                #expect((pick != nil) == (policy == .sticky))
            }
        }
    }
}
