/// A tier's members by identity, so that what a policy remembers of each survives a change of their number and order.
struct Membership {
    private var identities: [ObjectIdentifier] = []

    /// Takes over the new members.
    mutating func change(to members: [Chooser.Member]) -> MemberChange {
        let before = identities
        identities = members.map(\.identity)
        let shares = members.map { max($0.share, 1) }
        // Most snapshots change shares alone.
        if identities == before { return MemberChange(shares: shares, origins: Array(shares.indices)) }
        let places = Dictionary(zip(before, before.indices)) { first, _ in first }
        return MemberChange(shares: shares, origins: identities.map { places[$0] })
    }
}

/// What a policy is told when the members change.
struct MemberChange {
    /// Each member's share, at least 1.
    let shares: [Int]
    /// Which member each was before; nil for one that joins.
    let origins: [Int?]

    init(shares: [Int], origins: [Int?]) {
        self.shares = shares
        self.origins = origins
    }

    /// All of these join.
    init(joining shares: [Int]) { self.init(shares: shares, origins: shares.map { _ in nil }) }
}
