@testable import ProxyCore

/// Finds routes as `RouteMatch` describes it, one after the other, with texts and lists.
struct ReferenceRoutes {
    struct Request {
        var method: String
        var host: String
        /// Normalised.
        var path: String
        var query: String
        var fields: [(name: String, value: String)]
        var port: UInt16
    }

    let routes: [Route]

    func find(_ request: Request) -> Int {
        let known = routes.indices.filter {
            routes[$0].match.ports.isEmpty || routes[$0].match.ports.contains(request.port)
        }
        for host in hosts(request.host) {
            let here = known.filter { index in
                host.map { routes[index].match.hosts.contains($0) } ?? routes[index].match.hosts.isEmpty
            }
            if let found = find(request, among: here) { return found }
        }
        return -1
    }

    /// The patterns that match a host, in order; nil for routes without any.
    private func hosts(_ host: String) -> [HostPattern?] {
        let labels = host.split(separator: ".", omittingEmptySubsequences: false)
        return [.exact(host)] + (1..<max(1, labels.count)).map { .below(labels[$0...].joined(separator: ".")) } + [nil]
    }

    private func find(_ request: Request, among indices: [Int]) -> Int? {
        let matching = indices.filter { isMet(routes[$0].match, by: request) }
        func inOrder(_ list: [Int]) -> [Int] {
            list.sorted {
                (-routes[$0].match.conditionCount, $0) < (-routes[$1].match.conditionCount, $1)
            }
        }
        let exact = matching.filter { routes[$0].match.path == .exact(request.path) }
        if let first = inOrder(exact).first { return first }
        let prefixes = matching.filter {
            length(routes[$0].match.path) >= 0 && starts(request.path, routes[$0].match.path)
        }
        let longest = prefixes.map { length(routes[$0].match.path) }.max()
        let prefix = inOrder(prefixes.filter { length(routes[$0].match.path) == longest }).first
        if let prefix, case .prefix(_, true) = routes[prefix].match.path { return prefix }
        return matching.first { finds(routes[$0].match.path, request.path) } ?? prefix
    }

    private func length(_ path: PathPattern) -> Int {
        guard case .prefix(let text, _) = path else { return -1 }
        return text == "/" ? 0 : text.utf8.count
    }

    private func starts(_ path: String, _ pattern: PathPattern) -> Bool {
        guard case .prefix(let prefix, _) = pattern else { return false }
        return prefix == "/" || path == prefix || path.hasPrefix(prefix + "/")
    }

    private func finds(_ pattern: PathPattern, _ path: String) -> Bool {
        guard case .regex(let text, let ignoresCase) = pattern else { return false }
        return finds(text, ignoresCase, path)
    }

    private func finds(_ pattern: String, _ ignoresCase: Bool, _ text: String) -> Bool {
        guard let expression = try? RegularExpression(pattern, ignoresCase: ignoresCase) else { return false }
        var memory = MatchMemory()
        return Array(text.utf8).withRaw { expression.find(in: $0, with: &memory) } == .found
    }

    private func isMet(_ match: RouteMatch, by request: Request) -> Bool {
        if !match.methods.isEmpty, !match.methods.contains(request.method) { return false }
        let parameters = request.query.split(separator: "&").map { part in
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            return (name: pair[0], value: pair.count > 1 ? pair[1] : "")
        }
        return match.fields.allSatisfy { isMet($0, by: request.fields) }
            && match.query.allSatisfy { isMet($0, by: parameters) }
    }

    private func isMet(_ condition: ValueCondition, by values: [(name: String, value: String)]) -> Bool {
        let named = values.filter { $0.name.lowercased() == condition.name }.map(\.value)
        switch condition.test {
        case .present: return !named.isEmpty
        case .absent: return named.isEmpty
        case .equals(let value): return named.contains(value)
        case .regex(let pattern): return named.contains { finds(pattern, false, $0) }
        }
    }
}
