import ProxyCore

extension Parse {
    /// `NAME:PORT`, `127.0.0.1:8080`, `[::1]:8080`. Names come out in lower case, because case does not tell them apart
    /// (RFC 4343).
    static func target(_ text: String) throws(Rejection) -> UpstreamTarget {
        try target(text[...])
    }

    static func target(_ text: Substring) throws(Rejection) -> UpstreamTarget {
        guard !text.contains("/") else {
            throw Rejection("names more than a host and its port; use HOST:PORT, such as tweet-ui:8080")
        }
        if ipAddress(text, port: 0)?.isIPv6 == true {
            throw Rejection("has no port or no brackets; use [IPv6]:PORT, such as [::1]:8080")
        }
        let wrong = Rejection("names no host; use a DNS name, an IPv4 address or [IPv6], and :PORT")
        guard let parts = HostPort(text) else { throw wrong }
        guard let digits = parts.port else { throw Rejection("has no port; use HOST:PORT, such as tweet-ui:8080") }
        guard let port = portNumber(digits, in: 1...65535) else {
            throw Rejection("has a wrong port; use a number from 1 to 65535")
        }
        if let address = parts.address(port: port) { return .address(address) }
        guard !parts.isBracketed, isHostName(parts.host) else { throw wrong }
        return .name(parts.host.lowercased(), port: port)
    }
}
