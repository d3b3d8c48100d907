/// Why a request goes to the route that it goes to, route by route in the order of `RouteMatch`.
package struct RouteExplanation: Equatable, Sendable {
    package enum Verdict: Hashable, Sendable {
        case chosen
        /// Something else comes first, so it does not matter whether this one matches as well.
        case notAsked
        case otherPort
        case otherHost
        case otherPath
        case otherMethod
        case otherClient
        /// The condition with this index in the route fails.
        case field(Int)
        case query(Int)
        /// An expression of it takes too long for this request, which is refused for that.
        case undecided
    }

    package struct Step: Equatable, Sendable {
        /// Its index.
        package let route: Int
        package let verdict: Verdict
    }

    /// Those whose port, host and path match, in the order in which they are asked.
    package let candidates: [Step]
    /// All others, in the order of the file.
    package let others: [Step]

    /// The index of the route that serves.
    package var chosen: Int? { candidates.first { $0.verdict == .chosen }?.route }

    /// Asks each route alone, first with nothing but its port, and then with one condition more at a time: so each verdict is
    /// that of the table which serves requests.
    ///
    /// - Throws: for the first route whose path or expression is none.
    package init(_ routes: [Route], _ question: borrowing RouteQuestion) throws(RouteTable.Mistake) {
        var others: [Step] = []
        var found: [Found] = []
        for (index, route) in routes.enumerated() {
            let (verdict, isFound) = try Self.judge(route, index, question)
            if isFound {
                found.append(
                    Found(
                        route: index, verdict: verdict, host: try Self.hostRank(route, index, question),
                        path: route.match.path, conditions: route.match.conditionCount))
            } else {
                others.append(Step(route: index, verdict: verdict))
            }
        }
        var steps: [Step] = []
        var isServed = false
        for found in Self.ordered(found) {
            let isLast = found.verdict == .chosen || found.verdict == .undecided
            steps.append(Step(route: found.route, verdict: isServed ? .notAsked : found.verdict))
            isServed = isServed || isLast
        }
        candidates = steps
        self.others = others
    }

    private struct Found {
        var route: Int
        var verdict: Verdict
        /// The higher, the earlier.
        var host: Int
        var path: PathPattern
        var conditions: Int

        var isBeforeRegex: Bool {
            if case .prefix(_, true) = path { return true }
            return false
        }

        /// The lower, the earlier: exact paths, expressions, and prefixes by their length.
        var rank: Int {
            switch path {
            case .exact: return Int.min
            case .regex: return Int.min + 1
            case .prefix(let path, _):
                var bytes = PathNormalizer.normalize(written: path) ?? []
                while bytes.last == ASCII.slash { bytes.removeLast() }
                return -bytes.count
            }
        }

        var isExpression: Bool {
            if case .regex = path { return true }
            return false
        }
    }

    private static func ordered(_ found: [Found]) -> [Found] {
        var result: [Found] = []
        for host in Set(found.map(\.host)).sorted(by: >) {
            let here = found.filter { $0.host == host }.sorted {
                let conditions = $0.isExpression && $1.isExpression ? (0, 0) : (-$0.conditions, -$1.conditions)
                return ($0.rank, conditions.0, $0.route) < ($1.rank, conditions.1, $1.route)
            }
            let prefixes = here.filter { $0.rank > Int.min + 1 }
            // Where the prefix that would serve comes before expressions, they have their turn after it, which is never.
            if let first = prefixes.first(where: { $0.verdict == .chosen }), first.isBeforeRegex {
                result += here.filter { $0.rank == Int.min } + prefixes + here.filter(\.isExpression)
            } else {
                result += here
            }
        }
        return result
    }

    // ---- one route ---------------------------------------------------------------------------------------------------

    /// - Returns: the first thing that does not match, and whether port, host and path do.
    private static func judge(
        _ route: Route, _ index: Int, _ question: borrowing RouteQuestion
    ) throws(RouteTable.Mistake) -> (verdict: Verdict, isFound: Bool) {
        let whole = route.match
        var asked = RouteMatch()
        asked.ports = whole.ports
        if try ask(asked, index, question) != .chosen { return (.otherPort, false) }
        asked.hosts = whole.hosts
        if try ask(asked, index, question) != .chosen { return (.otherHost, false) }
        asked.path = whole.path
        let path = try ask(asked, index, question)
        if path != .chosen { return (path == .undecided ? .undecided : .otherPath, path == .undecided) }
        asked.methods = whole.methods
        if try ask(asked, index, question) != .chosen { return (.otherMethod, true) }
        asked.clients = whole.clients
        if try ask(asked, index, question) != .chosen { return (.otherClient, true) }
        for (number, field) in whole.fields.enumerated() {
            asked.fields.append(field)
            let verdict = try ask(asked, index, question)
            if verdict != .chosen { return (verdict == .undecided ? .undecided : .field(number), true) }
        }
        for (number, parameter) in whole.query.enumerated() {
            asked.query.append(parameter)
            let verdict = try ask(asked, index, question)
            if verdict != .chosen { return (verdict == .undecided ? .undecided : .query(number), true) }
        }
        return (.chosen, true)
    }

    private static func ask(
        _ match: RouteMatch, _ index: Int, _ question: borrowing RouteQuestion
    ) throws(RouteTable.Mistake) -> Verdict {
        let route = Route(name: "", match: match, action: .forward(service: 0))
        let table: RouteTable
        do throws(RouteTable.Mistake) {
            table = try RouteTable(routes: [route])
        } catch {
            throw RouteTable.Mistake(route: index, message: error.message)
        }
        var memory = MatchMemory()
        switch question.route(in: table, with: &memory) {
        case 0: return .chosen
        case RouteTable.undecided: return .undecided
        default: return .otherPath
        }
    }

    /// How specific the most specific pattern is that the host matches; the same number for the same pattern only.
    private static func hostRank(
        _ route: Route, _ index: Int, _ question: borrowing RouteQuestion
    ) throws(RouteTable.Mistake) -> Int {
        var rank = 0
        for host in route.match.hosts {
            var asked = RouteMatch()
            asked.ports = route.match.ports
            asked.hosts = [host]
            guard try ask(asked, index, question) == .chosen else { continue }
            switch host {
            case .exact: rank = .max
            case .below(let suffix): rank = max(rank, suffix.utf8.count)
            }
        }
        return rank
    }
}
