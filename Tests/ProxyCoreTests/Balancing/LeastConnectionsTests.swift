import Testing

@testable import ProxyCore

@Suite struct LeastConnectionsTests {
    private func policy(_ shares: [Int], from start: Int = 0) -> LeastConnections {
        var policy = LeastConnections(startingAt: start)
        policy.adopt(MemberChange(joining: shares))
        return policy
    }

    private func policy(equals count: Int, from start: Int = 0) -> LeastConnections {
        policy(Array(repeating: 100, count: count), from: start)
    }

    private func pick(_ policy: inout LeastConnections, _ loads: [Int], without left: Set<Int> = []) -> Int? {
        policy.pick(isEligible: { !left.contains($0) }, load: { loads[$0] })
    }

    // ---- few members: exact ------------------------------------------------------------------------------------------

    @Test(arguments: [
        ([3, 1, 2], [], 1), ([3, 1, 2], [1], 2), ([0, 9], [0], 1), ([5], [], 0), ([2, 2, 0, 1], [2], 3),
        ([.max, 1 << 20], [], 1), ([], [], nil), ([1, 2], [0, 1], nil),
    ])
    func theLeastLoadedIsPicked(loads: [Int], left: [Int], expected: Int?) {
        for start in 0..<5 {
            var policy = policy(equals: loads.count, from: start)
            #expect(pick(&policy, loads, without: Set(left)) == expected)
        }
    }

    @Test(arguments: [
        ([100, 200], [1, 1], 1), ([100, 200], [0, 1], 0), ([300, 100], [2, 1], 0), ([1, 1_000], [1, 900], 1),
        ([1, 1_000], [0, 1], 0),
    ])
    func loadsAreWeighedByShare(shares: [Int], loads: [Int], expected: Int) {
        var policy = policy(shares)
        #expect(pick(&policy, loads) == expected)
    }

    @Test func tiesGoRound() {
        var policy = policy(equals: 3, from: 1)
        #expect((0..<7).map { _ in pick(&policy, [0, 0, 0]) } == [1, 2, 0, 1, 2, 0, 1])
    }

    @Test(arguments: [[300, 100], [100, 1_000, 200], [10, 100, 100], [1, 1]])
    func idleMembersTakeTurnsByShare(shares: [Int]) {
        let rounds = 30
        for start in 0..<3 {
            var policy = policy(shares, from: start)
            let idle = [Int](repeating: 0, count: shares.count)
            let total = shares.reduce(0, +) * rounds
            let counts = (0..<total).compactMap { _ in pick(&policy, idle) }.counts(of: shares.count)
            for (count, share) in zip(counts, shares) { #expect(abs(count - share * rounds) <= 1 + share / 50) }
        }
    }

    @Test func turnsFollowASharesGrowth() {
        var policy = policy([100, 10])
        #expect((0..<110).compactMap { _ in pick(&policy, [0, 0]) }.counts(of: 2) == [100, 10])
        policy.adopt(MemberChange([100, 100], from: [0, 1]))
        let counts = (0..<100).compactMap { _ in pick(&policy, [0, 0]) }.counts(of: 2)
        #expect(abs(counts[0] - 50) <= 1, "\(counts)")
    }

    @Test func tiesAmongTheLeastBreakEvenly() {
        var policy = policy(equals: 5)
        let picks = (0..<300).compactMap { _ in pick(&policy, [7, 1, 1, 9, 1]) }
        #expect(picks.counts(of: 5) == [0, 100, 100, 0, 100])
    }

    @Test func aCountBelowZeroIsNone() {
        var policy = policy(equals: 2)
        #expect((0..<2).map { _ in pick(&policy, [-5, 0]) } == [0, 1])
    }

    // ---- many members: nearly so -------------------------------------------------------------------------------------

    @Test(arguments: [17, 100, 1_000, 4_096])
    func manyIdleMembersTakeTurns(count: Int) {
        var policy = policy(equals: count)
        let loads = [Int](repeating: 0, count: count)
        let counts = (0..<count * 3).compactMap { _ in pick(&policy, loads) }.counts(of: count)
        #expect(counts.min() == 3 && counts.max() == 3)
    }

    /// Requests that end in random order, as many as there are picks; and what was the largest difference then.
    private func spread(_ policies: inout [LeastConnections], _ shares: [Int], requests: Int) -> (least: Int, most: Int)
    {
        var random = SeededGenerator(seed: 9)
        var loads = [Int](repeating: 0, count: shares.count)
        var running: [Int] = []
        for number in 0..<requests * 6 {
            if running.count == requests {
                let index = Int.random(in: 0..<requests, using: &random)
                loads[running[index]] -= 1
                running[index] = running[requests - 1]
                running.removeLast()
            }
            guard let member = pick(&policies[number % policies.count], loads) else { continue }
            loads[member] += 1
            running.append(member)
        }
        let perShare = zip(loads, shares).map { $0 * 100 / $1 }
        return (perShare.min() ?? 0, perShare.max() ?? 0)
    }

    @Test(arguments: [1, 2, 8])
    func theLoadsOfManyStayClose(workers: Int) {
        let shares = [Int](repeating: 100, count: 200)
        var policies = (0..<workers).map { policy(shares, from: $0) }
        let (least, most) = spread(&policies, shares, requests: 2_000)
        // Ten each; drawn at random it would be 2 to 20. The more workers, the later each notices who has become free.
        let allowed = workers > 2 ? 1...14 : 7...12
        #expect(allowed.contains(least) && allowed.contains(most), "\(least) to \(most)")
    }

    @Test func theLoadsOfManyFollowTheirShares() {
        let shares = (0..<200).map { $0.isMultiple(of: 2) ? 100 : 300 }
        var policies = [policy(shares)]
        let (least, most) = spread(&policies, shares, requests: 4_000)
        #expect(least >= 6 && most <= 13, "\(least) to \(most)")
    }

    @Test func theOnlyEligibleOfManyIsFound() {
        var policy = policy(equals: 1_000)
        var loads = [Int](repeating: 0, count: 1_000)
        loads[777] = 50
        let others = Set(0..<1_000).subtracting([777])
        for _ in 0..<20 { #expect(pick(&policy, loads, without: others) == 777) }
        #expect(pick(&policy, loads, without: Set(0..<1_000)) == nil)
    }

    @Test func whoWasIneligibleComesBack() {
        var policy = policy(equals: 1_000)
        let loads = [Int](repeating: 0, count: 1_000)
        let left = Set((0..<1_000).filter { $0 % 3 == 0 })
        for _ in 0..<5_000 { #expect(pick(&policy, loads, without: left).map { !left.contains($0) } == true) }
        let counts = (0..<3_000).compactMap { _ in pick(&policy, loads) }.counts(of: 1_000)
        #expect(left.allSatisfy { counts[$0] >= 1 }, "\(left.filter { counts[$0] == 0 })")
    }

    @Test func anEndpointThatBecomesFreeIsNoticed() {
        var policy = policy(equals: 100)
        var loads = [Int](repeating: 5, count: 100)
        for _ in 0..<200 { _ = pick(&policy, loads) }
        loads[42] = 0
        #expect((0..<100).contains { _ in pick(&policy, loads) == 42 })
    }

    @Test func theClockOfTurnsIsSetBackWithoutHarm() {
        // Longer than it runs, several times.
        var policy = policy(equals: 3)
        let counts = (0..<100_000).compactMap { _ in pick(&policy, [1, 1, 1]) }.counts(of: 3)
        #expect((counts.max() ?? 0) - (counts.min() ?? 0) <= 1, "\(counts)")
    }

    // ---- changes -----------------------------------------------------------------------------------------------------

    @Test func theOrderOfTurnsSurvivesAChange() {
        var policy = policy(equals: 4)
        #expect((0..<2).map { _ in pick(&policy, [0, 0, 0, 0]) } == [0, 1])
        policy.adopt(MemberChange([100, 100, 100], from: [3, 1, 2]))
        #expect((0..<4).map { _ in pick(&policy, [0, 0, 0]) } == [2, 0, 1, 2])
        policy.adopt(MemberChange([100, 100, 100, 100], from: [0, 1, 2, nil]))
        #expect(pick(&policy, [0, 0, 0, 0]) == 3, "who is new has waited longest")
        policy.adopt(MemberChange(joining: []))
        #expect(pick(&policy, []) == nil)
    }

    @Test func whatWasSeenSurvivesASnapshot() {
        var policy = policy(equals: 100)
        var loads = [Int](repeating: 5, count: 100)
        loads[42] = 0
        for _ in 0..<200 { _ = pick(&policy, loads) }
        policy.adopt(MemberChange([Int](repeating: 50, count: 100), from: Array(0..<100)))
        #expect((0..<20).allSatisfy { _ in pick(&policy, loads) == 42 })
    }
}
