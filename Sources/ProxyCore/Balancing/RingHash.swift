/// Members own points on a ring, and a key goes to the owner of the next point: when a member leaves, only its keys move
/// (Karger et al., Consistent Hashing and Random Trees, 1997, with many points a member as in Ketama).
struct RingHash: Sendable {
    /// Sorted: a position in the upper 48 bits, its owner in the lower 16.
    private let points: [UInt64]
    /// Where the points of each equal section of the ring begin: one search step instead of seventeen.
    private let sections: [UInt32]
    private let sectionShift: UInt64
    private let rendezvous: Rendezvous

    /// Points for each unit of weight: with 160, shares of equals differ by about 8 % (as in nginx and Ketama).
    private static let pointsPerWeight = 160
    /// All points together, about; where there would be more, each member has fewer.
    private static let pointsMax = 131_072
    /// Points of ineligible members that are passed, before all members are looked at.
    private static let stepsMax = 128

    init(_ members: [HashedMember]) {
        let whole = members.reduce(0) { $0 + $1.weight }
        let scale = min(Double(Self.pointsPerWeight), Double(Self.pointsMax) / Double(max(whole, 1)))
        var points: [UInt64] = []
        for (index, member) in members.enumerated() {
            for number in 0..<max(Int(Double(member.weight) * scale), 1) {
                let position = KeyHash.mix(KeyHash.mix(member.hash, UInt64(number)), member.hash)
                points.append(position & ~0xFFFF | UInt64(index & 0xFFFF))
            }
        }
        points.sort()
        var bits: UInt64 = 1
        while 1 << bits < points.count { bits += 1 }
        sectionShift = 64 - bits
        var sections: [UInt32] = []
        sections.reserveCapacity(1 << bits)
        for (index, point) in points.enumerated() {
            while sections.count <= point >> sectionShift { sections.append(UInt32(index)) }
        }
        while sections.count < 1 << bits { sections.append(UInt32(points.count)) }
        self.points = points
        self.sections = sections
        rendezvous = Rendezvous(members)
    }

    /// The owner of the next point whose owner is eligible, or nil where nobody is.
    @inline(__always)
    func pick(key: UInt64, isEligible: (Int) -> Bool) -> Int? {
        var index = Int(sections[Int(truncatingIfNeeded: key >> sectionShift)])
        while index < points.count, points[index] >> 16 < key >> 16 { index &+= 1 }
        for _ in 0..<min(Self.stepsMax, points.count) {
            if index == points.count { index = 0 }
            let member = Int(truncatingIfNeeded: points[index] & 0xFFFF)
            if isEligible(member) { return member }
            index &+= 1
        }
        return rendezvous.pick(key: key, isEligible: isEligible)
    }
}
