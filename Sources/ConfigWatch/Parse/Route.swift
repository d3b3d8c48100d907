import ProxyCore

/// One `--route`: a path prefix and a place that serves it.
struct RouteRule: Equatable {
    /// As `Config.Route.prefix`.
    let prefix: String
    let target: UpstreamTarget
}

extension Parse {
    /// `PATH=HOST:PORT`. The last `=` divides, because a path may hold one and a host may not. Slashes at the path's end
    /// mean nothing: `/a/` and `/a` are the same route.
    static func route(_ text: String) throws(Rejection) -> RouteRule {
        let (form, example) = ("PATH=HOST:PORT", "/api=tweet-api:8080")
        guard let equals = text.lastIndex(of: "=") else {
            throw Rejection("is no route; use \(form), such as \(example)")
        }
        let path = text[..<equals]
        guard path.first == "/" else {
            throw Rejection("has a path that does not begin with /; use \(form), such as \(example)")
        }
        guard isPath(path) else {
            throw Rejection("has a path that no URL can have; use \(form) with no query, and %20 for a space")
        }
        let prefix = path.lastIndex { $0 != "/" }.map { path[...$0] } ?? "/"
        let target = try target(text[text.index(after: equals)...], form: form, example: example)
        return RouteRule(prefix: String(prefix), target: target)
    }

    /// Whether `text` is made of what RFC 3986 section 3.3 allows in a path.
    private static func isPath(_ text: Substring) -> Bool {
        var bytes = text.utf8[...]
        while let byte = bytes.popFirst() {
            if byte == UInt8(ascii: "%") {
                guard bytes.prefix(2).count(where: isHexDigit) == 2 else { return false }
            } else {
                guard isLetterOrDigit(byte) || pathMarks.contains(byte) else { return false }
            }
        }
        return true
    }

    private static let pathMarks = Array("/-._~!$&'()*+,;=:@".utf8)
}
