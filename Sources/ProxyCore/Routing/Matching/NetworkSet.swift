/// Networks in an order, made ready to be asked which of them is the first that contains an address: a search among the
/// places where the answer changes, so that many networks take hardly longer than few.
package struct NetworkSet: ~Copyable, Sendable {
    /// From `key` up to the next stretch, the answer is the same.
    struct Stretch: BitwiseCopyable {
        var key: UInt128
        var network: Int32
    }

    private let v4: FixedArray<Stretch>
    private let v6: FixedArray<Stretch>

    package init(_ networks: [Network]) {
        v4 = FixedArray(Self.stretches(networks, isIPv6: false))
        v6 = FixedArray(Self.stretches(networks, isIPv6: true))
    }

    /// The index of the first network that contains `address`, or -1 where none does. An IPv4-mapped address is the IPv4
    /// address that it is.
    package func first(containing address: SocketAddress) -> Int {
        address.isIPv6 ? Self.search(v6, address.key) : Self.search(v4, address.key)
    }

    package func contains(_ address: SocketAddress) -> Bool { first(containing: address) >= 0 }

    private static func search(_ stretches: borrowing FixedArray<Stretch>, _ key: UInt128) -> Int {
        // The last stretch that begins at the key or before it.
        var low = 0
        var high = stretches.count
        while low < high {
            let middle = (low &+ high) &>> 1
            if stretches[middle].key <= key { low = middle &+ 1 } else { high = middle }
        }
        return low == 0 ? -1 : Int(stretches[low &- 1].network)
    }

    /// Networks lie within each other or apart, so one pass in the order of their first addresses, with the open ones on a
    /// stack, finds where the answer changes.
    private static func stretches(_ networks: [Network], isIPv6: Bool) -> [Stretch] {
        struct Open {
            var last: UInt128
            var network: Int32
        }
        var result: [Stretch] = []
        var open: [Open] = []
        func note(_ key: UInt128, _ network: Int32) {
            if result.last?.key == key { result.removeLast() }
            if (result.last?.network ?? -1) != network { result.append(Stretch(key: key, network: network)) }
        }
        func close(before key: UInt128?) {
            while let top = open.last, key.map({ top.last < $0 }) ?? true {
                open.removeLast()
                if top.last < .max { note(top.last + 1, open.last?.network ?? -1) }
            }
        }
        let ranges = networks.enumerated().filter { $0.element.address.isIPv6 == isIPv6 }
            .map { (range: $0.element.keys, network: Int32($0.offset)) }
            .sorted {
                ($0.range.lowerBound, $1.range.upperBound, $0.network)
                    < ($1.range.lowerBound, $0.range.upperBound, $1.network)
            }
        for (range, network) in ranges {
            close(before: range.lowerBound)
            let first = min(network, open.last?.network ?? .max)
            open.append(Open(last: range.upperBound, network: first))
            note(range.lowerBound, first)
        }
        close(before: nil)
        return result
    }
}

/// What the access rules of a route say.
package struct AccessList: ~Copyable, Sendable {
    private let networks: NetworkSet
    private let allows: FixedArray<Bool>

    package init(_ rules: [AccessRule]) {
        networks = NetworkSet(rules.map(\.network))
        allows = FixedArray(rules.map(\.allows))
    }

    /// The first rule whose network contains the address decides; where none does, it is let in.
    package func allows(_ address: SocketAddress) -> Bool {
        let rule = networks.first(containing: address)
        return rule < 0 || allows[rule]
    }
}

extension SocketAddress {
    /// The address as a number: 32 bits of an IPv4 address, 128 of an IPv6 address.
    fileprivate var key: UInt128 {
        isIPv6 ? UInt128(high.bigEndian) << 64 | UInt128(low.bigEndian) : UInt128(high.bigEndian >> 32)
    }
}

extension Network {
    /// The addresses in it as numbers.
    fileprivate var keys: ClosedRange<UInt128> {
        let width = address.isIPv6 ? 128 : 32
        // IPv4-mapped networks have been made IPv4 addresses, with the bits of IPv6 before them.
        let bits = !address.isIPv6 && prefixBits > 32 ? prefixBits - 96 : prefixBits
        let rest = width - min(max(bits, 0), width)
        let mask: UInt128 = rest == 128 ? .max : (1 << UInt128(rest)) - 1
        let start = address.key & ~mask
        return start...(start | mask)
    }
}
