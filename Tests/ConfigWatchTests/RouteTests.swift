import ProxyCore
import Testing

@testable import ConfigWatch

@Suite struct RouteTests {
    @Test(arguments: [
        ("/", "/"), ("//", "/"), ("/a", "/a"), ("/a/", "/a"), ("/a//", "/a"), ("/a/b", "/a/b"), ("/a//b/", "/a//b"),
        ("/tweet.html", "/tweet.html"), ("/%C3%A9", "/%C3%A9"), ("/a=b", "/a=b"), ("/=", "/="),
        ("/a;v=1,2", "/a;v=1,2"), ("/a=b,c=d/", "/a=b,c=d"), ("/a:b,c:d", "/a:b,c:d"),
        ("/~user/@me:!$&'()*+", "/~user/@me:!$&'()*+"), ("/A", "/A"),
    ])
    func accepts(path: String, prefix: String) throws {
        let expected = RouteRule(prefix: prefix, upstream: Upstream(.name("web", port: 80)))
        #expect(try Parse.route(path + "=web:80") == expected)
    }

    @Test func takesAddresses() throws {
        let address = try #require(SocketAddress(ip: "::1", port: 80))
        #expect(try Parse.route("/a=[::1]:80") == RouteRule(prefix: "/a", upstream: Upstream(.address(address))))
    }

    @Test func takesRolesAndServiceRecords() throws {
        #expect(
            try Parse.route("/a;v=1,2=web:80,weight=3,backup")
                == RouteRule(
                    prefix: "/a;v=1,2", upstream: Upstream(.name("web", port: 80), weight: 3, isBackup: true)))
        #expect(
            try Parse.route("/a=srv:_http._tcp.web,priority=1")
                == RouteRule(prefix: "/a", upstream: Upstream(.service("_http._tcp.web"), priority: 1)))
    }

    @Test(arguments: ["/a=web:80,/b=api:80", "/a=web:80,api:80", "/a=web:80,wieght=3", "/a=web:80,x=api:80"])
    func takesNothingBehindATargetForAPath(text: String) {
        #expect(
            throws: Rejection("has an unknown role; use PATH=HOST:PORT[,weight=N][,priority=N][,backup]")
        ) { try Parse.route(text) }
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
