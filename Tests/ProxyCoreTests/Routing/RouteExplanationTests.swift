import Testing

@testable import ProxyCore

@Suite struct RouteExplanationTests {
    private typealias Verdict = RouteExplanation.Verdict

    private func route(_ path: PathPattern, _ change: (inout RouteMatch) -> Void = { _ in }) -> Route {
        var match = RouteMatch(path: path)
        change(&match)
        return Route(name: "", match: match, action: .forward(service: 0))
    }

    private func explain(_ routes: [Route], _ method: String, _ target: String) throws -> RouteExplanation {
        let question = try RouteQuestion(
            method: method, target: target, fields: [("Host", "a.test")],
            client: try #require(SocketAddress(ip: "192.0.2.7", port: 1)), port: 80)
        return try RouteExplanation(routes, question)
    }

    @Test func everyRouteHasItsVerdict() throws {
        let here = try #require(SocketAddress(ip: "10.0.0.0", port: 0))
        let routes = [
            route(.prefix("/")), route(.prefix("/a")) { $0.ports = [81] },
            route(.prefix("/a")) { $0.hosts = [.exact("b.test")] }, route(.prefix("/b")),
            route(.prefix("/a")) { $0.methods = ["POST"] },
            route(.prefix("/a")) {
                $0.fields = [ValueCondition(name: "x", test: .absent), .init(name: "y", test: .present)]
            },
            route(.exact("/a/b")) { $0.query = [ValueCondition(name: "q", test: .equals("1"))] },
            route(.regex("^/a", ignoresCase: false)) { $0.clients = [Network(address: here, prefixBits: 8)] },
            route(.regex("b$", ignoresCase: false)),
        ]
        let explanation = try explain(routes, "GET", "/a/%62?q=2")
        let expected: [(Int, Verdict)] = [
            (6, .query(0)), (7, .otherClient), (8, .chosen), (5, .notAsked), (4, .notAsked), (0, .notAsked),
        ]
        #expect(explanation.candidates == expected.map { RouteExplanation.Step(route: $0.0, verdict: $0.1) })
        let others: [(Int, Verdict)] = [(1, .otherPort), (2, .otherHost), (3, .otherPath)]
        #expect(explanation.others == others.map { RouteExplanation.Step(route: $0.0, verdict: $0.1) })
        #expect(explanation.chosen == 8)
    }

    @Test func aPrefixThatBeatsExpressionsComesBeforeThem() throws {
        let routes = [
            route(.regex("b$", ignoresCase: false)), route(.prefix("/a", beforeRegex: true)), route(.prefix("/")),
        ]
        let steps = try explain(routes, "GET", "/a/b").candidates
        #expect(steps.map(\.route) == [1, 2, 0])
        #expect(steps.map(\.verdict) == [.chosen, .notAsked, .notAsked])
    }

    @Test func whatTheRouteMakesOfTheTargetIsSaid() throws {
        let client = try #require(SocketAddress(ip: "192.0.2.7", port: 1))
        func target(_ rewrite: PathRewrite?, _ pattern: PathPattern, _ target: String) throws -> RouteQuestion.Target? {
            var changed = route(pattern)
            changed.modifiers.rewrite = rewrite
            let question = try RouteQuestion(
                method: "GET", target: target, fields: [("Host", "a.test"), ("X", "..")], client: client, port: 80)
            return question.target(rewrittenBy: changed)
        }
        let user = PathPattern.regex("^/u/([a-z]+)", ignoresCase: false)
        let template = Template(parts: [.text("/users/"), .variable(.group(1))])
        #expect(try target(nil, .prefix("/a"), "/a/b") == nil)
        #expect(try target(.stripPrefix, .prefix("/a"), "/%61/b?q") == .sent("/b?q"))
        #expect(try target(.path(template), user, "/u/ann?q") == .sent("/users/ann?q"))
        #expect(
            try target(.path(Template(parts: [.variable(.field("x"))])), .prefix("/"), "/") == .refused(status: 400))
    }

    @Test func whatIsNoRequestIsSaid() {
        for (target, mistake) in [
            ("/..", RouteQuestion.Mistake.pathRefused), ("a", .refused(status: 400)), ("/a b", .refused(status: 400)),
            ("/" + String(repeating: "a", count: 9_000), .refused(status: 414)),
        ] {
            #expect(throws: mistake) { try explain([], "GET", target) }
        }
    }
}
