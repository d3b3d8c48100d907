/// Finds the route of a request, however many routes there are: `RouteMatch` says which one comes first.
///
/// It is compiled from the configuration and never changes. A request costs a search for its host, a step for each segment
/// of its path that routes know, and the expressions and conditions of the routes it leads to. Nothing is allocated, and
/// nothing counted by references.
package final class RouteTable: Sendable {
    /// What is wrong with a route.
    package struct Mistake: Error, Hashable {
        /// Its index.
        package let route: Int
        package let message: String
    }

    /// No route, where `match` says so.
    package static let none: Int32 = -1
    /// An expression took too long, so it is not known which route would serve: none may, because the next one in order
    /// may allow what this one forbids.
    package static let undecided: Int32 = -2

    /// A route that waits where its path was found.
    struct Candidate: BitwiseCopyable {
        var route: Int32
        /// -1 for none.
        var conditions: Int32
        /// -1 for a path without one.
        var expression: Int32
        var isBeforeRegex: Bool
    }

    /// A path or a host up to here.
    struct Node: BitwiseCopyable {
        var exact = RouteConditions.Slice()
        var prefix = RouteConditions.Slice()
        /// Expressions whose leading text ends here or within the next segment, in the order of the file.
        var expressions = RouteConditions.Slice()
        /// The nearest node above with prefixes, and that with expressions, or -1.
        var prefixAbove: Int32 = -1
        var expressionsAbove: Int32 = -1
        /// Of a host: its group, or -1.
        var group: Int32 = -1
    }

    /// The routes for a host.
    struct Group: BitwiseCopyable {
        /// The root of their paths.
        var root: Int32
        /// The group that has its turn when nothing in this one matches, or -1.
        var next: Int32 = -1
    }

    /// What a listener's port knows.
    struct PortView: BitwiseCopyable {
        /// 0 for ports that no route names.
        var port: UInt16
        /// Roots of trees, or -1.
        var exactHosts: Int32 = -1
        var wildcards: Int32 = -1
        /// The group of routes for any host, or -1.
        var anyHost: Int32 = -1
    }

    /// Expressions are sorted by at most so many segments that they begin with.
    static let expressionDepthMax = 7

    /// In ascending order.
    private let ports: FixedArray<PortView>
    private let tree: SegmentTree
    private let nodes: FixedArray<Node>
    private let groups: FixedArray<Group>
    private let candidates: FixedArray<Candidate>
    let expressions: FixedArray<RouteExpression>
    let conditions: RouteConditions

    /// - Throws: `Mistake` for the first route whose path or expression is none.
    package init(routes: [Route]) throws(Mistake) {
        var compiler = RouteCompiler()
        try compiler.compile(routes)
        ports = FixedArray(compiler.ports)
        nodes = FixedArray(compiler.nodes)
        groups = FixedArray(compiler.groups)
        candidates = FixedArray(compiler.candidates)
        let patterns = compiler.patterns
        expressions = try FixedArray(count: patterns.count) { index throws(Mistake) in
            do throws(RegularExpression.Mistake) {
                return try RouteExpression(patterns[index].text, ignoresCase: patterns[index].ignoresCase)
            } catch {
                throw Mistake(
                    route: patterns[index].route, message: "\(error.message) at byte \(error.offset) of the expression")
            }
        }
        conditions = compiler.conditions.build()
        tree = compiler.tree.build()
    }

    /// Knows no route.
    private init() {
        ports = FixedArray([PortView(port: 0)])
        nodes = FixedArray([])
        groups = FixedArray([])
        candidates = FixedArray([])
        expressions = FixedArray(count: 0) { _ in preconditionFailure("there is none") }
        conditions = RouteConditions.Builder().build()
        tree = SegmentTree.Builder().build()
    }

    static let empty = RouteTable()

    // ---- matching ----------------------------------------------------------------------------------------------------

    /// The route that serves a request.
    ///
    /// - Parameters:
    ///   - bytes: what `head` was parsed from.
    ///   - path: the path of its target after `PathNormalizer`, without the query; `*` of `OPTIONS *` is only found by
    ///     routes for the prefix `/`.
    ///   - port: of the listener.
    ///   - captures: is filled with what the route's expression has found in `path`, where it has one.
    /// - Returns: the index of the route, `RouteTable.none` or `RouteTable.undecided`.
    func match(
        _ bytes: RawSpan, _ head: borrowing RequestHead, path: RawSpan, client: SocketAddress, port: UInt16,
        with memory: inout MatchMemory, captures: inout Captures
    ) -> Int32 {
        captures.removeAll()
        memory.beginRequest()
        let view = ports[portIndex(port)]
        var group = firstGroup(view, bytes, (head.authority ?? head.host).map { bytes.bareHost($0) })
        while group >= 0 {
            let found = match(
                in: groups[Int(group)].root, bytes, head, path, client, with: &memory, captures: &captures)
            if found != Self.none { return found }
            group = groups[Int(group)].next
        }
        return Self.none
    }

    @inline(__always)
    private func portIndex(_ port: UInt16) -> Int {
        // The first is for all that are not named. There are few.
        for index in 1..<max(1, ports.count) where ports[index].port == port { return index }
        return 0
    }

    /// The most specific group that knows the host.
    @inline(__always)
    private func firstGroup(_ view: PortView, _ bytes: RawSpan, _ host: Range<Int>?) -> Int32 {
        guard let host, !host.isEmpty else { return view.anyHost }
        if view.exactHosts >= 0 {
            let node = tree.step(from: view.exactHosts, ignoringCase: bytes, host)
            if node >= 0 { return nodes[Int(node)].group }
        }
        guard view.wildcards >= 0 else { return view.anyHost }
        var group = view.anyHost
        var node = view.wildcards
        var end = host.upperBound
        while true {
            var start = end
            while start > host.lowerBound, bytes.byte(start &- 1) != ASCII.point { start &-= 1 }
            // A wildcard stands for one label at least.
            guard start &- 1 > host.lowerBound else { return group }
            node = tree.step(from: node, ignoringCase: bytes, start..<end)
            guard node >= 0 else { return group }
            if nodes[Int(node)].group >= 0 { group = nodes[Int(node)].group }
            end = start &- 1
        }
    }

    /// The route among those for one host.
    @inline(__always)
    private func match(
        in root: Int32, _ bytes: RawSpan, _ head: borrowing RequestHead, _ path: RawSpan, _ client: SocketAddress,
        with memory: inout MatchMemory, captures: inout Captures
    ) -> Int32 {
        let isAsterisk = path.byteCount == 1 && path.byte(0) == ASCII.asterisk
        let (deepest, isWhole) = isAsterisk ? (root, false) : walk(from: root, path)
        if isWhole {
            for index in nodes[Int(deepest)].exact.range {
                switch judge(candidates[index], bytes, head, client, &memory) {
                case .hold: return candidates[index].route
                case .undecided: return Self.undecided
                default: continue
                }
            }
        }
        // The prefix that would serve is found first, because it may forbid to ask expressions.
        var prefix: Candidate?
        var level = deepest
        search: while level >= 0 {
            for index in nodes[Int(level)].prefix.range {
                switch judge(candidates[index], bytes, head, client, &memory) {
                case .hold:
                    prefix = candidates[index]
                    break search
                case .undecided: return Self.undecided
                default: continue
                }
            }
            level = nodes[Int(level)].prefixAbove
        }
        if let prefix, prefix.isBeforeRegex { return prefix.route }
        if !isAsterisk {
            let found = matchExpressions(from: deepest, bytes, head, path, client, &memory, &captures)
            if found != Self.none { return found }
        }
        return prefix?.route ?? Self.none
    }

    @inline(__always)
    private func judge(
        _ candidate: Candidate, _ bytes: RawSpan, _ head: borrowing RequestHead, _ client: SocketAddress,
        _ memory: inout MatchMemory
    ) -> RouteConditions.Verdict {
        guard candidate.conditions >= 0 else { return .hold }
        return conditions.judge(candidate.conditions, bytes, head, client, expressions, &memory)
    }

    /// Goes down the tree as far as it knows the path.
    ///
    /// - Returns: the last node, and whether the path ends there. A path that is not there is `/`.
    @inline(__always)
    private func walk(from root: Int32, _ path: RawSpan) -> (node: Int32, isWhole: Bool) {
        let count = path.byteCount
        var node = root
        var start = 1
        while true {
            let end = count == 0 ? start : path.index(of: ASCII.slash, from: start, before: count)
            let next = count == 0 ? tree.step(from: node, path, 0..<0) : tree.step(from: node, path, start..<end)
            guard next >= 0 else { return (node, false) }
            node = next
            if end >= count { return (node, true) }
            start = end &+ 1
        }
    }

    /// The first expression in the order of the file that is found. Those that may be wait at the nodes of the path, each
    /// with its own in order.
    private func matchExpressions(
        from deepest: Int32, _ bytes: RawSpan, _ head: borrowing RequestHead, _ path: RawSpan,
        _ client: SocketAddress, _ memory: inout MatchMemory, _ captures: inout Captures
    ) -> Int32 {
        var queues = InlineArray<8, RouteConditions.Slice>(repeating: RouteConditions.Slice())
        var count = 0
        var level = nodes[Int(deepest)].expressions.isEmpty ? nodes[Int(deepest)].expressionsAbove : deepest
        while level >= 0, count < queues.count {
            queues[count] = nodes[Int(level)].expressions
            count &+= 1
            level = nodes[Int(level)].expressionsAbove
        }
        while count > 0 {
            var first = 0
            for index in 1..<max(1, count)
            where candidates[Int(queues[index].start)].route < candidates[Int(queues[first].start)].route {
                first = index
            }
            let candidate = candidates[Int(queues[first].start)]
            queues[first].start &+= 1
            queues[first].count &-= 1
            if queues[first].isEmpty {
                count &-= 1
                queues[first] = queues[count]
            }
            switch expressions[Int(candidate.expression)].find(inPath: path, with: &memory) {
            case .notFound: continue
            case .undecided: return Self.undecided
            case .found:
                let groups = expressions[Int(candidate.expression)].expression.groupCount
                memory.readCaptures(groups + 1, into: &captures)
                switch judge(candidate, bytes, head, client, &memory) {
                case .hold: return candidate.route
                case .undecided: return Self.undecided
                default: captures.removeAll()
                }
            }
        }
        return Self.none
    }
}

extension RawSpan {
    /// The host in `range`, which is a host with or without a port: without it, and without a dot at the end.
    @inline(__always)
    func bareHost(_ range: Range<Int>) -> Range<Int> {
        var end = range.upperBound
        if !range.isEmpty, byte(range.lowerBound) == ASCII.openBracket {
            let bracket = index(of: ASCII.closeBracket, from: range.lowerBound, before: range.upperBound)
            return range.lowerBound..<min(bracket &+ 1, range.upperBound)
        }
        end = index(of: ASCII.colon, from: range.lowerBound, before: range.upperBound)
        if end &- 1 > range.lowerBound, byte(end &- 1) == ASCII.point { end &-= 1 }
        return range.lowerBound..<end
    }
}
