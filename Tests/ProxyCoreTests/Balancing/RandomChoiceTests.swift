import Testing

@testable import ProxyCore

@Suite struct RandomChoiceTests {
    private func policy(_ shares: [Int], seed: UInt64 = 1) -> RandomChoice {
        var policy = RandomChoice(seed: seed)
        policy.adopt(MemberChange(joining: shares))
        return policy
    }

    private func counts(_ shares: [Int], picks: Int, without left: Set<Int> = []) -> [Int] {
        var policy = policy(shares)
        return (0..<picks).compactMap { _ in policy.pick { !left.contains($0) } }.counts(of: shares.count)
    }

    /// Each count is within five standard deviations of what its share makes likely.
    private func expectShares(_ counts: [Int], _ shares: [Int]) {
        let picks = Double(counts.reduce(0, +))
        let whole = Double(shares.reduce(0, +))
        for (count, share) in zip(counts, shares) {
            let chance = Double(share) / whole
            let deviation = (picks * chance * (1 - chance)).squareRoot()
            #expect(abs(Double(count) - picks * chance) <= 5 * deviation, "\(counts) for \(shares)")
        }
    }

    @Test(arguments: [[1], [1, 1], [1, 9], [100, 200, 300], [1, 1, 1, 997], Array(1...50), [100, 100, 100, 7]])
    func everyoneIsPickedByShare(shares: [Int]) {
        expectShares(counts(shares, picks: 100_000), shares)
    }

    @Test func theRestIsPickedByShareHoweverFewTheyAre() {
        let shares = (0..<1_000).map { $0 % 3 + 1 }
        let left = Set(3..<1_000)
        expectShares(counts(shares, picks: 20_000, without: left), shares.enumerated().map { $0 < 3 ? $1 : 0 })
    }

    @Test func nobodyIsPickedWhereNobodyIsEligible() {
        #expect(counts([1, 2, 3], picks: 10, without: [0, 1, 2]) == [0, 0, 0])
        #expect(counts([], picks: 3) == [])
    }

    @Test func aSeedMakesASequence() {
        let sequences = [UInt64(1), 1, 2].map { seed in
            var policy = policy([1, 1, 1, 1, 1, 1, 1], seed: seed)
            return (0..<50).map { _ in policy.pick { _ in true } }
        }
        #expect(sequences[0] == sequences[1])
        #expect(sequences[0] != sequences[2])
    }

    @Test func numbersStayBelowTheirBound() {
        var random = RandomSequence(seed: 3)
        for bound in 1...100 { #expect((0..<100).allSatisfy { _ in (0..<bound).contains(random.next(below: bound)) }) }
    }
}
