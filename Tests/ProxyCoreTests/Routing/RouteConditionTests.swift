import Testing

@testable import ProxyCore

@Suite struct RouteConditionTests {
    private func route(_ path: PathPattern = .prefix("/"), _ change: (inout RouteMatch) -> Void = { _ in }) -> Route {
        var match = RouteMatch(path: path)
        change(&match)
        return Route(name: "", match: match, action: .forward(service: 0))
    }

    private func isMatched(_ request: RoutedRequest, _ change: (inout RouteMatch) -> Void) throws -> Bool {
        try RouteTable(routes: [route(.prefix("/"), change)]).find(request).route == 0
    }

    @Test(arguments: [("GET", true), ("HEAD", true), ("get", false), ("GETS", false), ("POST", false), ("HE", false)])
    func methodsAreComparedLetterForLetter(method: String, expected: Bool) throws {
        #expect(try isMatched(RoutedRequest(method: method)) { $0.methods = ["GET", "HEAD"] } == expected)
    }

    @Test(arguments: [
        (ValueCondition.Test.present, "", false), (.present, "X-A: 1\r\n", true), (.present, "x-a:\r\n", true),
        (.present, "X-Ab: 1\r\n", false), (.absent, "", true), (.absent, "X-A:\r\n", false),
        (.equals("b"), "X-A: b\r\n", true), (.equals("b"), "X-A: B\r\n", false), (.equals("b"), "", false),
        (.equals("b"), "X-A: a\r\nX-A: b\r\n", true), (.equals("b"), "X-A: bb\r\n", false),
        (.equals(""), "X-A:\r\n", true), (.regex("^b+$"), "X-A: bbb\r\n", true),
        (.regex("^b+$"), "X-A: abb\r\n", false),
        (.regex("b"), "X-A: a\r\nX-A: cb\r\n", true), (.regex("\u{E9}"), "X-A: \u{C3}\u{A9}\r\n", true),
    ])
    func fields(test: ValueCondition.Test, lines: String, expected: Bool) throws {
        let condition = ValueCondition(name: "x-a", test: test)
        #expect(try isMatched(RoutedRequest(fields: lines)) { $0.fields = [condition] } == expected)
    }

    @Test(arguments: [
        (ValueCondition.Test.present, "", false), (.present, "?a", true), (.present, "?a=", true),
        (.present, "?b&a=1", true), (.present, "?%61", true), (.present, "?ab", false), (.present, "?b=a", false),
        (.absent, "", true), (.absent, "?", true), (.absent, "?&&", true), (.absent, "?a", false),
        (.equals("x y"), "?a=x+y", true), (.equals("x y"), "?a=x%20y", true), (.equals("x y"), "?a=1&a=x%20y", true),
        (.equals("x y"), "?a=xy", false), (.equals("x+y"), "?a=x%2By", true), (.equals("%zz"), "?a=%zz", true),
        (.equals("%4"), "?a=%4", true), (.equals(""), "?a", true), (.equals("1=2"), "?a=1=2", true),
        (.equals("\u{E9}"), "?a=%C3%A9", true), (.regex("^[0-9]+$"), "?a=%31%32", true),
        (.regex("^[0-9]+$"), "?a=1x", false), (.regex("^/$"), "?a=%2f", true),
    ])
    func parameters(test: ValueCondition.Test, query: String, expected: Bool) throws {
        let condition = ValueCondition(name: "a", test: test)
        #expect(try isMatched(RoutedRequest(target: "/\(query)")) { $0.query = [condition] } == expected)
    }

    @Test(arguments: [
        ("10.1.2.3", true), ("11.0.0.0", false), ("192.0.2.7", true), ("192.0.2.8", false), ("fd00::1", true),
        ("fe80::1", false), ("::ffff:10.0.0.1", true),
    ])
    func clients(client: String, expected: Bool) throws {
        let networks = try [("10.0.0.0", 8), ("192.0.2.7", 32), ("fd00::", 8)].map {
            Network(address: try #require(SocketAddress(ip: $0.0, port: 0)), prefixBits: $0.1)
        }
        #expect(try isMatched(RoutedRequest(client: client)) { $0.clients = networks } == expected)
    }

    @Test func everythingSaidMustHold() throws {
        let table = try RouteTable(routes: [
            route(.prefix("/")) {
                $0.methods = ["POST"]
                $0.fields = [ValueCondition(name: "x", test: .present), ValueCondition(name: "y", test: .absent)]
                $0.query = [ValueCondition(name: "q", test: .present)]
            }
        ])
        #expect(try table.find(RoutedRequest(method: "POST", target: "/?q", fields: "X:1\r\n")).route == 0)
        #expect(try table.find(RoutedRequest(target: "/?q", fields: "X:1\r\n")).route == -1)
        #expect(try table.find(RoutedRequest(method: "POST", target: "/", fields: "X:1\r\n")).route == -1)
        #expect(try table.find(RoutedRequest(method: "POST", target: "/?q", fields: "X:1\r\nY:\r\n")).route == -1)
    }

    /// The more is said the earlier, and where it fails the next has its turn: also above, below, and after expressions.
    @Test(arguments: [
        ("POST", "/a/b", "X: 1\r\n", 2), ("POST", "/a/b", "", 1), ("GET", "/a/b", "X: 1\r\n", 0),
        ("PUT", "/a/b", "", 3), ("PUT", "/a/b/c", "", 3), ("DELETE", "/c", "", 6), ("GET", "/c", "", 5),
        ("GET", "/d1", "", 7), ("PUT", "/d1", "", 8), ("POST", "/d1", "", 9), ("GET", "/e", "", 11),
        ("PUT", "/e", "", 10),
    ])
    func theNextInOrderHasItsTurn(method: String, target: String, fields: String, expected: Int32) throws {
        let hasX = ValueCondition(name: "x", test: .present)
        let table = try RouteTable(routes: [
            route(.exact("/a/b")) { $0.methods = ["GET"] },
            route(.exact("/a/b")) { $0.methods = ["POST"] },
            route(.exact("/a/b")) {
                $0.methods = ["POST"]
                $0.fields = [hasX]
            },
            route(.prefix("/a")),
            route(.prefix("/a/b/c")) { $0.methods = ["NONE"] },
            route(.prefix("/c")) { $0.methods = ["GET"] },
            route(.prefix("/")),
            route(.regex("^/d", ignoresCase: false)) { $0.methods = ["GET"] },
            route(.regex("1$", ignoresCase: false)) { $0.methods = ["PUT"] },
            route(.prefix("/d1")),
            route(.regex("^/e", ignoresCase: false)),
            route(.prefix("/e", beforeRegex: true)) { $0.methods = ["GET"] },
        ])
        let request = RoutedRequest(method: method, target: target, fields: fields)
        #expect(try table.find(request).route == expected)
    }

    @Test func capturesAreThoseOfTheRouteThatServes() throws {
        let table = try RouteTable(routes: [
            route(.regex("^/(a)(b)", ignoresCase: false)) { $0.methods = ["PUT"] },
            route(.regex("^/a(b)", ignoresCase: false)) {
                $0.fields = [ValueCondition(name: "x", test: .regex("(.)"))]
            },
            route(.prefix("/")),
        ])
        #expect(try table.find(RoutedRequest(target: "/ab")).captures.isEmpty)
        #expect(try table.find(RoutedRequest(target: "/ab", fields: "X: 9\r\n")).captures == ["/ab", "b"])
    }
}
