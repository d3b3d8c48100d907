import Testing

@testable import ConfigWatch

/// What nginx keeps out, and what is said where it is let in here.
@Suite struct NginxAccessTests {
    private static func lines(_ block: String) throws -> [String] {
        try NginxImportTests.server(block).split(separator: "\n").map(String.init)
    }

    private static func notes(_ block: String) throws -> [String] {
        try NginxImport("server { listen 80; \(block) }", name: "server.conf").notes.map(\.text)
    }

    @Test(arguments: ["deny all;", "return 403;", "return 401;", "return 404;", "return 444;", "internal;"])
    func refusesByCharacters(refusal: String) throws {
        let lines = try Self.lines("location / { proxy_pass http://a; } location /admin { \(refusal) }")
        #expect(lines.contains { $0.hasPrefix("\"~ ^/admin[^/]\": {reply: 4") })
    }

    @Test func refusesByCharactersBehindADot() throws {
        let lines = try Self.lines(
            """
            location / { proxy_pass http://a; }
            location /wp-login.php { deny all; }
            location ^~ /wp-login.phps { return 200; }
            location /tweet.html { allow 10.0.0.0/8; deny all; proxy_pass http://b; }
            """)
        #expect(lines.contains("'~ ^/wp-login\\.php(?!s)[^/]': {reply: 403}"))
        #expect(lines.contains { $0.hasPrefix("'~ ^/tweet\\.html[^/]': ") && $0.contains("allow: [10.0.0.0/8]") })
    }

    @Test func saysWhereLongerNamesAreLetIn() throws {
        let notes = try Self.notes(
            """
            location / { proxy_pass http://a; }
            location /ok { return 200; }
            location /shut { alias /srv; deny 10.0.0.0/8; }
            """)
        #expect(
            notes.suffix(2) == [
                "location takes /okx and the like as well; these are whole segments here: /ok",
                "location takes /shutx and the like as well; these are whole segments here: /shut. "
                    + "Longer names are let in!",
            ])
    }

    @Test(arguments: [
        ("($cookie_s = \"\")", "return 403;", true), ("($invalid_referer)", "return 403;", true),
        ("(-f /srv/closed)", "return 503;", true), ("($geoip_country_code = XX)", "return 444;", true),
        ("($geoip_country_code = XX)", "set $closed 1;", true), ("($geoip_country_code = XX)", "set $other 1;", false),
        ("($cookie_s = \"\")", "return 302 /login;", false),
    ])
    func warnsOfIfs(question: String, body: String, isWarning: Bool) throws {
        let notes = try Self.notes(
            """
            location / {
                set $closed 0;
                if \(question) { \(body) }
                if ($closed = 1) { return 403; }
                proxy_pass http://a;
            }
            """)
        let note = try #require(notes.first { $0.hasPrefix("if") })
        #expect(note.hasSuffix(". These requests are let in!") == isWarning)
    }

    @Test(arguments: ["limit_except GET { allow 10.0.0.0/8; deny all; }", "ssl_verify_client on;"])
    func warnsOfWhatIsLeftOut(directive: String) throws {
        #expect(try Self.notes("\(directive) location / { \(directive) return 200; }").contains { $0.hasSuffix("!") })
    }

    // MARK: Paths are percent-encoded

    @Test(arguments: [
        ("^/geheim privat", "^/geheim%20privat"), ("^/hô", "^/h%C3%B4"), (#"^/a\ b"#, "^/a%20b"),
        ("^/a ?b", "^/a(?:%20)?b"),
        ("^/é+$", "^/%C3(?:%A9)+$"), (#"^/a\sb"#, "^/a(?:%20|%0[9A-D])b"), (#"^/a\x20b\x41"#, #"^/a%20b\x41"#),
        ("^/[a b]", "^/[a b]"), ("^/[]a b] c", "^/[]a b]%20c"), ("^/[[:alpha:] ] \\[ ", "^/[[:alpha:] ]%20\\[%20"),
        ("(?x) ^/a b", "(?x) ^/a b"), ("^/a(?# b)c", "^/a(?# b)c"), (#"^/a\.b$"#, #"^/a\.b$"#),
    ])
    func encodesExpressions(pattern: String, encoded: String) {
        #expect(NginxExpression(pattern).ofEncodedPaths == encoded)
    }

    @Test(arguments: [
        ("^/[a b]", true), ("^/[é]", true), (#"^/[\s_]"#, true), ("^/[[:space:]]", true), (#"^/[\x20]"#, true),
        ("(?x) ^/é", true), ("^/a b", false), ("^/[a-z] é", false), (#"^/\s"#, false),
    ])
    func warnsOfClasses(pattern: String, isWarning: Bool) throws {
        #expect(NginxExpression(pattern).losesCharacters == isWarning)
        let notes = try Self.notes("location ~ \"\(pattern.replacing("\\", with: "\\\\"))\" { deny all; }")
        #expect(notes.contains { $0.hasPrefix("location ~") && $0.hasSuffix("!") } == isWarning)
    }

    @Test(arguments: ["~ ^/[^ ]+$", "~ (?x) ^/a b", "~ ^/a%20b", #"~ ^/a(?# b)"#])
    func takesExpressionsOfPaths(pattern: String) throws {
        _ = try Parse.routePattern(pattern)
    }

    @Test(arguments: ["~ ^/a b", "~* ^/é", "~ ^/a\tb", #"~ ^/a\ b"#, "~ [a]\u{7F}"])
    func refusesExpressionsOfNoPath(pattern: String) {
        #expect(throws: Rejection.self) { try Parse.routePattern(pattern) }
    }
}
