/// Hashes what the hashing policies look at. It is the same in every process and run, so that a key stays with its
/// endpoint across restarts and between instances. It is no protection against someone who seeks collisions: who chooses
/// a key chooses an endpoint anyway.
package enum KeyHash {
    private static let seed: UInt64 = 0x9E37_79B9_7F4A_7C15
    private static let odd: UInt64 = 0xD6E8_FEB8_6659_FD93

    /// Both halves of the product, so that each bit of the result depends on all of both (as in wyhash).
    @inline(__always)
    static func mix(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let product = (left ^ seed).multipliedFullWidth(by: right ^ odd)
        return product.high ^ product.low
    }

    /// The hash of `range` of `bytes`.
    @inline(__always)
    static func of(_ bytes: RawSpan, _ range: Range<Int>) -> UInt64 {
        var hash = UInt64(truncatingIfNeeded: range.count)
        var index = range.lowerBound
        while index &+ 8 <= range.upperBound {
            hash = mix(hash, bytes.word(index))
            index &+= 8
        }
        var rest: UInt64 = 0
        while index < range.upperBound {
            rest = rest << 8 | UInt64(bytes.byte(index))
            index &+= 1
        }
        return mix(mix(hash, rest), seed)
    }

    /// The hash of an address without its port: all connections of a client have the same.
    @inline(__always)
    static func of(client address: SocketAddress) -> UInt64 {
        mix(mix(address.high.littleEndian, address.low.littleEndian), UInt64(address.scope))
    }

    /// The hash of an address with its port.
    static func of(endpoint address: SocketAddress) -> UInt64 {
        mix(of(client: address), UInt64(address.port))
    }
}

/// What a table of a hashing policy is made from. Neither depends on health, so a key moves only where it must.
struct HashedMember {
    /// Of the address and port.
    let hash: UInt64
    /// As configured, at least 1: while a member's share grows in slow start, keys stay where they are.
    let weight: Int
}

/// Where nearly nobody is eligible, walking through a table takes long. Then each key goes to the eligible member whose
/// hash with it is the highest (Thaler and Ravishankar, Using Name-Based Mappings to Increase Hit Rates, 1998).
struct Rendezvous {
    private let hashes: [UInt64]

    init(_ members: [HashedMember]) { hashes = members.map(\.hash) }

    @inline(never)
    func pick(key: UInt64, isEligible: (Int) -> Bool) -> Int? {
        var picked: Int?
        var highest: UInt64 = 0
        for member in hashes.indices where isEligible(member) {
            let hash = KeyHash.mix(key, hashes[member])
            if picked == nil || hash > highest { (picked, highest) = (member, hash) }
        }
        return picked
    }
}
