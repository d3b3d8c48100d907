import Testing

@testable import ProxyCore

@Suite struct RouteHostTests {
    private func route(_ hosts: [HostPattern], _ path: PathPattern = .prefix("/"), ports: [UInt16] = []) -> Route {
        var match = RouteMatch(path: path)
        match.hosts = hosts
        match.ports = ports
        return Route(name: "", match: match, action: .forward(service: 0))
    }

    @Test(arguments: [
        ("example.com", 0), ("EXAMPLE.com", 0), ("example.com:8080", 0), ("example.com.", 0), ("example.com.:80", 0),
        ("a.example.com", 1), ("b.a.example.com", 1), ("x.api.example.com", 2), ("y.x.API.example.com", 2),
        ("api.example.com", 1), ("example.com.evil.org", 4), ("notexample.com", 4), (".example.com", 4),
        ("com", 4), ("", 4), ("[::1]", 3), ("[::1]:8080", 3), ("[::2]", 4), ("192.0.2.1", 4), ("example.com..", 4),
    ])
    func hostsAreExactOrBelowOrAny(host: String, expected: Int32) throws {
        let table = try RouteTable(routes: [
            route([.exact("example.com")]), route([.below("example.com")]), route([.below("api.example.com")]),
            route([.exact("::1")]), route([]),
        ])
        #expect(try table.find(RoutedRequest(host: host)).route == expected)
    }

    @Test func theAuthorityOfTheTargetCounts() throws {
        let table = try RouteTable(routes: [route([.exact("a.test")]), route([.exact("b.test")])])
        #expect(try table.find(RoutedRequest(target: "http://B.test:81/x", host: "a.test")).route == 1)
        #expect(try table.find(RoutedRequest(target: "http://b.test", host: "a.test")).route == 1)
        #expect(try table.find(RoutedRequest(host: "c.test")).route == RouteTable.none)
    }

    /// A host that knows nothing of a path leaves it to the next one in order.
    @Test(arguments: [
        ("/exact", 0), ("/exact/x", 0), ("/inner", 1), ("/outer", 2), ("/any", 3), ("/none", -1),
    ])
    func theNextHostHasItsTurn(target: String, expected: Int32) throws {
        let table = try RouteTable(routes: [
            route([.exact("x.api.example.com")], .prefix("/exact")),
            route([.below("api.example.com")], .prefix("/inner")),
            route([.below("example.com")], .prefix("/outer")),
            route([], .prefix("/any")),
        ])
        #expect(try table.find(RoutedRequest(target: target, host: "x.api.example.com")).route == expected)
    }

    @Test func aRouteMayHaveManyHosts() throws {
        let table = try RouteTable(routes: [
            route([.exact("a.test"), .below("b.test"), .exact("a.test")]), route([.below("test")]),
        ])
        for (host, expected) in [("a.test", 0), ("x.b.test", 0), ("b.test", 1), ("c.test", 1)] as [(String, Int32)] {
            #expect(try table.find(RoutedRequest(host: host)).route == expected, "\(host)")
        }
    }

    @Test func longNamesAreComparedWhole() throws {
        let long = String(repeating: "abcdefgh", count: 7)
        let table = try RouteTable(routes: [
            route([.exact("\(long)i.test")]), route([.below("\(long)j.test")]), route([.exact("\(long).test")]),
        ])
        #expect(try table.find(RoutedRequest(host: "\(long)I.test")).route == 0)
        #expect(try table.find(RoutedRequest(host: "x.\(long.uppercased())J.test")).route == 1)
        #expect(try table.find(RoutedRequest(host: "\(long)k.test")).route == RouteTable.none)
    }

    @Test func portsHaveTheirOwnRoutes() throws {
        let table = try RouteTable(routes: [
            route([.exact("a.test")], ports: [81]), route([], .prefix("/x"), ports: [81, 82]), route([]),
        ])
        let cases: [(UInt16, String, Int32)] = [
            (80, "/x", 2), (81, "/x", 0), (82, "/x", 1), (82, "/", 2), (83, "/x", 2),
        ]
        for (port, target, expected) in cases {
            let request = RoutedRequest(target: target, host: "a.test", port: port)
            #expect(try table.find(request).route == expected, "\(port) \(target)")
        }
    }
}
