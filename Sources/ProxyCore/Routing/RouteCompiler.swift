/// Makes the flat tables of a `RouteTable` from routes.
struct RouteCompiler {
    struct Pattern: Hashable {
        var text: String
        var ignoresCase: Bool
        /// The first route that has it.
        var route: Int
    }

    private(set) var ports: [RouteTable.PortView] = []
    private(set) var nodes: [RouteTable.Node] = []
    private(set) var groups: [RouteTable.Group] = []
    private(set) var candidates: [RouteTable.Candidate] = []
    private(set) var patterns: [Pattern] = []
    var conditions = RouteConditions.Builder()
    var tree = SegmentTree.Builder()

    /// Places of candidates while they are gathered.
    private struct Gathered {
        var exact: [RouteTable.Candidate] = []
        var prefix: [RouteTable.Candidate] = []
        var expressions: [RouteTable.Candidate] = []
        /// The node above on the same path.
        var above: Int32 = -1
    }

    private struct PatternKey: Hashable {
        var text: String
        var ignoresCase: Bool
    }

    private var gathered: [Gathered] = []
    private var hostGroups: [Int32: Int32] = [:]
    private var patternNumbers: [PatternKey: Int32] = [:]
    private var conditionCounts: [Int] = []

    /// - Throws: for the first route whose path is none.
    mutating func compile(_ routes: [Route]) throws(RouteTable.Mistake) {
        conditionCounts = routes.map(\.match.conditionCount)
        var compiled: [(candidate: RouteTable.Candidate, path: RoutePath)] = []
        for (index, route) in routes.enumerated() { compiled.append(try compile(route, index)) }
        let named = Set(routes.flatMap(\.match.ports)).sorted()
        for port in [0] + named {
            let indices = routes.indices.filter {
                routes[$0].match.ports.isEmpty || routes[$0].match.ports.contains(port)
            }
            compilePort(port, indices, routes, compiled)
        }
        layOut()
    }

    private mutating func compile(
        _ route: Route, _ index: Int
    ) throws(RouteTable.Mistake) -> (candidate: RouteTable.Candidate, path: RoutePath) {
        let path = try RoutePath(route.match.path, route: index)
        var candidate = RouteTable.Candidate(
            route: Int32(index), conditions: -1, expression: -1, isBeforeRegex: path.isBeforeRegex)
        if case .regex(let text, let ignoresCase) = route.match.path {
            candidate.expression = number(of: text, ignoresCase: ignoresCase, index)
        }
        let numbers = (route.match.fields + route.match.query).compactMap(\.test.pattern).map {
            number(of: $0, ignoresCase: false, index)
        }
        candidate.conditions = conditions.add(route.match, expressions: numbers)
        return (candidate, path)
    }

    private mutating func number(of text: String, ignoresCase: Bool, _ route: Int) -> Int32 {
        let key = PatternKey(text: text, ignoresCase: ignoresCase)
        if let known = patternNumbers[key] { return known }
        patternNumbers[key] = Int32(patterns.count)
        patterns.append(Pattern(text: text, ignoresCase: ignoresCase, route: route))
        return Int32(patterns.count - 1)
    }

    private mutating func makeRoot() -> Int32 {
        let node = tree.makeRoot()
        gathered.append(Gathered())
        return node
    }

    private mutating func step(from node: Int32, _ text: [UInt8]) -> Int32 {
        let next = tree.step(from: node, text)
        if Int(next) == gathered.count { gathered.append(Gathered(above: node)) }
        return next
    }

    // ---- hosts -------------------------------------------------------------------------------------------------------

    private mutating func compilePort(
        _ port: UInt16, _ indices: [Int], _ routes: [Route],
        _ compiled: [(candidate: RouteTable.Candidate, path: RoutePath)]
    ) {
        var view = RouteTable.PortView(port: port)
        var byHost: [HostPattern: [Int]] = [:]
        var anyHost: [Int] = []
        for index in indices {
            if routes[index].match.hosts.isEmpty { anyHost.append(index) }
            for host in Set(routes[index].match.hosts.map(\.compared)) { byHost[host, default: []].append(index) }
        }
        func paths(_ indices: [Int]) -> Int32 {
            let root = makeRoot()
            for index in indices { add(compiled[index].candidate, compiled[index].path, root) }
            groups.append(RouteTable.Group(root: root))
            return Int32(groups.count - 1)
        }
        if !anyHost.isEmpty { view.anyHost = paths(anyHost) }
        var wildcards: [[[UInt8]]: Int32] = [:]
        let known = byHost.keys.sorted { $0.text < $1.text }
        for host in known {
            guard case .below(let suffix) = host, let indices = byHost[host] else { continue }
            if view.wildcards < 0 { view.wildcards = makeRoot() }
            let labels = HostPattern.labels(suffix)
            var node = view.wildcards
            for label in labels { node = step(from: node, label) }
            wildcards[labels] = paths(indices)
            hostGroups[node] = wildcards[labels]
        }
        for (labels, group) in wildcards {
            groups[Int(group)].next = Self.longest(wildcards, labels.dropLast()) ?? view.anyHost
        }
        for host in known {
            guard case .exact(let name) = host, let indices = byHost[host] else { continue }
            if view.exactHosts < 0 { view.exactHosts = makeRoot() }
            let group = paths(indices)
            hostGroups[step(from: view.exactHosts, Array(name.utf8))] = group
            groups[Int(group)].next = Self.longest(wildcards, HostPattern.labels(name).dropLast()) ?? view.anyHost
        }
        ports.append(view)
    }

    /// The group of the longest wildcard among the first of `labels`.
    private static func longest(_ wildcards: [[[UInt8]]: Int32], _ labels: ArraySlice<[UInt8]>) -> Int32? {
        var labels = Array(labels)
        while !labels.isEmpty {
            if let group = wildcards[labels] { return group }
            labels.removeLast()
        }
        return nil
    }

    // ---- paths -------------------------------------------------------------------------------------------------------

    private mutating func add(_ candidate: RouteTable.Candidate, _ path: RoutePath, _ root: Int32) {
        var node = root
        for segment in path.segments { node = step(from: node, segment) }
        switch path.kind {
        case .exact: gathered[Int(node)].exact.append(candidate)
        case .prefix: gathered[Int(node)].prefix.append(candidate)
        case .expression: gathered[Int(node)].expressions.append(candidate)
        }
    }

    /// Puts the candidates of each node into their order and one behind the other. Nodes above come before those below.
    private mutating func layOut() {
        for (number, found) in gathered.enumerated() {
            var node = RouteTable.Node()
            node.exact = place(found.exact.sorted(by: isEarlier))
            node.prefix = place(found.prefix.sorted(by: isEarlier))
            node.expressions = place(found.expressions.sorted { $0.route < $1.route })
            if found.above >= 0 {
                let above = nodes[Int(found.above)]
                node.prefixAbove = above.prefix.isEmpty ? above.prefixAbove : found.above
                node.expressionsAbove = above.expressions.isEmpty ? above.expressionsAbove : found.above
            }
            node.group = hostGroups[Int32(number)] ?? -1
            nodes.append(node)
        }
    }

    private func isEarlier(_ left: RouteTable.Candidate, _ right: RouteTable.Candidate) -> Bool {
        (-conditionCounts[Int(left.route)], left.route) < (-conditionCounts[Int(right.route)], right.route)
    }

    private mutating func place(_ list: [RouteTable.Candidate]) -> RouteConditions.Slice {
        let start = candidates.count
        candidates += list
        return RouteConditions.Slice(start: Int32(start), count: Int32(list.count))
    }
}

extension ValueCondition.Test {
    fileprivate var pattern: String? {
        if case .regex(let pattern) = self { return pattern }
        return nil
    }
}

extension HostPattern {
    fileprivate var text: String {
        switch self {
        case .exact(let name): return name
        case .below(let suffix): return "*." + suffix
        }
    }

    /// As hosts of requests are compared: in lower case, and an IPv6 address in its brackets.
    var compared: HostPattern {
        switch self {
        case .exact(let name):
            let name = name.lowercased()
            return .exact(name.contains(":") && !name.hasPrefix("[") ? "[\(name)]" : name)
        case .below(let suffix): return .below(suffix.lowercased())
        }
    }

    /// From the right.
    fileprivate static func labels(_ name: String) -> [[UInt8]] {
        name.utf8.split(separator: ASCII.point, omittingEmptySubsequences: false).reversed().map(Array.init)
    }
}

/// The path of a route as the tree has it.
struct RoutePath {
    enum Kind {
        case exact, prefix, expression
    }

    var kind: Kind
    /// What stands between slashes; of an expression, what paths begin with that it matches.
    var segments: [[UInt8]]
    var isBeforeRegex = false

    init(_ pattern: PathPattern, route: Int) throws(RouteTable.Mistake) {
        switch pattern {
        case .exact(let path):
            kind = .exact
            let bytes = try Self.normal(path, route)
            segments = Self.split(bytes[1...])
        case .prefix(let path, let beforeRegex):
            kind = .prefix
            var bytes = try Self.normal(path, route)
            while bytes.last == ASCII.slash { bytes.removeLast() }
            segments = bytes.isEmpty ? [] : Self.split(bytes[1...])
            isBeforeRegex = beforeRegex
        case .regex(let text, let ignoresCase):
            kind = .expression
            let leading = LeadingText(pattern: text, ignoresCase: ignoresCase).text
            // The last segment may go on in what follows.
            let whole = leading.first == ASCII.slash ? Self.split(leading[1...]).dropLast() : []
            segments = Array(whole.prefix(RouteTable.expressionDepthMax))
        }
    }

    private static func split(_ bytes: ArraySlice<UInt8>) -> [[UInt8]] {
        bytes.split(separator: ASCII.slash, omittingEmptySubsequences: false).map(Array.init)
    }

    /// As the paths of requests are normalised, so that both are the same whichever way the route is written.
    private static func normal(_ path: String, _ route: Int) throws(RouteTable.Mistake) -> [UInt8] {
        guard let bytes = PathNormalizer.normalize(written: path) else {
            throw RouteTable.Mistake(
                route: route, message: "no path that a request can have after it was normalised: \(path)")
        }
        return bytes
    }
}
