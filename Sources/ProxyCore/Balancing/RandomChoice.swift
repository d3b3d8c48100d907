/// Members at random, each with the chance that its share gives it: two memory accesses however many there are (the
/// alias method; Vose, A Linear Algorithm for Generating Random Numbers with a Given Distribution, 1991).
struct RandomChoice {
    /// One of equally likely columns: its own member below the threshold, the alias from there on.
    private struct Column {
        var threshold: UInt32
        var alias: UInt32
    }

    private var columns: [Column] = []
    private var shares: [Int] = []
    private var mean = 0.0
    private var random: RandomSequence

    /// Draws that may hit ineligible members before all are looked at.
    private static let drawsMax = 8

    init(seed: UInt64) { random = RandomSequence(seed: seed) }

    // ---- picks -------------------------------------------------------------------------------------------------------

    var count: Int { shares.count }

    /// A member's share as a multiple of their mean.
    @inline(__always)
    func part(of member: Int) -> Double { Double(shares[member]) / mean }

    /// One of those that are eligible, or nil where none is.
    @inline(__always)
    mutating func pick(isEligible: (Int) -> Bool) -> Int? {
        guard !columns.isEmpty else { return nil }
        for _ in 0..<Self.drawsMax {
            let member = draw()
            if isEligible(member) { return member }
        }
        return pickOfAll(isEligible)
    }

    @inline(__always)
    private mutating func draw() -> Int {
        let bits = random.next()
        let column = Int(truncatingIfNeeded: ((bits >> 32) &* UInt64(truncatingIfNeeded: columns.count)) >> 32)
        let threshold = UInt32(truncatingIfNeeded: bits)
        return threshold < columns[column].threshold ? column : Int(columns[column].alias)
    }

    /// Each eligible one takes the place of the one before with the chance of its share in the sum so far.
    @inline(never)
    private mutating func pickOfAll(_ isEligible: (Int) -> Bool) -> Int? {
        var picked: Int?
        var sum = 0
        for member in shares.indices where isEligible(member) {
            sum &+= shares[member]
            if random.next(below: sum) < shares[member] { picked = member }
        }
        return picked
    }

    // ---- members -----------------------------------------------------------------------------------------------------

    mutating func adopt(_ change: MemberChange) {
        shares = change.shares
        mean = shares.reduce(0) { $0 + Double($1) } / Double(max(shares.count, 1))
        var parts = shares.indices.map { part(of: $0) }
        columns = shares.indices.map { Column(threshold: .max, alias: UInt32($0)) }
        var small = parts.indices.filter { parts[$0] < 1 }
        var large = parts.indices.filter { parts[$0] >= 1 }
        while let poor = small.popLast(), let rich = large.popLast() {
            columns[poor] = Column(threshold: UInt32(parts[poor] * 4_294_967_295), alias: UInt32(rich))
            parts[rich] -= 1 - parts[poor]
            if parts[rich] < 1 { small.append(rich) } else { large.append(rich) }
        }
    }
}

/// A sequence of random numbers that its seed determines (SplitMix64: Steele, Lea and Flood, Fast Splittable
/// Pseudorandom Number Generators, 2014). For spreading load; not for secrets.
struct RandomSequence {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    @inline(__always)
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// A number from 0 to `bound` - 1.
    @inline(__always)
    mutating func next(below bound: Int) -> Int {
        Int(truncatingIfNeeded: next().multipliedFullWidth(by: UInt64(truncatingIfNeeded: bound)).high)
    }
}
