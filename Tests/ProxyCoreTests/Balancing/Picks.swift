@testable import ProxyCore

extension MemberChange {
    /// The members that were at these places before, or join where there is nil.
    init(_ shares: [Int], from origins: [Int?]) { self.init(shares: shares, origins: origins) }
}

extension Array where Element == Int {
    /// How often each of so many members was picked.
    func counts(of members: Int) -> [Int] {
        reduce(into: [Int](repeating: 0, count: members)) { $0[$1] += 1 }
    }
}

/// Keys as clients would bring them.
func keys(_ count: Int) -> [UInt64] { (0..<count).map { KeyHash.mix(UInt64($0), 0x5EED) } }

/// The statistics of endpoints, each for one identity.
func identities(_ count: Int) -> [EndpointStats] { (0..<count).map { _ in EndpointStats() } }

extension Chooser.Member {
    init(_ stats: EndpointStats, share: Int = 100) { self.init(identity: ObjectIdentifier(stats), share: share) }
}
