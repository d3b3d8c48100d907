import Testing

@testable import ProxyCore

@Suite struct TeamTests {
    private func connection(_ number: Int = 0) -> Mailbox.Connection {
        Mailbox.Connection(descriptor: Int32(number), peer: .anyIPv4(port: 1), port: 80)
    }

    /// Lets `count` connections come, each to the worker that `acceptor` names, and answers how many each worker has in
    /// the end.
    private func spread(_ count: Int, workers: Int, _ acceptor: () -> Int) throws -> [Int] {
        let team = try Team(workers: workers)
        var kept = [Int](repeating: 0, count: workers)
        for number in 0..<count {
            let worker = acceptor()
            guard !team.handOver(connection(number), from: worker) else { continue }
            team.sessionOpened(worker)
            kept[worker] += 1
        }
        return team.mailboxes.indices.map { kept[$0] + team.mailboxes[$0].take().connections.count }
    }

    @Test func aWorkerAloneKeepsItsConnections() throws { #expect(try spread(100, workers: 1) { 0 } == [100]) }

    @Test(arguments: [(2, 64), (2, 10), (3, 99), (4, 64), (8, 512)])
    func theWorstLuckIsEvenedOut(workers: Int, connections: Int) throws {
        let counts = try spread(connections, workers: workers) { workers - 1 }
        #expect(counts.reduce(0, +) == connections, "none is lost")
        let least = counts.min() ?? 0
        #expect((counts.max() ?? 0) <= least + 2 + least / 8, "\(counts)")
    }

    @Test(arguments: 0...10)
    func noWorkerOfTwoCarriesMoreThan60Percent(tenths: Int) throws {
        var random = SeededGenerator(seed: UInt64(tenths))
        for _ in 0..<20 {
            let counts = try spread(64, workers: 2) { Int.random(in: 0..<10, using: &random) < tenths ? 0 : 1 }
            #expect((counts.max() ?? 0) * 100 <= 60 * 64, "\(counts)")
        }
    }

    @Test func aNearlyEvenSpreadIsLeftAlone() throws {
        let team = try Team(workers: 2)
        for _ in 0..<40 { team.sessionOpened(0) }
        for _ in 0..<35 { team.sessionOpened(1) }
        #expect(!team.handOver(connection(), from: 0), "a hand-over costs more than a little imbalance")
        #expect(!team.handOver(connection(), from: 1))
        team.sessionClosed(1)
        #expect(team.handOver(connection(), from: 0))
    }

    @Test func aConnectionCountsForWhoGotIt() throws {
        let team = try Team(workers: 2)
        team.sessionOpened(0)
        team.sessionOpened(0)
        #expect(team.handOver(connection(), from: 0), "2 against 0")
        #expect(!team.handOver(connection(), from: 0), "2 against 1")
    }

    @Test func whoLeavesGetsNoConnection() throws {
        let team = try Team(workers: 3)
        for _ in 0..<9 { team.sessionOpened(0) }
        team.mailboxes[1].post { $0.stop = true }
        #expect(!team.handOver(connection(), from: 0))
        for _ in 0..<9 { team.sessionOpened(1) }
        team.mailboxes[2].post { $0.drainMilliseconds = 5 }
        #expect(!team.handOver(connection(), from: 0))
    }
}
