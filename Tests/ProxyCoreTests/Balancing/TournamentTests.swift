import Testing

@testable import ProxyCore

@Suite struct TournamentTests {
    @Test func orderThenMemberDecide() {
        let ranks = [
            Rank(0, member: 9), Rank(1, member: 0), Rank(1, member: 1), Rank(1 << 52 - 2, member: 0), .last,
        ]
        #expect(ranks.sorted() == ranks)
        #expect(ranks.map(\.order) == [0, 1, 1, 1 << 52 - 2, 1 << 52 - 1])
        #expect(ranks.dropLast().map(\.member) == [9, 0, 1, 0])
        #expect(Rank(7, member: Limits.endpointsPerServiceMax - 1).member == Limits.endpointsPerServiceMax - 1)
    }

    @Test func nobodyHasTheLastRank() { #expect(Tournament().winner == .last) }

    @Test(arguments: [1, 2, 3, 7, 8, 9, 1_000, 4_096])
    func theLeastWinsHoweverRanksChange(count: Int) {
        var random = SeededGenerator(seed: UInt64(count))
        var ranks = (0..<count).map { Rank(UInt64.random(in: 0..<50, using: &random), member: $0) }
        var tournament = Tournament(ranks)
        for _ in 0..<1_000 {
            #expect(tournament.winner == ranks.min())
            let member = Int.random(in: 0..<count, using: &random)
            ranks[member] = Rank(UInt64.random(in: 0..<50, using: &random), member: member)
            tournament.update(ranks[member])
            #expect(tournament[member] == ranks[member])
        }
    }
}
