import ProxyCore

/// A URL as a person types it, taken apart into what a request says.
struct RequestURL: Equatable {
    /// The Host field; nil where the URL is only a path.
    let host: String?
    /// What the scheme or the URL says; nil where neither does.
    let port: UInt16?
    /// A path and perhaps a query, or `*`.
    let target: String

    /// - Returns: nil where it is none: `http://HOST[:PORT][/PATH]`, `/PATH` or `*`.
    init?(_ text: String) {
        if text == "*" || text.first == "/" {
            (host, port, target) = (nil, nil, text)
            return
        }
        let schemes: [(prefix: String, port: UInt16)] = [("http://", 80), ("https://", 443)]
        guard let scheme = schemes.first(where: { text.lowercased().hasPrefix($0.prefix) }) else { return nil }
        let rest = text.dropFirst(scheme.prefix.count).prefix { $0 != "#" }
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        let path = rest[authority.endIndex...]
        let digits = authority.last == "]" ? nil : authority.lastIndex(of: ":").map { authority[$0...].dropFirst() }
        guard !authority.isEmpty, !authority.contains("@") else { return nil }
        if let digits {
            guard let port = UInt16(digits), port > 0 else { return nil }
            self.port = port
        } else {
            port = scheme.port
        }
        host = String(authority)
        target = path.first == "/" ? String(path) : "/" + path
    }
}
