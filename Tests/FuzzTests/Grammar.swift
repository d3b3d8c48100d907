/// The byte classes of the grammar, spelled out (RFC 9110 section 5.6, RFC 3986 section 3.2.2).
enum Grammar {
    private static let alphanumeric = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8)

    static let token = alphanumeric.union("!#$%&'*+-.^_`|~".utf8)
    static let digit = Set("0123456789".utf8)
    static let hexDigit = Set("0123456789abcdefABCDEF".utf8)
    static let host = alphanumeric.union("-._~!$&'()*+,;=%".utf8)
    static let blank: Set<UInt8> = [0x20, 0x09]
    /// VCHAR and obs-text.
    static let visible = Set<UInt8>(0x21...0x7E).union(0x80...0xFF)
    /// The visible ASCII characters of a request target, which has no fragment.
    static let target = Set<UInt8>(0x21...0x7E).subtracting("#".utf8)

    static func isToken(_ bytes: some Collection<UInt8>) -> Bool { !bytes.isEmpty && bytes.allSatisfy(token.contains) }

    static func isFieldValue(_ bytes: some Collection<UInt8>) -> Bool {
        bytes.allSatisfy { visible.contains($0) || blank.contains($0) }
    }

    static func trimmed(_ bytes: some BidirectionalCollection<UInt8>) -> [UInt8] {
        Array(bytes.drop(while: blank.contains).reversed().drop(while: blank.contains).reversed())
    }

    static func lowercased(_ bytes: some Collection<UInt8>) -> [UInt8] {
        bytes.map { (0x41...0x5A).contains($0) ? $0 + 0x20 : $0 }
    }

    /// The elements of a comma-separated list, without the empty ones.
    static func listElements(_ bytes: [UInt8]) -> [[UInt8]] {
        bytes.split(separator: 0x2C).map { trimmed($0) }.filter { !$0.isEmpty }
    }

    /// `uri-host [ ":" port ]`, which may be empty.
    static func isHostAndPort(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        if rest.first == UInt8(ascii: "[") {
            guard let close = rest.firstIndex(of: UInt8(ascii: "]")) else { return false }
            guard rest[1..<close].allSatisfy({ host.contains($0) || $0 == UInt8(ascii: ":") }) else { return false }
            rest = rest[(close + 1)...]
        } else {
            rest = rest.drop(while: host.contains)
        }
        return rest.isEmpty || rest.first == UInt8(ascii: ":") && rest.dropFirst().allSatisfy(digit.contains)
    }
}
