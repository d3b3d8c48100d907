/// What a policy needs to know of a tier's members where that takes time to make: made once, on the control thread, and
/// shared by the workers.
package final class ChoiceTable: Sendable {
    private enum Content {
        case ring(RingHash)
        case maglev(Maglev)
        /// Which member a client's cookie names.
        case tokens([UInt64: Int])
    }

    private let policy: Policy
    private let members: [Endpoint]
    private let content: Content

    /// - Returns: nil for a policy that needs no table.
    package init?(_ policy: Policy, _ members: [Endpoint]) {
        switch policy {
        case .roundRobin, .leastConnections, .fastestOfTwo, .random: return nil
        case .ringHash: content = .ring(RingHash(members.map(\.hashed)))
        case .maglev: content = .maglev(Maglev(members.map(\.hashed)))
        case .sticky:
            content = .tokens(Dictionary(members.indices.map { (members[$0].stickyToken, $0) }) { first, _ in first })
        }
        self.policy = policy
        self.members = members
    }

    /// True where it is what would be made of these.
    func serves(_ policy: Policy, _ members: [Endpoint]) -> Bool {
        policy == self.policy && members.count == self.members.count
            && zip(members, self.members).allSatisfy {
                $0.address == $1.address && $0.role.weight == $1.role.weight && $0.stickyToken == $1.stickyToken
            }
    }

    /// How many members it is made for.
    var memberCount: Int { members.count }
    var ring: RingHash? { if case .ring(let ring) = content { ring } else { nil } }
    var maglev: Maglev? { if case .maglev(let maglev) = content { maglev } else { nil } }
    var tokens: [UInt64: Int]? { if case .tokens(let tokens) = content { tokens } else { nil } }
}

extension Endpoint {
    fileprivate var hashed: HashedMember {
        HashedMember(hash: KeyHash.of(endpoint: address), weight: max(role.weight, 1))
    }
}
