/// A table of slots that members fill in turn, each in an order of its own: equals own the same number of slots but for
/// one, a key takes one look, and when a member leaves few keys of the others move (Eisenbud et al., Maglev: A Fast and
/// Reliable Software Network Load Balancer, 2016, section 3.4).
struct Maglev: Sendable {
    private let slots: [UInt16]
    private let rendezvous: Rendezvous

    /// A prime, and a hundred times the members of most pools, as the paper advises.
    private static let slotCount = 65_537
    /// Slots of ineligible members that are passed, before all members are looked at.
    private static let stepsMax = 128
    private static let free = UInt16.max

    init(_ members: [HashedMember]) {
        rendezvous = Rendezvous(members)
        slots = members.isEmpty ? [] : Self.fill(members)
    }

    /// The order in which a member wants slots.
    private struct Preference {
        let member: UInt16
        private let skip: Int
        private(set) var slot: Int

        init(_ index: Int, _ member: HashedMember) {
            self.member = UInt16(truncatingIfNeeded: index)
            slot = Int(member.hash % UInt64(slotCount))
            skip = Int(KeyHash.mix(member.hash, 1) % UInt64(slotCount - 1)) + 1
        }

        mutating func advance() { slot = (slot + skip) % slotCount }
    }

    private static func fill(_ members: [HashedMember]) -> [UInt16] {
        var slots = [UInt16](repeating: free, count: slotCount)
        // The order of turns must not depend on the order in which the members were found.
        let order = members.indices.sorted { members[$0].hash < members[$1].hash }
        var preferences = order.map { Preference($0, members[$0]) }
        var turns = RoundRobin(startingAt: 0)
        turns.adopt(MemberChange(joining: order.map { members[$0].weight }))
        for _ in 0..<slotCount {
            guard let turn = turns.pick(isEligible: { _ in true }) else { break }
            while slots[preferences[turn].slot] != free { preferences[turn].advance() }
            slots[preferences[turn].slot] = preferences[turn].member
        }
        return slots
    }

    /// The owner of the key's slot, or of the next slot whose owner is eligible, or nil where nobody is.
    @inline(__always)
    func pick(key: UInt64, isEligible: (Int) -> Bool) -> Int? {
        guard !slots.isEmpty else { return nil }
        var slot = Int(truncatingIfNeeded: key.multipliedFullWidth(by: UInt64(slots.count)).high)
        for _ in 0..<Self.stepsMax {
            let member = Int(slots[slot])
            if isEligible(member) { return member }
            slot = slot &+ 1 == slots.count ? 0 : slot &+ 1
        }
        return rendezvous.pick(key: key, isEligible: isEligible)
    }
}
