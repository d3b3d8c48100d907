import Testing

@testable import ProxyCore

/// Random routes and random requests from few words, so that they meet: the table and the reference find the same.
@Suite struct RouteFuzzTests {
    private struct Dice: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (state ^ state >> 29) &* 0xBF58_476D_1CE4_E5B9 ^ state >> 32
        }

        mutating func pick<Element>(_ list: [Element]) -> Element { list[Int(next() >> 8) % list.count] }
        mutating func chance(_ percent: UInt64) -> Bool { next() >> 8 % 100 < percent }
    }

    private static let segments = ["a", "b", "ab", "abcdefgh", "abcdefghi", "a.b", "%2F"]
    private static let hosts = ["a.test", "b.a.test", "c.b.a.test", "test", "longer-name.test", "[::1]"]
    private static let methods = ["GET", "POST", "PUT"]
    private static let expressions = [
        "^/a", "^/a/", "^/a/b", "^/ab?/", "b$", "^/(a|b)/a", "^/a|b$", "^/a\\.b/", ".", "^/abcdefgh/[a-z]+$",
        "^/a/b/ab/",
        "^/A/", "(?i)^/A", "^/a/(?:b/)+", "[.]b", "^/%2F/",
    ]

    private static func path(_ dice: inout Dice) -> String {
        let count = Int(dice.next() >> 8) % 4
        let path = "/" + (0..<count).map { _ in dice.pick(segments) }.joined(separator: "/")
        return count > 0 && dice.chance(15) ? path + "/" : path
    }

    private static func condition(_ dice: inout Dice) -> ValueCondition {
        let tests: [ValueCondition.Test] = [.present, .absent, .equals("1"), .regex("^[12]$")]
        return ValueCondition(name: dice.pick(["x", "longer-name"]), test: dice.pick(tests))
    }

    private static func route(_ dice: inout Dice) -> Route {
        var match = RouteMatch()
        switch dice.next() >> 8 % 4 {
        case 0: match.path = .exact(path(&dice))
        case 1: match.path = .regex(dice.pick(expressions), ignoresCase: dice.chance(20))
        default:
            var prefix = path(&dice)
            if prefix != "/", prefix.hasSuffix("/") { prefix.removeLast() }
            match.path = .prefix(prefix, beforeRegex: dice.chance(30))
        }
        if dice.chance(40) {
            let host = dice.pick(hosts)
            match.hosts.append(dice.chance(50) ? .exact(host) : .below(host))
            if dice.chance(20) { match.hosts.append(.exact(dice.pick(hosts))) }
        }
        if dice.chance(15) { match.ports = [dice.pick([80, 81])] }
        if dice.chance(20) { match.methods = [dice.pick(methods)] }
        if dice.chance(15) { match.fields = [condition(&dice)] }
        if dice.chance(15) { match.query = [condition(&dice)] }
        return Route(name: "", match: match, action: .forward(service: 0))
    }

    private static func request(_ dice: inout Dice) -> ReferenceRoutes.Request {
        let values = ["", "1", "3"]
        return ReferenceRoutes.Request(
            method: dice.pick(methods), host: dice.pick(hosts), path: path(&dice),
            query: dice.chance(30) ? "\(dice.pick(["x", "y"]))=\(dice.pick(values))" : "",
            fields: dice.chance(30) ? [(dice.pick(["X", "Longer-Name"]), dice.pick(values))] : [],
            port: dice.pick([80, 81, 82]))
    }

    @Test(arguments: Rounds.seeds)
    func theTableFindsWhatTheReferenceFinds(number: UInt64) throws {
        var dice = Dice(state: number)
        let client = SocketAddress.anyIPv4(port: 1)
        var found = 0
        for _ in 0..<Rounds.inputsPerSeed / 30 {
            let routes = (0..<1 + Int(dice.next() >> 8) % 25).map { _ in Self.route(&dice) }
            let table = try RouteTable(routes: routes)
            let reference = ReferenceRoutes(routes: routes)
            var memory = MatchMemory()
            for _ in 0..<30 {
                let request = Self.request(&dice)
                let question = try RouteQuestion(
                    method: request.method, target: request.path + (request.query.isEmpty ? "" : "?" + request.query),
                    fields: [("Host", request.host)] + request.fields, client: client, port: request.port)
                let expected = reference.find(request)
                let route = Int(question.route(in: table, with: &memory))
                #expect(route == expected, "\(request) of \(routes.map(\.match))")
                if expected >= 0 { found += 1 }
            }
            let question = try RouteQuestion(
                method: "GET", target: Self.path(&dice), fields: [("Host", dice.pick(Self.hosts))], client: client,
                port: 80)
            let explained = try RouteExplanation(routes, question).chosen ?? -1
            #expect(explained == Int(question.route(in: table, with: &memory)), "\(routes.map(\.match))")
        }
        #expect(found > Rounds.inputsPerSeed / 4, "most requests find nothing, which tests little")
    }

    /// No request that was tried gets to a route that is said to be unreachable.
    @Test(arguments: Rounds.seeds)
    func nothingGetsToAnUnreachableRoute(number: UInt64) throws {
        var dice = Dice(state: number &+ 1_000)
        var unreachable = 0
        for _ in 0..<Rounds.inputsPerSeed / 30 {
            let routes = (0..<1 + Int(dice.next() >> 8) % 25).map { _ in Self.route(&dice) }
            let hidden = Set(UnreachableRoute.all(in: routes).map(\.route))
            unreachable += hidden.count
            let table = try RouteTable(routes: routes)
            var memory = MatchMemory()
            for _ in 0..<30 {
                let request = Self.request(&dice)
                let question = try RouteQuestion(
                    method: request.method, target: request.path, fields: [("Host", request.host)] + request.fields,
                    client: .anyIPv4(port: 1), port: request.port)
                let route = Int(question.route(in: table, with: &memory))
                #expect(!hidden.contains(route), "\(route) of \(routes.map(\.match)) by \(request)")
            }
        }
        #expect(unreachable > 0)
    }
}
