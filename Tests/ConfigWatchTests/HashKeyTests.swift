import ProxyCore
import Testing

@testable import ConfigWatch

@Suite struct HashKeyTests {
    @Test(
        arguments: [
            ("client", .client), ("uri", .uri), ("header:x-user", .header("x-user")),
            ("header:a!#$%&'*+-.^_`|~9", .header("a!#$%&'*+-.^_`|~9")),
            ("cookie:Session", .cookie("Session")),
        ] as [(String, HashKey)])
    func readsAndWrites(text: String, expected: HashKey) throws {
        #expect(try Parse.hashKey(text) == expected)
        #expect(hashKeyText(expected) == text)
    }

    @Test func foldsFieldNamesAndNotCookieNames() throws {
        #expect(try Parse.hashKey("header:X-User") == .header("x-user"))
        #expect(try Parse.hashKey("cookie:X-User") == .cookie("X-User"))
    }

    @Test(arguments: [
        "", "ip", "Client", "url", "header", "header:", "cookie:", "header:x user", "header:x:y", "cookie:a=b",
        "cookie:a;b",
        "header:é", "header:a\0", "client:x", "uri:", "query:x", "header: x",
        "header:" + String(repeating: "a", count: 129),
    ])
    func refusesOthers(text: String) {
        #expect(
            throws: Rejection("is no hash key; use client, uri, header:NAME or cookie:NAME, such as header:x-user")
        ) { try Parse.hashKey(text) }
    }

    @Test(arguments: ["a", "balancer", "__Host-balancer", String(repeating: "a", count: 128)])
    func acceptsCookieNames(name: String) throws {
        #expect(try Parse.cookieName(name) == name)
    }

    @Test(arguments: ["", "a b", "a=b", "a;b", "a,b", "\"a\"", "a\n", "ä", String(repeating: "a", count: 129)])
    func refusesOtherCookieNames(name: String) {
        #expect(
            throws: Rejection("is no cookie's name; use up to 128 letters, digits and marks such as - and _")
        ) { try Parse.cookieName(name) }
    }
}
