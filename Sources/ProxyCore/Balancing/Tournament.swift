/// What members are compared by, and whose it is: in one word, because thousands of them are compared.
struct Rank: Comparable {
    private let bits: UInt64

    /// Enough for `Limits.endpointsPerServiceMax`.
    private static let memberBits: UInt64 = 12

    /// - Parameters:
    ///   - order: the least comes first; below 2^52.
    ///   - member: decides among equals; below 2^12.
    @inline(__always)
    init(_ order: UInt64, member: Int) {
        bits = order << Self.memberBits | UInt64(truncatingIfNeeded: member & 0xFFF)
    }

    /// Behind everybody's.
    static var last: Rank {
        @inline(__always) get { Rank(.max, member: -1) }
    }

    @inline(__always)
    var order: UInt64 { bits >> Self.memberBits }
    @inline(__always)
    var member: Int { Int(truncatingIfNeeded: bits & 0xFFF) }

    @inline(__always)
    static func < (left: Rank, right: Rank) -> Bool { left.bits < right.bits }
}

/// Knows the least of many ranks while they change: a winner tree (Knuth, The Art of Computer Programming, volume 3,
/// section 5.4.1). The winner is read at once, and a change replays only the matches on its way to the root.
struct Tournament {
    /// The root is at 1, the children of `n` at `2n` and `2n + 1`, and the members' ranks are the leaves.
    private var nodes: [Rank]
    private let firstLeaf: Int

    /// `ranks` are those of the members 0, 1, 2 and so on.
    init(_ ranks: [Rank] = []) {
        var leaves = 1
        while leaves < ranks.count { leaves *= 2 }
        firstLeaf = leaves
        nodes = Array(repeating: .last, count: 2 * leaves)
        for (member, rank) in ranks.enumerated() { nodes[leaves + member] = rank }
        for node in stride(from: leaves - 1, to: 0, by: -1) { nodes[node] = min(nodes[2 * node], nodes[2 * node + 1]) }
    }

    /// The least rank; `Rank.last` where there is nobody.
    var winner: Rank {
        @inline(__always) get { nodes[1] }
    }

    subscript(member: Int) -> Rank {
        @inline(__always) get { nodes[firstLeaf &+ member] }
    }

    /// Gives the member of this rank, who took part from the beginning, this rank.
    @inline(__always)
    mutating func update(_ rank: Rank) {
        var node = firstLeaf &+ rank.member
        var least = rank
        var tree = nodes.mutableSpan
        tree[node] = rank
        while node > 1 {
            least = min(least, tree[node ^ 1])
            node &>>= 1
            // Further up nothing changes.
            if tree[node] == least { return }
            tree[node] = least
        }
    }
}
