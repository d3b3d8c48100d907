import Testing

@testable import ProxyCore

@Suite struct RoundRobinTests {
    /// A policy that has adopted members of these shares.
    private func policy(_ shares: [Int], from start: Int = 0) -> RoundRobin {
        var policy = RoundRobin(startingAt: start)
        policy.adopt(MemberChange(joining: shares))
        return policy
    }

    private func policy(equals count: Int, from start: Int = 0) -> RoundRobin {
        policy(Array(repeating: 100, count: count), from: start)
    }

    private func picks(_ number: Int, _ policy: inout RoundRobin, without left: Set<Int> = []) -> [Int] {
        (0..<number).compactMap { _ in policy.pick { !left.contains($0) } }
    }

    // ---- equals ------------------------------------------------------------------------------------------------------

    @Test func equalsComeInTurn() {
        var three = policy(equals: 3)
        #expect(picks(7, &three) == [0, 1, 2, 0, 1, 2, 0])
        var one = policy(equals: 1)
        #expect(picks(3, &one) == [0, 0, 0])
    }

    @Test func workersStartAtDifferentMembers() {
        let first = (0..<6).map { start in
            var policy = policy(equals: 4, from: start)
            return picks(1, &policy)
        }
        #expect(first == [[0], [1], [2], [3], [0], [1]])
    }

    @Test(arguments: 1...7)
    func noTwoEqualsDifferByMoreThanOneOverAnyRunOfPicks(count: Int) {
        var policy = policy(equals: count, from: 2)
        let all = picks(5 * count, &policy)
        for start in all.indices {
            for end in start...all.count {
                let counts = Array(all[start..<end]).counts(of: count)
                #expect((counts.max() ?? 0) - (counts.min() ?? 0) <= 1)
            }
        }
    }

    @Test(arguments: [[0], [1], [4], [1, 2], [0, 4], [0, 2, 4], [0, 1, 2, 3]])
    func theOthersShareEvenlyWhatOneCannotTake(left: [Int]) {
        let eligible = (0..<5).filter { !left.contains($0) }
        var policy = policy(equals: 5)
        let all = picks(20 * eligible.count, &policy, without: Set(left))
        for member in eligible { #expect(all.count { $0 == member } == 20) }
        for index in 1..<all.count where eligible.count > 1 { #expect(all[index] != all[index - 1]) }
    }

    // ---- weights -----------------------------------------------------------------------------------------------------

    @Test(arguments: [
        [1, 2], [5, 1, 1], [100, 300], [1, 1, 2, 4, 8], [100, 100, 100, 1], [1_000, 1], [7, 11, 13, 17],
        Array(1...40),
    ])
    func everyRunOfPicksIsNearItsIdeal(shares: [Int]) {
        var policy = policy(shares, from: 1)
        let whole = Double(shares.reduce(0, +))
        let all = picks(4 * Int(whole), &policy)
        // From any start, a member is off its ideal count by no more than two picks.
        for start in [0, 1, 5, all.count / 2] {
            var counts = shares.map { _ in 0 }
            for (number, member) in all[start...].enumerated() {
                counts[member] += 1
                let ideal = shares.map { Double($0) * Double(number + 1) / whole }
                let errors = zip(counts, ideal).map { abs(Double($0) - $1) }
                #expect(errors.max() ?? 0 < 2.01, "\(shares) after \(number + 1) picks from \(start): \(counts)")
            }
        }
    }

    @Test func theHeavyOneIsSpreadOut() {
        var policy = policy([5, 1, 1])
        let all = picks(70, &policy)
        #expect(all.counts(of: 3) == [50, 10, 10])
        // Five of seven: never more than three in a row.
        #expect(all.split { $0 != 0 }.map(\.count).max() ?? 0 <= 4)
    }

    @Test func whatAnIneligibleMemberMissesIsLost() {
        var policy = policy([2, 1, 1])
        #expect(picks(400, &policy, without: [0]).counts(of: 3)[0] == 0)
        let after = picks(40, &policy).counts(of: 3)
        #expect(abs(after[0] - 20) <= 2, "\(after)")
    }

    @Test func theRestOfManyIneligibleIsSharedByWeight() {
        var policy = policy((0..<1_000).map { $0.isMultiple(of: 2) ? 100 : 200 })
        let all = picks(3_000, &policy, without: Set(2..<1_000))
        let counts = all.counts(of: 1_000)
        #expect(abs(counts[0] - 1_000) <= 2 && abs(counts[1] - 2_000) <= 2, "\(counts[0]), \(counts[1])")
        // Those that come back do not all catch up.
        let after = picks(3_000, &policy).counts(of: 1_000)
        #expect(after.max() ?? 0 <= 4, "\(after)")
    }

    @Test func theClockDoesNotRunOut() {
        // The light member's period is a billion picks of the others.
        var policy = policy([1 << 40, 1 << 40, 1])
        let all = picks(20_000, &policy)
        #expect(all.counts(of: 3)[0] == 10_000)
    }

    // ---- changes -----------------------------------------------------------------------------------------------------

    @Test func thePlaceIsKeptWhileEqualsComeAndGo() {
        var policy = policy(equals: 4)
        #expect(picks(3, &policy) == [0, 1, 2])
        // 1 and 2 leave: it is still the turn of who was 3.
        policy.adopt(MemberChange([100, 100], from: [0, 3]))
        #expect(picks(2, &policy) == [1, 0])
        policy.adopt(MemberChange([100, 100, 100], from: [0, 1, nil]))
        #expect(picks(3, &policy) == [1, 2, 0])
        policy.adopt(MemberChange([100, 100, 100], from: [2, 0, 1]))
        #expect(picks(1, &policy) == [2], "they come in another order, and the turn stays")
    }

    @Test func theSetMayEmptyAndFill() {
        var policy = policy(equals: 2)
        policy.adopt(MemberChange(joining: []))
        #expect(picks(2, &policy) == [])
        policy.adopt(MemberChange(joining: [100, 100]))
        #expect(picks(2, &policy).sorted() == [0, 1])
    }

    @Test func snapshotsInQuickSuccessionChangeNoShare() {
        // Several snapshots a second while somebody starts slowly: turns must not begin anew each time.
        var policy = policy([100, 200, 300])
        var all: [Int] = []
        for _ in 0..<600 {
            policy.adopt(MemberChange([100, 200, 300], from: [0, 1, 2]))
            all += picks(1, &policy)
        }
        let counts = all.counts(of: 3)
        #expect(zip(counts, [100, 200, 300]).allSatisfy { abs($0 - $1) <= 2 }, "\(counts)")
    }

    @Test(arguments: [1, 9, 50])
    func whoJoinsIsNeitherFloodedNorStarved(joining: Int) {
        var policy = policy(equals: 10)
        _ = picks(7, &policy)
        let shares = Array(repeating: 100, count: 10) + Array(repeating: 10, count: joining)
        policy.adopt(MemberChange(shares, from: (0..<10).map { $0 } + (0..<joining).map { _ in nil }))
        let whole = shares.reduce(0, +)
        let all = picks(whole / 10, &policy)
        let counts = all.counts(of: shares.count)
        #expect(counts[10...].allSatisfy { (0...2).contains($0) }, "\(counts)")
        #expect(abs(counts[10...].reduce(0, +) - joining) <= 1 + joining / 10, "\(counts)")
        // Nor do they come all together.
        let first = all.prefix(all.count / 2).count { $0 >= 10 }
        #expect(abs(first - joining / 2) <= 1 + joining / 5, "\(first) of \(joining) in the first half")
    }

    @Test func theEndOfASlowStartDisturbsNobody() {
        var policy = policy([100, 100, 100, 40])
        _ = picks(1_001, &policy)
        policy.adopt(MemberChange([100, 100, 100, 100], from: [0, 1, 2, 3]))
        let all = picks(400, &policy)
        #expect(all.counts(of: 4) == [100, 100, 100, 100])
    }
}
