import ProxyCore
import Testing

@testable import ConfigWatch

@Suite struct RouteTests {
    @Test(arguments: [
        ("/", "/"), ("//", "/"), ("/a", "/a"), ("/a/", "/a"), ("/a//", "/a"), ("/a/b", "/a/b"), ("/a//b/", "/a//b"),
        ("/tweet.html", "/tweet.html"), ("/%C3%A9", "/%C3%A9"), ("/a=b", "/a=b"), ("/=", "/="),
        (
            "/a;v=1,2",
            "/a;v=1,2"
        ),
        ("/~user/@me:!$&'()*+", "/~user/@me:!$&'()*+"), ("/A", "/A"),
    ])
    func accepts(path: String, prefix: String) throws {
        let expected = RouteRule(prefix: prefix, target: .name("web", port: 80))
        #expect(try Parse.route(path + "=web:80") == expected)
    }

    @Test func takesAddresses() throws {
        let address = try #require(SocketAddress(ip: "::1", port: 80))
        #expect(try Parse.route("/a=[::1]:80") == RouteRule(prefix: "/a", target: .address(address)))
    }

    @Test(arguments: ["", "/a", "web:80", "/a:web:80"])
    func refusesWhatIsNoRoute(text: String) {
        #expect(
            throws: Rejection("is no route; use PATH=HOST:PORT, such as /api=tweet-api:8080")
        ) { try Parse.route(text) }
    }

    @Test(arguments: ["=web:80", "a=web:80", "web:80=/a", " /a=web:80", "http://x/a=web:80", "*=web:80"])
    func refusesPathsWithoutSlash(text: String) {
        #expect(
            throws: Rejection("has a path that does not begin with /; use PATH=HOST:PORT, such as /api=tweet-api:8080")
        ) { try Parse.route(text) }
    }

    @Test(arguments: [
        "/a?", "/a?x=1", "/a#b", "/a b", "/a\t", "/a\n", "/\0", "/é", "/%", "/%2", "/%zz", "/%2g/", "/<", "/\"", "/\\",
        "/^", "/`", "/{id}", "/|", "/[a]",
    ])
    func refusesPathsThatNoRequestCanHave(path: String) {
        #expect(
            throws: Rejection(
                "has a path that no URL can have; use PATH=HOST:PORT with no query, and %20 for a space")
        ) { try Parse.route(path + "=web:80") }
    }

    @Test(arguments: [
        ("/a=", "has no port; use PATH=HOST:PORT, such as /api=tweet-api:8080"),
        ("/a=web", "has no port; use PATH=HOST:PORT, such as /api=tweet-api:8080"),
        ("/a=web:0", "has a wrong port; use PATH=HOST:PORT with a PORT from 1 to 65535"),
        ("/a=-:80", "names no host; use PATH=HOST:PORT with a DNS name, an IPv4 address or [IPv6]"),
        ("/a=::1:80", "lacks brackets; use PATH=HOST:PORT with an IPv6 address in brackets, such as [::1]:8080"),
        ("/a=http://web:80", "names more than a host and its port; use PATH=HOST:PORT, such as /api=tweet-api:8080"),
    ])
    func refusesWrongTargets(text: String, hint: String) {
        #expect(throws: Rejection(hint)) { try Parse.route(text) }
    }
}
