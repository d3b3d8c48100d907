import Testing

@testable import ProxyCore

@Suite struct LeastConnectionsTests {
    private func pick(_ policy: inout LeastConnections, _ loads: [Int], without left: [Int] = []) -> Int? {
        policy.pick(count: loads.count, isEligible: { !left.contains($0) }, load: { loads[$0] })
    }

    @Test(arguments: [
        ([3, 1, 2], [], 1), ([3, 1, 2], [1], 2), ([0, 9], [0], 1), ([5], [], 0), ([2, 2, 1, 1], [2], 3),
        ([Int.max - 1, Int.max - 2], [], 1), ([0, -1], [], 1), ([], [], nil), ([1, 2], [0, 1], nil),
    ])
    func theLeastLoadedIsPicked(loads: [Int], left: [Int], expected: Int?) {
        for start in 0..<5 {
            var policy = LeastConnections(startingAt: start)
            #expect(pick(&policy, loads, without: left) == expected)
        }
    }

    @Test func tiesGoRound() {
        var policy = LeastConnections(startingAt: 1)
        let picks = (0..<7).map { _ in pick(&policy, [0, 0, 0]) }
        #expect(picks == [1, 2, 0, 1, 2, 0, 1])
    }

    @Test func tiesAmongTheLeastBreakEvenly() {
        var policy = LeastConnections(startingAt: 0)
        let picks = (0..<300).map { _ in pick(&policy, [7, 1, 1, 9, 1]) }
        #expect([1, 2, 4].map { candidate in picks.count { $0 == candidate } } == [100, 100, 100])
    }

    @Test func requestsOfEqualLengthSpreadEvenly() throws {
        // Each request stays for the next ten picks.
        var policy = LeastConnections(startingAt: 0)
        var loads = [0, 0, 0]
        var running: [Int] = []
        var counts = [0, 0, 0]
        for _ in 0..<3_000 {
            if running.count == 10 { loads[running.removeFirst()] -= 1 }
            let choice = try #require(pick(&policy, loads))
            loads[choice] += 1
            counts[choice] += 1
            running.append(choice)
            #expect((loads.max() ?? 0) - (loads.min() ?? 0) <= 1)
        }
        #expect(counts.allSatisfy { abs($0 - 1_000) <= 1 }, "\(counts)")
    }

    @Test func theSetMayShrinkAndGrow() {
        var policy = LeastConnections(startingAt: 3)
        let picks = [[0, 0, 0, 0], [0, 0], [0, 0, 0], [0]].map { pick(&policy, $0) }
        #expect(picks == [3, 0, 1, 0])
    }
}
