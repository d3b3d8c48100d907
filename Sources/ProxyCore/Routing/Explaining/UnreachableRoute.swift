/// A route that no request ever gets to, because others come before it for all that it matches.
package struct UnreachableRoute: Hashable, Sendable {
    package enum Reason: Hashable, Sendable {
        /// The other route matches the same, and stands before it.
        case sameMatch
        /// An expression that is asked before it is found in every path that it matches.
        case expression
        /// It is an expression, and prefixes that come before expressions match every path that it may be found in.
        case prefixBeforeRegex
    }

    /// Its index.
    package let route: Int
    /// The index of the route that serves instead; of several, that for the first of its hosts.
    package let hiddenBy: Int
    package let reason: Reason

    /// Those among `routes` of which it is certain. Expressions are understood only where they are plain.
    package static func all(in routes: [Route]) -> [UnreachableRoute] {
        var byHost: [HostPattern?: Neighbours] = [:]
        for (index, route) in routes.enumerated() {
            for host in route.hostsOrAny { byHost[host, default: Neighbours()].add(index, route) }
        }
        return routes.indices.compactMap { index in
            var first: UnreachableRoute?
            for host in routes[index].hostsOrAny {
                guard let hidden = byHost[host]?.whoHides(index, routes) else { return nil }
                first = first ?? hidden
            }
            return first
        }
    }

    /// The routes for one host.
    private struct Neighbours {
        private struct Expression {
            var route: Int
            var leading: LeadingText
        }

        private var byPath: [PathKey: [Int]] = [:]
        /// Those that match whatever begins with a text.
        private var wide: [Expression] = []
        private var prefixes: [(route: Int, segments: [[UInt8]], isBeforeRegex: Bool)] = []

        mutating func add(_ index: Int, _ route: Route) {
            guard let key = PathKey(route.match.path) else { return }
            byPath[key, default: []].append(index)
            switch key {
            case .exact: break
            case .prefix(let segments):
                if case .prefix(_, let isBeforeRegex) = route.match.path {
                    prefixes.append((index, segments, isBeforeRegex))
                }
            case .expression(let pattern, let ignoresCase):
                let leading = LeadingText(pattern: pattern, ignoresCase: ignoresCase)
                if leading.isAll { wide.append(Expression(route: index, leading: leading)) }
            }
        }

        func whoHides(_ index: Int, _ routes: [Route]) -> UnreachableRoute? {
            let route = routes[index]
            guard let key = PathKey(route.match.path) else { return nil }
            for other in byPath[key] ?? [] where other != index && comes(other, before: index, routes) {
                if routes[other].match.covers(route.match) {
                    return UnreachableRoute(route: index, hiddenBy: other, reason: .sameMatch)
                }
            }
            switch key {
            case .exact: return nil
            case .prefix(let segments):
                if case .prefix(_, true) = route.match.path { return nil }
                let path = [ASCII.slash] + segments.joined(separator: [ASCII.slash])
                return hiddenByExpression(index, segments.isEmpty ? [ASCII.slash] : path, routes) { _ in true }
            case .expression(let pattern, let ignoresCase):
                let leading = LeadingText(pattern: pattern, ignoresCase: ignoresCase)
                return hiddenByExpression(index, leading.text, routes) { $0 < index }
                    ?? hiddenByPrefix(index, leading.text, routes)
            }
        }

        /// For routes with the same path, which of them is asked first.
        private func comes(_ other: Int, before index: Int, _ routes: [Route]) -> Bool {
            if case .regex = routes[index].match.path { return other < index }
            let counts = (routes[other].match.conditionCount, routes[index].match.conditionCount)
            return counts.0 > counts.1 || (counts.0 == counts.1 && other < index)
        }

        private func hiddenByExpression(
            _ index: Int, _ text: [UInt8], _ routes: [Route], _ isEarlier: (Int) -> Bool
        ) -> UnreachableRoute? {
            // A prefix before expressions that lies deeper or as deep lets nothing but its own paths pass; this one's stay.
            for other in wide where isEarlier(other.route) && text.starts(with: other.leading.text) {
                guard routes[other.route].match.covers(routes[index].match) else { continue }
                return UnreachableRoute(route: index, hiddenBy: other.route, reason: .expression)
            }
            return nil
        }

        /// Only where each prefix that could be the longest comes before expressions.
        private func hiddenByPrefix(_ index: Int, _ text: [UInt8], _ routes: [Route]) -> UnreachableRoute? {
            guard text.first == ASCII.slash else { return hiddenByRoot(index, routes) }
            let whole = text[1...].split(separator: ASCII.slash, omittingEmptySubsequences: false).dropLast().map(
                Array.init)
            let above = prefixes.filter { $0.isBeforeRegex && whole.starts(with: $0.segments) }
                .filter { routes[$0.route].match.covers(routes[index].match) && isPlain(routes[$0.route]) }
            guard let longest = above.max(by: { $0.segments.count < $1.segments.count }) else { return nil }
            return deeperAllowsExpressions(longest.segments)
                ? nil : UnreachableRoute(route: index, hiddenBy: longest.route, reason: .prefixBeforeRegex)
        }

        private func hiddenByRoot(_ index: Int, _ routes: [Route]) -> UnreachableRoute? {
            let roots = prefixes.filter { $0.isBeforeRegex && $0.segments.isEmpty && isPlain(routes[$0.route]) }
            guard let root = roots.first(where: { routes[$0.route].match.covers(routes[index].match) }),
                !deeperAllowsExpressions([])
            else { return nil }
            return UnreachableRoute(route: index, hiddenBy: root.route, reason: .prefixBeforeRegex)
        }

        private func isPlain(_ route: Route) -> Bool { route.match.conditionCount == 0 }

        private func deeperAllowsExpressions(_ segments: [[UInt8]]) -> Bool {
            prefixes.contains { !$0.isBeforeRegex && $0.segments.starts(with: segments) }
        }
    }

    private enum PathKey: Hashable {
        case exact([UInt8])
        case prefix([[UInt8]])
        case expression(String, Bool)

        /// Nil for what is no path.
        init?(_ pattern: PathPattern) {
            switch pattern {
            case .exact(let path):
                guard let bytes = PathNormalizer.normalize(written: path) else { return nil }
                self = .exact(bytes)
            case .prefix:
                guard let path = try? RoutePath(pattern, route: 0) else { return nil }
                self = .prefix(path.segments)
            case .regex(let pattern, let ignoresCase): self = .expression(pattern, ignoresCase)
            }
        }
    }
}

extension Route {
    /// Nil stands for any host.
    fileprivate var hostsOrAny: [HostPattern?] { match.hosts.isEmpty ? [nil] : match.hosts.map(\.compared) }
}

extension RouteMatch {
    /// True where whatever meets the other's ports and conditions meets these, too.
    fileprivate func covers(_ other: RouteMatch) -> Bool {
        (ports.isEmpty || !other.ports.isEmpty && Set(ports).isSuperset(of: other.ports))
            && (methods.isEmpty || !other.methods.isEmpty && Set(methods).isSuperset(of: other.methods))
            && (clients.isEmpty || !other.clients.isEmpty && Set(clients).isSuperset(of: other.clients))
            && Set(other.fields).isSuperset(of: fields) && Set(other.query).isSuperset(of: query)
    }
}
