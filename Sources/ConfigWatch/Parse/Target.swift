import ProxyCore

extension Parse {
    /// `NAME:PORT`, `127.0.0.1:8080`, `[::1]:8080`. Names come out in lower case, because case does not tell them apart
    /// (RFC 4343).
    static func target(_ text: String) throws(Rejection) -> UpstreamTarget {
        try target(text[...], form: "HOST:PORT", example: "tweet-ui:8080")
    }

    /// - Parameters:
    ///   - form: What the hints call the right way to write the whole value, of which `text` is a part.
    ///   - example: A whole value.
    static func target(_ text: Substring, form: String, example: String) throws(Rejection) -> UpstreamTarget {
        guard !text.contains("/") else {
            throw Rejection("names more than a host and its port; use \(form), such as \(example)")
        }
        guard ipAddress(text, port: 0)?.isIPv6 != true else {
            throw Rejection("lacks brackets; use \(form) with an IPv6 address in brackets, such as [::1]:8080")
        }
        let noHost = Rejection("names no host; use \(form) with a DNS name, an IPv4 address or [IPv6]")
        guard let parts = HostPort(text) else { throw noHost }
        guard let digits = parts.port else { throw Rejection("has no port; use \(form), such as \(example)") }
        guard let port = portNumber(digits, in: 1...65535) else {
            throw Rejection("has a wrong port; use \(form) with a PORT from 1 to 65535")
        }
        if let address = parts.address(port: port) { return .address(address) }
        guard !parts.isBracketed, isHostName(parts.host) else { throw noHost }
        return .name(parts.host.lowercased(), port: port)
    }
}
