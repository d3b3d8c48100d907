import Testing

@testable import ProxyCore

@Suite struct FastestOfTwoTests {
    private struct Member {
        var share = 100
        var load = 0
        var latency: Int64 = 1_000
    }

    private func policy(_ members: [Member]) -> FastestOfTwo {
        var policy = FastestOfTwo(seed: 5)
        policy.adopt(MemberChange(joining: members.map(\.share)))
        return policy
    }

    private func counts(_ members: [Member], picks: Int = 3_000, without left: Set<Int> = []) -> [Int] {
        var policy = policy(members)
        let picks = (0..<picks).compactMap { _ in
            policy.pick(
                isEligible: { !left.contains($0) }, load: { members[$0].load }, latency: { members[$0].latency })
        }
        return picks.counts(of: members.count)
    }

    @Test func ofTwoTheBetterIsAlwaysPicked() {
        #expect(counts([Member(latency: 2_000), Member(latency: 1_000)]) == [0, 3_000])
        #expect(counts([Member(load: 1), Member(load: 2)]) == [3_000, 0])
        #expect(counts([Member(load: 3, latency: 1_000), Member(load: 0, latency: 3_000)]) == [0, 3_000])
        #expect(counts([Member(share: 300, load: 2), Member(share: 100, load: 1)]) == [3_000, 0])
    }

    @Test func theWorstOfManyIsNeverPicked() {
        var members = [Member](repeating: Member(), count: 10)
        members[4].latency = 1_000_000
        let counts = counts(members)
        #expect(counts[4] == 0)
        #expect(counts.enumerated().allSatisfy { $0 == 4 || (230...430).contains($1) }, "\(counts)")
    }

    @Test func equalsShareByWeight() {
        let counts = counts((0..<20).map { Member(share: $0 < 10 ? 100 : 300) }, picks: 40_000)
        // A tie goes to the first of the two, which is drawn by share.
        #expect(abs(counts[..<10].reduce(0, +) - 10_000) < 1_000, "\(counts)")
    }

    @Test func whoHasNotAnsweredYetGetsOneRequestAtATime() {
        #expect(counts([Member(), Member(latency: 0)]) == [0, 3_000], "idle: at once")
        #expect(
            counts([Member(load: 1_000), Member(load: 1, latency: 0)]) == [3_000, 0], "not before it has answered")
        let unknown = counts([Member(load: 2, latency: 0), Member(load: 1, latency: 0)])
        #expect(unknown == [0, 3_000], "where nothing is known, the load decides")
    }

    @Test func theOnlyEligibleIsPicked() {
        #expect(counts([Member()], picks: 10) == [10])
        #expect(counts([Member()], picks: 10, without: [0]) == [0])
        #expect(counts([Member(), Member(latency: 9_000)], picks: 10, without: [0]) == [0, 10])
        let many = [Member](repeating: Member(), count: 500)
        #expect(counts(many, picks: 10, without: Set(0..<499))[499] == 10)
        #expect(counts(many, picks: 10, without: Set(0..<500)).reduce(0, +) == 0)
        #expect(counts([], picks: 3) == [])
    }

    @Test func twoUnequalMembersAreBothCompared() {
        #expect(counts([Member(share: 100_000, latency: 500_000_000), Member(share: 1)], picks: 100) == [0, 100])
    }
}
