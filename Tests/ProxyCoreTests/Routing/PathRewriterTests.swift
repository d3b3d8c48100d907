import Testing

@testable import ProxyCore

@Suite struct PathRewriterTests {
    /// The target that goes on, or why none does.
    private func rewrite(
        _ rewrite: PathRewrite, _ target: String, of pattern: PathPattern = .prefix("/api"), fields: String = ""
    ) throws -> String {
        let bytes = [UInt8](latin1: "GET \(target) HTTP/1.1\r\nHost: a.test\r\n\(fields)\r\n")
        var head = RequestHead()
        try #require(bytes.withRaw { head.parse($0) } == .complete(bytes.count))
        let rewriter = try PathRewriter(rewrite, for: pattern)
        let path = try #require(normalized(Array(bytes[bytes.withRaw { head.path($0) }])))
        var memory = MatchMemory()
        var captures = Captures()
        if case .regex(let text, let ignoresCase) = pattern {
            let expression = try RegularExpression(text, ignoresCase: ignoresCase)
            try #require(path.withRaw { expression.find(in: $0, with: &memory) } == .found)
            memory.readCaptures(expression.groupCount + 1, into: &captures)
        }
        var out = ByteBuffer(capacity: Limits.largeBlockBytes)
        let client = try #require(SocketAddress(ip: "192.0.2.7", port: 1))
        let outcome = bytes.withRaw { bytes in
            path.withRaw { path in
                let facts = RequestFacts(
                    bytes: bytes, path: path, captures: captures, client: client, port: 80,
                    id: RequestID(high: 0, low: 0))
                return rewriter.rewrite(head, facts, with: &memory, to: &out)
            }
        }
        return outcome == .rewritten ? out.text : "\(outcome)"
    }

    @Test(arguments: [
        ("/api", "/"), ("/api/", "/"), ("/api/a", "/a"), ("/api?x=1", "/?x=1"), ("/api/a/b?x", "/a/b?x"),
        ("/%61pi/b", "/b"),
    ])
    func aPrefixIsStripped(target: String, expected: String) throws {
        for pattern in [PathPattern.prefix("/api"), .prefix("/api/"), .prefix("/%61pi", beforeRegex: true)] {
            #expect(try rewrite(.stripPrefix, target, of: pattern) == expected)
        }
    }

    @Test(arguments: [
        ("/x", "/api", "/x"), ("/x", "/api/", "/x/"), ("/x/", "/api/a", "/x/a"), ("/", "/api/a?q", "/a?q"),
        ("/", "/api", "/"), ("/x/y", "/api/a", "/x/y/a"),
    ])
    func aPrefixIsReplaced(path: String, target: String, expected: String) throws {
        #expect(try rewrite(.replacePrefix(path), target) == expected)
    }

    @Test func aPathIsMadeOfGroups() throws {
        let pattern = PathPattern.regex("^/u/(?<user>[^/]+)/([0-9]+)?", ignoresCase: false)
        let template = Template(parts: [
            .text("/users/"), .variable(.namedGroup("user")), .text("/"), .variable(.group(2)),
        ])
        #expect(try rewrite(.path(template), "/u/ann/17?q=1", of: pattern) == "/users/ann/17?q=1")
        #expect(try rewrite(.path(template), "/u/ann/", of: pattern) == "/users/ann/")
        let withQuery = Template(parts: [.text("/find?user="), .variable(.group(1))])
        #expect(try rewrite(.path(withQuery), "/u/ann/17?q=1", of: pattern) == "/find?user=ann")
    }

    @Test(arguments: [
        ("^/api/v[0-9]+", "/latest", "/api/v2/x?q", "/latest/x?q"), ("x", "", "/api/x/y", "/api/y"),
        ("none", "/z", "/api/x", "/api/x"), ("^/api", "", "/api", "/"), ("^/api/", "", "/api/b", "/b"),
        ("/(x)$", "/{1}{1}", "/api/x", "/api/xx"),
    ])
    func whatAnExpressionFindsIsReplaced(
        pattern: String, replacement: String, target: String, expected: String
    ) throws {
        let parts = replacement.replacing("{1}", with: "\u{1}").split(
            separator: "\u{1}", omittingEmptySubsequences: false)
        let template = Template(
            parts: Array(parts.map { [Template.Part.text(String($0))] }.joined(separator: [.variable(.group(1))])))
        #expect(try rewrite(.regex(pattern: pattern, replacement: template), target) == expected)
    }

    /// What a request brings into a path is no more trusted than a path.
    @Test func variablesCannotBreakOut() throws {
        func path(_ variable: Variable) -> PathRewrite {
            .path(Template(parts: [.text("/files/"), .variable(variable)]))
        }
        #expect(try rewrite(path(.field("x")), "/", fields: "X: a b#c\u{E9}\r\n") == "/files/a%20b%23c%E9")
        #expect(try rewrite(path(.field("x")), "/", fields: "X: ../../etc\r\n") == "refused")
        #expect(try rewrite(path(.field("x")), "/", fields: "X: a/../b\r\n") == "/files/b")
        #expect(try rewrite(path(.field("x")), "/", fields: "X: a/..;/b\r\n") == "refused")
        #expect(try rewrite(path(.field("x")), "/", fields: "X: %zz\r\n") == "refused")
        #expect(try rewrite(.path(Template(parts: [.variable(.field("x"))])), "/a?q") == "/?q")
        #expect(try rewrite(.path(Template("x")), "/a?q") == "/x?q")
        #expect(try rewrite(.path(Template("?x")), "/a?q") == "/?x")
    }

    @Test func aTargetHasALength() throws {
        let long = String(repeating: "a", count: 8_000)
        let template = Template(parts: [.variable(.path), .variable(.path)])
        #expect(try rewrite(.path(template), "/\(long)") == "tooLong")
    }
}
