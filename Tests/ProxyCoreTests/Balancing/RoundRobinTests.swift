import Testing

@testable import ProxyCore

@Suite struct RoundRobinTests {
    private func picks(_ number: Int, of count: Int, from start: Int = 0, without left: Set<Int> = []) -> [Int?] {
        var policy = RoundRobin(startingAt: start)
        return (0..<number).map { _ in policy.pick(count: count) { !left.contains($0) } }
    }

    @Test func candidatesComeInTurn() {
        #expect(picks(7, of: 3) == [0, 1, 2, 0, 1, 2, 0])
        #expect(picks(3, of: 1) == [0, 0, 0])
    }

    @Test func workersStartAtDifferentPlaces() {
        #expect((0..<6).map { picks(1, of: 4, from: $0) } == [[0], [1], [2], [3], [0], [1]])
    }

    @Test(arguments: 1...7)
    func noTwoDifferByMoreThanOneOverAnyRunOfPicks(count: Int) {
        let all = picks(5 * count, of: count, from: 2)
        for start in all.indices {
            for end in start...all.count {
                let counts = (0..<count).map { candidate in all[start..<end].count { $0 == candidate } }
                #expect((counts.max() ?? 0) - (counts.min() ?? 0) <= 1)
            }
        }
    }

    @Test(arguments: [[0], [1], [4], [1, 2], [0, 4], [0, 2, 4], [0, 1, 2, 3]])
    func theOthersShareEvenlyWhatOneCannotTake(left: [Int]) {
        let eligible = (0..<5).filter { !left.contains($0) }
        let all = picks(20 * eligible.count, of: 5, without: Set(left))
        for candidate in eligible { #expect(all.count { $0 == candidate } == 20) }
        for index in 1..<all.count where eligible.count > 1 { #expect(all[index] != all[index - 1]) }
    }

    @Test func whereNobodyIsEligibleNobodyIsPicked() {
        #expect(picks(2, of: 0) == [nil, nil])
        #expect(picks(2, of: 3, without: [0, 1, 2]) == [nil, nil])
    }

    @Test func thePlaceIsKeptWhileTheSetChanges() {
        var policy = RoundRobin(startingAt: 0)
        let counts = [4, 4, 4, 2, 2, 5, 5, 5, 1, 0, 3]
        let picks = counts.map { policy.pick(count: $0) { _ in true } }
        #expect(picks == [0, 1, 2, 1, 0, 1, 2, 3, 0, nil, 0])
    }
}
