import Testing

@testable import ProxyCore

@Suite struct UnreachableRouteTests {
    private func prefix(_ path: String, _ change: (inout RouteMatch) -> Void = { _ in }) -> Route {
        route(.prefix(path), change)
    }

    private func regex(_ pattern: String) -> Route { route(.regex(pattern, ignoresCase: false)) }

    private func route(_ path: PathPattern, _ change: (inout RouteMatch) -> Void = { _ in }) -> Route {
        var match = RouteMatch(path: path)
        change(&match)
        return Route(name: "", match: match, action: .forward(service: 0))
    }

    /// Those that are found, each with the one that hides it.
    private func hidden(_ routes: [Route]) -> [[Int]] {
        UnreachableRoute.all(in: routes).map { [$0.route, $0.hiddenBy] }
    }

    @Test func theSameMatchHidesWhatComesLater() {
        #expect(hidden([prefix("/a"), prefix("/b"), prefix("/a/")]) == [[2, 0]])
        #expect(hidden([route(.exact("/a")), route(.exact("/%61"))]) == [[1, 0]])
        #expect(hidden([regex("a"), regex("a")]) == [[1, 0]])
        #expect(hidden([prefix("/a"), route(.exact("/a")), prefix("/a/b"), prefix("/")]).isEmpty)
    }

    @Test func conditionsDecide() {
        let post: (inout RouteMatch) -> Void = { $0.methods = ["POST"] }
        let either: (inout RouteMatch) -> Void = { $0.methods = ["POST", "GET"] }
        #expect(hidden([prefix("/a"), prefix("/a", post)]).isEmpty)
        #expect(hidden([prefix("/a", post), prefix("/a")]).isEmpty)
        #expect(hidden([prefix("/a", either), prefix("/a", post)]) == [[1, 0]])
        #expect(hidden([prefix("/a", post), prefix("/a", either)]).isEmpty)
        #expect(hidden([prefix("/a") { $0.ports = [80] }, prefix("/a")]).isEmpty)
        #expect(hidden([prefix("/a"), prefix("/a") { $0.ports = [80] }]) == [[1, 0]])
    }

    @Test func eachHostCounts() {
        let both: (inout RouteMatch) -> Void = { $0.hosts = [.exact("a"), .below("b")] }
        #expect(hidden([prefix("/") { $0.hosts = [.exact("A")] }, prefix("/", both)]).isEmpty)
        let routes = [
            prefix("/") { $0.hosts = [.exact("a")] }, prefix("/") { $0.hosts = [.below("b")] }, prefix("/", both),
        ]
        #expect(hidden(routes) == [[2, 0]])
        #expect(hidden([prefix("/"), prefix("/", both)]).isEmpty)
    }

    @Test func wideExpressionsHide() {
        #expect(hidden([prefix("/a"), regex("^/")]) == [[0, 1]])
        #expect(hidden([regex(".*"), regex("^/a"), route(.exact("/a"))]) == [[1, 0]])
        #expect(hidden([regex("^/a"), regex("^/a/[0-9]+"), prefix("/a/b"), prefix("/")]) == [[1, 0], [2, 0]])
        #expect(hidden([regex("^/a"), route(.prefix("/a/b", beforeRegex: true))]).isEmpty)
        #expect(hidden([regex("^/a$"), prefix("/a")]).isEmpty)
    }

    @Test func prefixesBeforeExpressionsHide() {
        let first = route(.prefix("/a", beforeRegex: true))
        #expect(hidden([first, regex("^/a/[0-9]+")]) == [[1, 0]])
        #expect(hidden([first, regex("^/a[0-9]+")]).isEmpty)
        #expect(hidden([first, regex("^/a/[0-9]+"), prefix("/a/b")]).isEmpty)
        #expect(hidden([route(.prefix("/", beforeRegex: true)), regex("[0-9]")]) == [[1, 0]])
        #expect(hidden([route(.prefix("/", beforeRegex: true)) { $0.methods = ["GET"] }, regex("[0-9]")]).isEmpty)
    }
}
