import CLinux

/// An IPv4 or IPv6 address with a port. IPv4-mapped IPv6 addresses are held as the IPv4 addresses they are.
package struct SocketAddress: Hashable, Sendable, CustomStringConvertible {
    /// The address bytes in network order as two words; IPv4 fills the first four bytes of `high`.
    let high: UInt64
    let low: UInt64
    /// The IPv6 scope id (RFC 4007), 0 where there is none.
    let scope: UInt32
    package let port: UInt16
    package let isIPv6: Bool

    init(_ raw: clx_address) {
        high = raw.high
        low = raw.low
        scope = raw.scope
        port = raw.port
        isIPv6 = raw.is_v6 != 0
    }

    /// Parses an IP literal without brackets, such as `127.0.0.1` or `::1`.
    ///
    /// - Returns: nil where `ip` is no IPv4 or IPv6 literal.
    package init?(ip: String, port: UInt16) {
        // The C string would end at a NUL, and what follows it would go unseen.
        guard !ip.utf8.contains(0) else { return nil }
        var raw = clx_address()
        let parsed = unsafe ip.withCString { unsafe clx_parse_address($0, &raw) }
        guard parsed == 1 else { return nil }
        raw.port = port
        self.init(clx_unmapped(raw))
    }

    /// `bytes` holds 4 or 16 address bytes in network order, as an A or AAAA record carries them (RFC 1035, RFC 3596).
    ///
    /// - Returns: nil for any other count.
    package init?(bytes: [UInt8], port: UInt16) {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        var words: (UInt64, UInt64) = (0, 0)
        for (index, byte) in bytes.enumerated() {
            let shifted = UInt64(byte) << UInt64((index & 7) * 8)
            if index < 8 { words.0 |= shifted } else { words.1 |= shifted }
        }
        self.init(
            clx_unmapped(
                clx_address(
                    high: words.0.littleEndian, low: words.1.littleEndian, scope: 0, port: port,
                    is_v6: bytes.count == 16 ? 1 : 0)))
    }

    package static func anyIPv4(port: UInt16) -> SocketAddress {
        SocketAddress(clx_address(high: 0, low: 0, scope: 0, port: port, is_v6: 0))
    }

    package static func anyIPv6(port: UInt16) -> SocketAddress {
        SocketAddress(clx_address(high: 0, low: 0, scope: 0, port: port, is_v6: 1))
    }

    package func withPort(_ port: UInt16) -> SocketAddress {
        SocketAddress(clx_address(high: high, low: low, scope: scope, port: port, is_v6: isIPv6 ? 1 : 0))
    }

    var raw: clx_address { clx_address(high: high, low: low, scope: scope, port: port, is_v6: isIPv6 ? 1 : 0) }

    /// The address without its port: `127.0.0.1`, `::1` (RFC 5952).
    package var ip: String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let count = unsafe text.withUnsafeMutableBufferPointer { unsafe clx_format_address(raw, $0.baseAddress!) }
        return String(decoding: text[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// `127.0.0.1:8080`, `[::1]:8080`.
    package var description: String { isIPv6 ? "[\(ip)]:\(port)" : "\(ip):\(port)" }
}

extension SocketAddress {
    /// Appends the address without its port; at most 45 bytes. It allocates nothing.
    func appendIP(to out: inout ByteBuffer) {
        let raw = raw
        _ = unsafe out.fill(atMost: Int(INET6_ADDRSTRLEN)) { memory, room in
            precondition(room >= Int(INET6_ADDRSTRLEN))
            return unsafe Int(clx_format_address(raw, memory.assumingMemoryBound(to: CChar.self)))
        }
    }
}
