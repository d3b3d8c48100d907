/// Which service a request goes to, by the path of its target: prefixes on segment boundaries, the longest first.
package struct RouteTable: Sendable {
    private struct Entry {
        let prefix: [UInt8]
        let service: Int
    }

    private let entries: [Entry]
    private let fallback: Int?

    /// - Parameters:
    ///   - prefixes: paths that begin with `/`, each with its service. `/a` and `/a/` mean the same: `/a` itself and all
    ///     below it. Of equal ones the first counts.
    ///   - fallback: the service of all other requests; nil answers them with 404.
    package init(prefixes: [(path: String, service: Int)], fallback: Int?) {
        entries =
            prefixes.map { path, service in
                var bytes = Array(path.utf8)
                while bytes.last == ASCII.slash { bytes.removeLast() }
                return Entry(prefix: bytes, service: service)
            }
            .enumerated()
            .sorted { ($0.element.prefix.count, $1.offset) > ($1.element.prefix.count, $0.offset) }
            .map(\.element)
        self.fallback = fallback
    }

    /// A table of the routes that are plain prefixes; it answers their indices.
    package init(routes: [Route]) {
        self.init(
            prefixes: routes.enumerated().compactMap { index, route in
                guard case .prefix(let path, _) = route.match.path, path != "/" else { return nil }
                return (path, index)
            },
            fallback: routes.firstIndex { $0.match.path == .prefix("/") })
    }

    /// The service for the request target at `target`, or nil where no route leads anywhere.
    func service(for bytes: RawSpan, _ target: Range<Int>) -> Int? {
        for index in entries.indices where Self.matches(entries[index].prefix, bytes, target) {
            return entries[index].service
        }
        return fallback
    }

    private static func matches(_ prefix: [UInt8], _ bytes: RawSpan, _ target: Range<Int>) -> Bool {
        guard target.count >= prefix.count else { return false }
        for index in prefix.indices where bytes.byte(target.lowerBound + index) != prefix[index] { return false }
        guard target.count > prefix.count else { return true }
        let next = bytes.byte(target.lowerBound + prefix.count)
        return next == ASCII.slash || next == ASCII.questionMark
    }
}
