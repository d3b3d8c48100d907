import Testing

@testable import ConfigWatch

@Suite struct NginxExpressionTests {
    @Test(arguments: [
        (#"^/old/(.*)$"#, "/old/"), (#"^/a\.b"#, "/a.b"), (#"^/ab?c"#, "/a"), (#"/a"#, ""), (#"^/a|/b"#, ""),
        (#"^/a\d"#, "/a"), (#"^/(a|b)"#, "/"), (#"^/ab*"#, "/a"),
    ])
    func literalStart(pattern: String, start: String) {
        #expect(NginxExpression(pattern).literalStart == start)
    }

    @Test func onlyMatch() {
        #expect(NginxExpression(#"^/old\.html$"#).onlyMatch == "/old.html")
        #expect(NginxExpression(#"^/old"#).onlyMatch == nil)
        #expect(NginxExpression(#"^/old$"#, ignoresCase: true).onlyMatch == nil)
    }

    @Test func scopes() {
        let images = NginxExpression(#"\.png$"#)
        #expect(images.scoped(inside: "/a/").pattern == #"^(?=/a/).*?(?:\.png$)"#)
        #expect(images.scoped(outside: ["/a.b/"]).pattern == #"^(?!/a\.b/).*?(?:\.png$)"#)
        #expect(NginxExpression("^/a/b$").scoped(inside: "/a/").pattern == "^/a/b$")
        #expect(NginxExpression("^/a/b$").scoped(outside: ["/c/"]).pattern == "^/a/b$")
        #expect(images.within(NginxExpression("^/x/")).pattern == #"^(?=.*?(?:\.png$))/x/"#)
        #expect(images.within(NginxExpression("/x/", ignoresCase: true)).pattern == #"^(?=.*?(?-i:\.png$)).*?(?:/x/)"#)
    }

    @Test func wholePath() {
        #expect(NginxExpression("^/a/(.*)$").ofWholePath.pattern == "^/a/(.*)$")
        #expect(NginxExpression("^/a").ofWholePath.pattern == "^/a.*$")
        #expect(NginxExpression("b").ofWholePath.pattern == "^.*?(?:b).*$")
    }

    @Test(arguments: [
        ("^/a$", 0), ("^/(a)(?:b)(?=c)(?<!d)(?<e>f)$", 2), (#"\((a)[(](b)"#, 2), ("(?P<a>b(c))", 2), ("(?i)a", 0),
    ])
    func groups(pattern: String, count: Int) { #expect(NginxExpression(pattern).groupCount == count) }

    @Test func names() {
        #expect(NginxExpression(#"\.(js|css)$"#).extensions == ["js", "css"])
        #expect(NginxExpression(#"\.(?:js|css)$"#).extensions == ["js", "css"])
        #expect(NginxExpression(#"\.php$"#).extensions == ["php"])
        #expect(NginxExpression(#"^/a\.php$"#).extensions == nil)
        #expect(NginxExpression("^/(?<one>a)(?P<two>b)(?:c)(?=d)").groupNames == ["one", "two"])
    }
}

@Suite struct NginxTextTests {
    @Test(arguments: [
        ("https://$host$request_uri", "https://{host}{uri}"), ("${scheme}://x", "{scheme}://x"),
        ("/a$is_args$args", "/a{query}"), ("/a?$args", "/a{query}"), ("/new/$1", "/new/{1}"),
        ("$http_x_user", "{header.x-user}"), ("$cookie_sid-$arg_q", "{cookie.sid}-{query.q}"),
        ("{$remote_addr}", "{{{client}}}"), ("$name", "{name}"), ("$set/$1", "/v1/{1}"), ("$", "$"),
    ])
    func templates(text: String, template: String) throws {
        var variables = NginxVariables()
        variables.groupCount = 2
        variables.groups = ["name"]
        variables.set("set", NginxText("/v1"))
        #expect(try variables.template(text).get() == template)
    }

    @Test(arguments: ["$upstream_addr", "$args"])
    func unknown(text: String) {
        var variables = NginxVariables()
        variables.groupCount = 2
        #expect(throws: NginxUnknownVariable.self) { try variables.template(text).get() }
    }
}

@Suite struct NginxValueTests {
    @Test(arguments: [("1m", 1_048_576), ("10K", 10_240), ("7", 7), ("2g", 2_147_483_648)])
    func sizes(text: String, bytes: Int) { #expect(NginxValue.bytes(text) == bytes) }

    @Test(arguments: ["", "m", "1t", "-1", "99999999999999999999", "9999999999999g"])
    func noSizes(text: String) { #expect(NginxValue.bytes(text) == nil) }

    @Test(arguments: [("60", "1m"), ("90s", "90s"), ("1m30s", "90s"), ("500ms", "500ms"), ("1d", "24h")])
    func times(text: String, duration: String) { #expect(NginxValue.duration(text) == duration) }

    @Test(arguments: ["", "0", "s", "1x", "99999999999999d", "1y"])
    func noTimes(text: String) { #expect(NginxValue.duration(text) == nil) }
}
