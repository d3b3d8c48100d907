import ProxyCore

/// One `--route`: a path prefix and a place that serves it.
struct RouteRule: Equatable {
    /// Begins with `/` and ends in one only where it is `/`. It matches whole segments: `/a` matches `/a`, `/a/` and `/a/b`,
    /// and not `/ab`.
    let prefix: String
    let upstream: Upstream
}

extension Parse {
    /// `PATH=HOST:PORT`, and the role of the upstream as `upstream` reads it. Slashes at the path's end mean nothing: `/a/`
    /// and `/a` are the same route.
    static func route(_ text: String) throws(Rejection) -> RouteRule {
        let form = UpstreamForm.inRoute
        guard let divider = divider(of: text) else {
            throw Rejection("is no route; use \(form.pattern), such as \(form.example)")
        }
        let path = text[..<divider]
        guard path.first == "/" else {
            throw Rejection(
                "has a path that does not begin with /; use \(form.pattern), such as \(form.example)")
        }
        guard isPath(path) else {
            throw Rejection("has a path that no URL can have; use \(form.pattern) with no query, and %20 for a space")
        }
        let prefix = path.lastIndex { $0 != "/" }.map { path[...$0] } ?? "/"
        return RouteRule(prefix: String(prefix), upstream: try upstream(text[text.index(after: divider)...], form))
    }

    /// The first `=` with a colon before the next `=` or comma, because paths and roles may hold `=` and commas, and every
    /// target has a colon; or the last, where there is no such target.
    private static func divider(of text: String) -> String.Index? {
        text.indices.first { index in
            text[index] == "=" && text[text.index(after: index)...].prefix { $0 != "=" && $0 != "," }.contains(":")
        } ?? text.lastIndex(of: "=")
    }
}
