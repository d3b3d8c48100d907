import Testing

@testable import ProxyCore

/// What ring hash and Maglev have in common.
@Suite struct HashedPolicyTests {
    enum Kind: CaseIterable { case ring, maglev }

    /// A table over members that are named by numbers, whatever their order.
    private struct Table {
        private let names: [Int]
        private let ring: RingHash?
        private let maglev: Maglev?

        init(_ kind: Kind, _ names: [Int], weight: (Int) -> Int = { _ in 1 }) {
            self.names = names
            let members = names.map { HashedMember(hash: KeyHash.mix(UInt64($0), 77), weight: weight($0)) }
            ring = kind == .ring ? RingHash(members) : nil
            maglev = kind == .maglev ? Maglev(members) : nil
        }

        /// The name of the member that gets the key.
        func pick(_ key: UInt64, without left: Set<Int> = []) -> Int? {
            let isEligible = { !left.contains(names[$0]) }
            return (ring?.pick(key: key, isEligible: isEligible) ?? maglev?.pick(key: key, isEligible: isEligible))
                .map { names[$0] }
        }

        func picks(_ keys: [UInt64], without left: Set<Int> = []) -> [Int] {
            keys.compactMap { pick($0, without: left) }
        }
    }

    @Test(arguments: Kind.allCases)
    func aKeyStaysWithItsMember(kind: Kind) {
        let table = Table(kind, Array(0..<20))
        for key in keys(100) { #expect(Set((0..<3).map { _ in table.pick(key) }).count == 1) }
    }

    @Test(arguments: Kind.allCases)
    func anotherProcessThatFoundThemInAnotherOrderAgrees(kind: Kind) {
        var random = SeededGenerator(seed: 4)
        let some = Table(kind, Array(0..<50), weight: { $0 % 3 + 1 })
        let other = Table(kind, (0..<50).shuffled(using: &random), weight: { $0 % 3 + 1 })
        #expect(some.picks(keys(5_000)) == other.picks(keys(5_000)))
    }

    @Test(arguments: [(Kind.ring, 10, 35), (.ring, 500, 50), (.maglev, 10, 15), (.maglev, 500, 20)])
    func equalsGetAboutTheSame(kind: Kind, count: Int, tolerancePercent: Int) {
        let perMember = 1_000
        let counts = Table(kind, Array(0..<count)).picks(keys(count * perMember)).counts(of: count)
        let allowed = perMember * tolerancePercent / 100
        #expect(counts.allSatisfy { abs($0 - perMember) <= allowed }, "\(counts.min() ?? 0) to \(counts.max() ?? 0)")
    }

    @Test(arguments: Kind.allCases)
    func weightsAreHeeded(kind: Kind) {
        let counts = Table(kind, Array(0..<20), weight: { $0 < 10 ? 1 : 3 }).picks(keys(40_000)).counts(of: 20)
        #expect(abs(counts[..<10].reduce(0, +) - 10_000) < 1_500, "\(counts)")
    }

    @Test(arguments: [(Kind.ring, 0.0), (.maglev, 0.02)])
    func whoLeavesMovesHardlyMoreThanItsOwnKeys(kind: Kind, othersMoved: Double) {
        let keys = keys(20_000)
        let before = Table(kind, Array(0..<50)).picks(keys)
        let after = Table(kind, (0..<50).filter { $0 != 17 }).picks(keys)
        let moved = zip(before, after).count { $0 != $1 }
        let own = before.count { $0 == 17 }
        #expect((200...800).contains(own), "a fiftieth: \(own)")
        #expect(Double(moved - own) <= othersMoved * Double(keys.count), "\(moved) moved for \(own)")
        // Its keys are spread over the others.
        let heirs = Set(zip(before, after).filter { $0.0 == 17 }.map(\.1))
        #expect(heirs.count > 30)
    }

    @Test(arguments: Kind.allCases)
    func whoIsIneligibleKeepsTheOthersKeysInPlace(kind: Kind) {
        let keys = keys(5_000)
        let table = Table(kind, Array(0..<50))
        let before = table.picks(keys)
        let left: Set = [3, 17, 29]
        let during = table.picks(keys, without: left)
        #expect(during.count == keys.count)
        for (home, place) in zip(before, during) {
            if left.contains(home) { #expect(!left.contains(place)) } else { #expect(place == home) }
        }
    }

    @Test(arguments: Kind.allCases)
    func theFewEligibleOfManyShareTheKeys(kind: Kind) {
        let table = Table(kind, Array(0..<1_000))
        let left = Set(0..<1_000).subtracting([5, 700, 999])
        let counts = table.picks(keys(900), without: left).counts(of: 1_000)
        for member in [5, 700, 999] { #expect(counts[member] > 200, "\(counts[member])") }
        #expect(table.pick(1, without: Set(0..<1_000)) == nil)
    }

    @Test(arguments: Kind.allCases)
    func ofNobodyNobodyIsPicked(kind: Kind) {
        #expect(keys(10).map { Table(kind, []).pick($0) } == Array(repeating: nil, count: 10))
        let one = Table(kind, [8])
        for key in [0, 1, .max] + keys(10) { #expect(one.pick(key) == 8) }
    }

    @Test(arguments: Kind.allCases)
    func sizesStayWithinBounds(kind: Kind) {
        for weight in [1, 1_000] {
            let table = Table(kind, Array(0..<4_096), weight: { _ in weight })
            #expect(Set(table.picks(keys(100_000))).count == 4_096)
        }
        // The lightest keeps a place beside the heaviest.
        let uneven = Table(kind, [0, 1], weight: { $0 == 0 ? 1 : 65_535_000 })
        #expect(uneven.picks(keys(100)).count == 100)
    }
}
