import Testing

@testable import ProxyCore

@Suite struct RoutePrecedenceTests {
    /// `[!]` of a prefix that beats expressions is written `^~`, as in nginx.
    private func path(_ text: String) -> PathPattern {
        let words = text.split(separator: " ", maxSplits: 1).map(String.init)
        switch words[0] {
        case "=": return .exact(words[1])
        case "^~": return .prefix(words[1], beforeRegex: true)
        case "~": return .regex(words[1], ignoresCase: false)
        case "~*": return .regex(words[1], ignoresCase: true)
        default: return .prefix(text)
        }
    }

    private func table(_ paths: [String]) throws -> RouteTable {
        try RouteTable(
            routes: paths.map { Route(name: $0, match: RouteMatch(path: path($0)), action: .forward(service: 0)) })
    }

    @Test(arguments: [
        (["/", "= /a", "~ ^/a$", "^~ /a"], "/a", 1),
        (["/", "~ ^/a", "/a/b"], "/a/b", 1),
        (["/", "~ ^/a", "^~ /a/b"], "/a/b", 2),
        (["^~ /a", "/a/b", "~ b$"], "/a/b", 2),
        (["^~ /a", "/a/b", "~ c$"], "/a/b", 1),
        (["~ b", "~ ^/a/b", "~ ^/a/"], "/a/b", 0),
        (["~ ^/a/b", "~ b", "~ ^/a/"], "/a/b", 0),
        (["~ ^/x/", "~ ^/a/b/", "~ ^/a/", "~ ."], "/a/b", 2),
        (["~ ^/x/", "~ ^/a/b/", "~ ^/a/", "~ ."], "/a/b/", 1),
        (["~ ^/A", "~* ^/A"], "/a", 1),
        (["~ ^/a|^/b"], "/b", 0),
        (["~ ^/(?:a|b)/c"], "/b/c", 0),
        (["~ ^/ab?$"], "/a", 0),
        (["~ ^/a/?$"], "/a", 0),
        (["~ ^/a/*$"], "/a", 0),
        (["~ ^/a\\.b/"], "/a.b/", 0),
        (["~ ^/a\\d/"], "/a5/", 0),
        (["/a", "/a/b", "/"], "/a/b/c", 1),
        (["/a", "/a/b", "/"], "/a/bc", 0),
        (["/a", "/a/b", "/"], "/ab", 2),
        (["/a"], "/b", -1),
        (["= /a/"], "/a", -1),
        (["= /a/"], "/a/", 0),
        (["= /"], "/", 0),
        (["= /"], "/a", -1),
        (["/a/"], "/a", 0),
        (["/caf\u{E9}"], "/caf%c3%a9/x", 0),
        (["= /%7euser"], "/~user", 0),
        (["/a", "/a"], "/a", 0),
    ])
    func pathsAreComparedInTheirOrder(paths: [String], target: String, expected: Int32) throws {
        #expect(try table(paths).find(RoutedRequest(target: target)).route == expected)
    }

    @Test func onlyTheRootIsThereForTheServerItself() throws {
        let request = RoutedRequest(method: "OPTIONS", target: "*")
        #expect(try table(["~ .*", "= /", "/a", "/"]).find(request).route == 3)
        #expect(try table(["~ .*", "= /", "/a"]).find(request).route == RouteTable.none)
    }

    @Test func groupsAreCaptured() throws {
        let table = try table(["~ ^/u/(?<user>[a-z]+)(/x)?", "/"])
        let found = try table.find(RoutedRequest(target: "/u/ann?b"))
        #expect(found == FoundRoute(route: 0, captures: ["/u/ann", "ann", nil], givenUp: 0))
        #expect(try table.find(RoutedRequest(target: "/u/1")).captures.isEmpty)
    }
}
