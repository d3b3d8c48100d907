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
        guard let equals = text.lastIndex(of: "=") else {
            throw Rejection("is no route; use PATH=HOST:PORT, such as /api=tweet-api:8080")
        }
        let path = text[..<equals]
        guard path.first == "/" else {
            throw Rejection("has a path that does not begin with /; use PATH=HOST:PORT, such as /api=tweet-api:8080")
        }
        guard isPath(path) else {
            throw Rejection(
                "has a path with what no URL's path can hold; leave out queries, and write %20 for a space")
        }
        let end = path.lastIndex { $0 != "/" }
        let prefix = end.map { path[...$0] } ?? "/"
        return RouteRule(prefix: String(prefix), target: try target(text[text.index(after: equals)...]))
    }

    /// Whether `text` is made of what RFC 3986 section 3.3 allows in a path.
    private static func isPath(_ text: Substring) -> Bool {
        var bytes = text.utf8[...]
        while let byte = bytes.popFirst() {
            switch byte {
            case UInt8(ascii: "%"):
                guard bytes.count >= 2, bytes.prefix(2).allSatisfy(isHexDigit) else { return false }
            case UInt8(ascii: "?"), UInt8(ascii: "#"), UInt8(ascii: "\""), UInt8(ascii: "<"), UInt8(ascii: ">"),
                UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "\\"), UInt8(ascii: "^"), UInt8(ascii: "`"),
                UInt8(ascii: "{"), UInt8(ascii: "|"), UInt8(ascii: "}"):
                return false
            case 0x21...0x7e: continue
            default: return false
            }
        }
        return true
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "F"): true
        case UInt8(ascii: "a")...UInt8(ascii: "f"): true
        default: false
        }
    }
}
