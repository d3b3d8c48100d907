import Testing

@testable import ProxyCore

@Suite struct RouteTableTests {
    private func service(_ target: String, _ prefixes: [(String, Int)]) throws -> Int? {
        let table = try RouteTable(
            routes: prefixes.map { path, service in
                Route(name: path, match: RouteMatch(path: .prefix(path)), action: .forward(service: service))
            })
        let found = try table.find(RoutedRequest(method: target == "*" ? "OPTIONS" : "GET", target: target)).route
        return found >= 0 ? prefixes[Int(found)].1 : nil
    }

    @Test(arguments: [
        ("/a", true), ("/a/", true), ("/a/b", true), ("/a//", true), ("/a?b", true), ("/a/?b", true), ("/a?", true),
        ("/", false), ("/b", false), ("/ab", false), ("/a.html", false), ("/A", false), ("/%61", true),
        ("/b/a", false), ("//a", true), ("/a;b", false), ("http://x?/a", false), ("*", false), ("http://x", false),
    ])
    func aPrefixEndsWhereASegmentDoes(target: String, isMatched: Bool) throws {
        for path in ["/a", "/a/", "/a//"] {
            #expect(try service(target, [(path, 7)]) == (isMatched ? 7 : nil), "\(path)")
        }
    }

    @Test(arguments: [
        ("/tweet.html", 7), ("/tweet.html?id=1", 7), ("/tweet.html/x", 7), ("/tweet.htm", nil), ("/tweet.html5", nil),
    ])
    func aPrefixMayBeAFile(target: String, expected: Int?) throws {
        #expect(try service(target, [("/tweet.html", 7)]) == expected)
    }

    @Test(arguments: [
        ("/a/b/c", 3), ("/a/b/c/d", 3), ("/a/b", 2), ("/a/b/cd", 2), ("/a", 1), ("/a/bc", 1), ("/x", 0), ("/", 0),
        ("/?a/b", 0),
    ])
    func theLongestPrefixWins(target: String, expected: Int) throws {
        let prefixes = [("/", 0), ("/a", 1), ("/a/b", 2), ("/a/b/c", 3)]
        #expect(try service(target, prefixes) == expected)
        #expect(try service(target, prefixes.reversed()) == expected)
    }

    @Test func ofEqualPrefixesTheFirstCounts() throws {
        #expect(try service("/a/x", [("/a", 1), ("/a/", 2), ("/a", 3)]) == 1)
        #expect(try service("/a/x", [("/b", 0), ("/a/", 2), ("/a", 1)]) == 2)
        #expect(try service("/b", [("/a", 1), ("/b", 2), ("/c", 3), ("/b", 4)]) == 2)
    }

    @Test func allElseGoesNowhere() throws {
        #expect(try service("/b", [("/a", 1)]) == nil)
        #expect(try service("*", [("/a", 1)]) == nil, "the server itself has no path")
        #expect(try service("/", []) == nil)
    }

    /// An absolute form may lack a path, and "/" is meant then.
    @Test(arguments: ["http://x", "http://x?q", "/", "/x", "*"])
    func theRootTakesAnyPath(target: String) throws { #expect(try service(target, [("/", 1)]) == 1) }
}
