import ProxyCore

/// `HOST:PORT` or `[HOST]:PORT` taken apart; neither part is judged yet.
struct HostPort {
    /// Without its brackets.
    let host: Substring
    let isBracketed: Bool
    /// What follows the last colon; nil where there is none.
    let port: Substring?

    /// - Returns: nil where a bracket has no partner, or something other than a port follows it.
    init?(_ text: Substring) {
        guard text.first == "[" else {
            let colon = text.lastIndex(of: ":")
            host = text[..<(colon ?? text.endIndex)]
            port = colon.map { text[text.index(after: $0)...] }
            isBracketed = false
            return
        }
        guard let closing = text.firstIndex(of: "]") else { return nil }
        let rest = text[text.index(after: closing)...]
        guard rest.isEmpty || rest.first == ":" else { return nil }
        host = text[text.index(after: text.startIndex)..<closing]
        port = rest.isEmpty ? nil : rest.dropFirst()
        isBracketed = true
    }

    /// The address, where the host is an IP literal: IPv6 in brackets and IPv4 without (RFC 3986 section 3.2.2).
    func address(port: UInt16) -> SocketAddress? {
        guard let address = ipAddress(host, port: port), address.isIPv6 == isBracketed else { return nil }
        return address
    }
}

/// The IPv4 or IPv6 literal `text`, without brackets. A C string would end at a NUL and hide what follows.
func ipAddress(_ text: Substring, port: UInt16) -> SocketAddress? {
    guard !text.utf8.contains(0) else { return nil }
    return SocketAddress(ip: String(text), port: port)
}

/// A port in decimal digits; nil where it is none, or not in `range`.
func portNumber(_ text: Substring, in range: ClosedRange<UInt16>) -> UInt16? {
    guard text.allSatisfy(isDigit), let port = UInt16(text), range.contains(port) else { return nil }
    return port
}
