import ProxyCore

/// How a value that ends in an upstream is written, for the hints that say so.
struct UpstreamForm {
    /// The whole value, such as `PATH=HOST:PORT`.
    let pattern: String
    let example: String

    static let alone = UpstreamForm(pattern: "HOST:PORT", example: "tweet-ui:8080")
    static let inRoute = UpstreamForm(pattern: "PATH=HOST:PORT", example: "/api=tweet-api:8080")
}

extension Parse {
    /// `NAME:PORT`, `127.0.0.1:8080`, `[::1]:8080`, `srv:_http._tcp.NAME`. Names come out in lower case, because case does
    /// not tell them apart (RFC 4343).
    static func target(_ text: Substring, _ form: UpstreamForm) throws(Rejection) -> UpstreamTarget {
        if let name = serviceName(text) {
            guard isHostName(name) else {
                throw Rejection("names no SRV records; use srv:NAME without a port, such as srv:_http._tcp.web.example")
            }
            return .service(name.lowercased())
        }
        guard !text.contains("/") else {
            throw Rejection("names more than a host and its port; use \(form.pattern), such as \(form.example)")
        }
        guard ipAddress(text, port: 0)?.isIPv6 != true else {
            throw Rejection(
                "lacks brackets; use \(form.pattern) with an IPv6 address in brackets, such as [::1]:8080")
        }
        let noHost = Rejection("names no host; use \(form.pattern) with a DNS name, an IPv4 address or [IPv6]")
        guard let parts = HostPort(text) else { throw noHost }
        guard let digits = parts.port else {
            throw Rejection("has no port; use \(form.pattern), such as \(form.example)")
        }
        guard let port = portNumber(digits, in: 1...65535) else {
            throw Rejection("has a wrong port; use \(form.pattern) with a PORT from 1 to 65535")
        }
        if let address = parts.address(port: port) { return .address(address) }
        guard !parts.isBracketed, isHostName(parts.host) else { throw noHost }
        return .name(parts.host.lowercased(), port: port)
    }

    /// What follows `srv:`. A number does not: `srv:8080` is a port of a host that is called so.
    private static func serviceName(_ text: Substring) -> Substring? {
        guard text.hasPrefix("srv:") else { return nil }
        let name = text.dropFirst(4)
        return number(name) == nil ? name : nil
    }
}
