import ProxyCore
import Testing

@testable import ConfigWatch

/// What patterns, actions and modifiers become.
@Suite struct RouteEffectTests {
    private func match(_ pattern: String) throws -> RouteMatch { try Parse.routePattern(pattern) }

    @Test(
        arguments: [
            ("/", .prefix("/")), ("/a/", .prefix("/a")), ("= /a/", .exact("/a/")),
            ("^~ /a", .prefix("/a", beforeRegex: true)),
            ("~ ^/[a b]$", .regex("^/[a b]$", ignoresCase: false)),
            ("~* \\.png$", .regex("\\.png$", ignoresCase: true)),
            ("/é", .prefix("/%C3%A9")), ("/%7ea%2f", .prefix("/~a%2F")),
        ] as [(String, PathPattern)])
    func readsPaths(pattern: String, path: PathPattern) throws {
        #expect(try match(pattern) == RouteMatch(path: path))
        #expect(try match("api.test \(pattern)").hosts == [.exact("api.test")])
        #expect(try match("GET,M-SEARCH *.test. \(pattern)").methods == ["GET", "M-SEARCH"])
    }

    @Test func readsHosts() throws {
        #expect(try match("API.test/v1").hosts == [.exact("api.test")])
        #expect(try match("a.test,*.b.test,[::1]/v1").hosts == [.exact("a.test"), .below("b.test"), .exact("[::1]")])
        #expect(try match("GET api.test/").path == .prefix("/"))
        #expect(try match("* /a").hosts == [])
        #expect(try match("localhost/").hosts == [.exact("localhost")])
    }

    @Test func readsConditions() throws {
        let text = """
            listen: [':80', ':81']
            routes:
              - match:
                  port: [80, 81]
                  host: [a.test, "*.b.test"]
                  path: = /x
                  method: [GET, HEAD]
                  header: {X-User: anna, X-Beta: true, X-Old: false, X-Re: ~^a, X-Text: "true"}
                  query: {debug: 1}
                  client: [10.0.0.0/8, "::1"]
                to: web:80
              - {match: GET /y, to: 'web:80'}
            """
        let config = try #require(load(text).config)
        var expected = RouteMatch(path: .exact("/x"))
        expected.ports = [80, 81]
        expected.hosts = [.exact("a.test"), .below("b.test")]
        expected.methods = ["GET", "HEAD"]
        expected.fields = [
            ValueCondition(name: "x-user", test: .equals("anna")), ValueCondition(name: "x-beta", test: .present),
            ValueCondition(name: "x-old", test: .absent), ValueCondition(name: "x-re", test: .regex("^a")),
            ValueCondition(name: "x-text", test: .equals("true")),
        ]
        expected.query = [ValueCondition(name: "debug", test: .equals("1"))]
        expected.clients = [
            Network(address: try #require(SocketAddress(ip: "10.0.0.0", port: 0)), prefixBits: 8),
            Network(address: try #require(SocketAddress(ip: "::1", port: 0)), prefixBits: 128),
        ]
        #expect(config.routes.map(\.match.path) == [.exact("/x"), .prefix("/y")])
        #expect(config.routes[0].match == expected)
        #expect(config.routes.map(\.name) == ["GET,HEAD a.test,*.b.test = /x", "GET /y"])
    }

    private func route(_ text: String, files: [String: String] = [:]) throws -> Route {
        let outcome = load("services: {web: 'web:80'}\nroutes:\n  /p: web\n  \(text)\n", files: files)
        return try #require(outcome.config?.routes.last, "\(outcome.diagnostics)")
    }

    @Test func readsActions() throws {
        #expect(
            try route("/: {redirect: '/x{query}'}").action
                == .redirect(
                    Redirect(status: 302, location: Template(parts: [.text("/x"), .variable(.query)]))))
        #expect(
            try route("/: {redirect: {to: /x, status: 308}}").action
                == .redirect(Redirect(status: 308, location: Template("/x"))))
        #expect(
            try route("/: {reply: 404}").action == .reply(FixedReply(status: 404, contentType: "", body: Template(""))))
        #expect(
            try route("/: {reply: {text: '{a}', status: 201}}").action
                == .reply(FixedReply(status: 201, contentType: "text/plain; charset=utf-8", body: Template("{a}"))))
        #expect(
            try route("/: {reply: {json: {a: [1, b, true, ~, '2', -1.5e3, 01]}}}").action
                == .reply(
                    FixedReply(
                        status: 200, contentType: "application/json",
                        body: Template(#"{"a":[1,"b",true,null,"2",-1.5e3,"01"]}"#))))
        #expect(
            try route("/: {reply: {template: 'at {path}{{}}', type: text/x}}").action
                == .reply(
                    FixedReply(
                        status: 200, contentType: "text/x",
                        body: Template(parts: [.text("at "), .variable(.path), .text("{}")]))))
        guard case .reply(let silent) = try route("/: {reply: 444}").action else { throw Rejection("no reply") }
        #expect(silent.closesSilently)
    }

    @Test func readsFiles() throws {
        let files = ConfigFiles(["public/index.html": "hi"])
        files.write(
            """
            services: {web: 'web:80'}
            routes:
              /: {files: public}
              /a:
                files:
                  root: ./public
                  index: [a.html, b.html]
                  precompressed: off
                  missing: {to: web}
                  types: {.WASM: application/wasm}
                  hide_dot_files: off
              /b: {files: {root: public, missing: /index.html}}
              /c: {files: {root: public, missing: 410}}
            """, to: "balancer.yaml")
        let outcome = files.load()
        let config = try #require(outcome.config, "\(outcome.diagnostics)")
        let root = files.directory + "/public"
        var second = FileSettings(root: root)
        second.index = ["a.html", "b.html"]
        second.precompressed = false
        second.missing = .forward(service: 0)
        second.contentTypes = ["wasm": "application/wasm"]
        second.hidesDotFiles = false
        var third = FileSettings(root: root)
        third.missing = .file("/index.html")
        var fourth = FileSettings(root: root)
        fourth.missing = .status(410)
        #expect(config.routes.map(\.action) == [FileSettings(root: root), second, third, fourth].map { .files($0) })
    }

    private static let modifiers: [(String, @Sendable (inout RouteModifiers) -> Void)] = [
        ("strip_prefix: true", { $0.rewrite = .stripPrefix }), ("strip_prefix: off", { _ in }),
        ("replace_prefix: /x", { $0.rewrite = .replacePrefix("/x") }),
        ("rewrite: '/x{path}'", { $0.rewrite = .path(Template(parts: [.text("/x"), .variable(.path)])) }),
        (
            "rewrite: {regex: '^/(a)', with: '/{1}{0}'}",
            {
                $0.rewrite = .regex(
                    pattern: "^/(a)",
                    replacement: Template(parts: [.text("/"), .variable(.group(1)), .variable(.group(0))]))
            }
        ),
        (
            "request_headers: {set: {X-A: '{header.X-B}{cookie.c}'}, add: {X-C: [1, 2]}, remove: [X-D]}",
            {
                $0.requestFields = [
                    FieldChange(
                        name: "X-A", change: .set(Template(parts: [.variable(.field("x-b")), .variable(.cookie("c"))]))),
                    FieldChange(name: "X-C", change: .add(Template("1"))),
                    FieldChange(name: "X-C", change: .add(Template("2"))), FieldChange(name: "X-D", change: .remove),
                ]
            }
        ),
        (
            "response_headers: {remove: Server}",
            { $0.responseFields = [FieldChange(name: "Server", change: .remove)] }
        ),
        (
            "timeouts: {response: 1s, body: 2s, tunnel: 3s}",
            {
                $0.timeouts.responseMilliseconds = 1_000
                $0.timeouts.bodyMilliseconds = 2_000
                $0.timeouts.tunnelMilliseconds = 3_000
            }
        ),
        (
            "retries: {attempts: 2}",
            {
                var retries = RetrySettings()
                retries.attemptsMax = 2
                $0.retries = retries
            }
        ),
        ("body_limit: 10MiB", { $0.bodyBytesMax = 10 * 1024 * 1024 }), ("log: off", { $0.isLogged = false }),
        ("cors: true", { $0.cors = CORSSettings(origins: ["*"]) }), ("cors: false", { _ in }),
        ("cors: https://Shop.test", { $0.cors = CORSSettings(origins: ["https://shop.test"]) }),
        (
            "cors: {origins: [https://a.test], methods: PUT, headers: X-A, expose: X-B, credentials: on, max_age: 1m}",
            {
                var cors = CORSSettings(origins: ["https://a.test"])
                cors.methods = ["PUT"]
                cors.requestFields = ["X-A"]
                cors.exposedFields = ["X-B"]
                cors.allowsCredentials = true
                cors.maxAgeSeconds = 60
                $0.cors = cors
            }
        ),
        (
            "basic_auth: {realm: zone, users: {anna: '$2y$10$abcdefghijklmnopqrstuv'}}",
            { $0.basicAuth = BasicAuth(realm: "zone", users: ["anna": "$2y$10$abcdefghijklmnopqrstuv"]) }
        ),
        (
            "basic_auth: {users: users.txt}",
            { $0.basicAuth = BasicAuth(realm: "restricted", users: ["anna": "$5$salt$hash", "bert": "$6$salt$hash"]) }
        ),
        (
            "access: [allow 10.0.0.1, deny all]",
            {
                $0.access = [rule("10.0.0.1", 32, true), rule("0.0.0.0", 0, false), rule("::", 0, false)]
            }
        ),
        (
            "deny: 10.0.0.1\n    allow: 10.0.0.0/8",
            {
                $0.access = [
                    rule("10.0.0.1", 32, false), rule("10.0.0.0", 8, true), rule("0.0.0.0", 0, false),
                    rule("::", 0, false),
                ]
            }
        ),
        ("compress: true", { $0.compression = CompressionSettings() }), ("compress: off", { _ in }),
        (
            "compress: [brotli, gzip]",
            {
                $0.compression = CompressionSettings()
                $0.compression?.codings = [.brotli, .gzip]
            }
        ),
        (
            "compress: {codings: zstd, min_size: 1KiB, types: text/*, level: 9}",
            {
                $0.compression = CompressionSettings()
                $0.compression?.codings = [.zstd]
                $0.compression?.types = ["text/*"]
                $0.compression?.level = 9
            }
        ),
        (
            "error_pages: {404: page.html, '500-599': {json: {a: 1}, status: 503, type: text/x, upstream: true}}",
            {
                $0.errorPages = [
                    ErrorPage(
                        statuses: [404...404], contentType: "text/html; charset=utf-8", body: Array("gone".utf8),
                        coversUpstream: false),
                    ErrorPage(
                        statuses: [500...599], status: 503, contentType: "text/x", body: Array(#"{"a":1}"#.utf8),
                        coversUpstream: true),
                ]
            }
        ),
        ("mirror: web", { $0.mirror = Mirror(service: 0) }),
        ("mirror: {to: web, percent: 5%}", { $0.mirror = Mirror(service: 0, percent: 5) }),
    ]

    private static let files = ["page.html": "gone", "users.txt": "# staff\nanna:$5$salt$hash\n\nbert:$6$salt$hash\n"]

    @Test(arguments: modifiers.indices)
    func doesWhatAModifierSays(index: Int) throws {
        let (text, effect) = Self.modifiers[index]
        var expected = RouteModifiers()
        effect(&expected)
        let route = try route("/:\n    to: web\n    \(text)", files: Self.files)
        #expect(route.modifiers == expected, "\(text)")
        guard !text.contains("\n") else { return }
        let outcome = load(
            "defaults: {route: {\(text)}}\nservices: {web: 'web:80'}\nroutes: {/: web}", files: Self.files)
        #expect(outcome.config?.routes.first?.modifiers == expected, "\(text) \(outcome.diagnostics)")
    }

    @Test func coversEveryModifier() {
        let texts = Self.modifiers.map(\.0).joined(separator: "\n")
        let groups: [[KeyDescription]] = [
            ModifierKeys.all.descriptions(), RewriteKeys.all.descriptions(), HeaderKeys.all.descriptions(),
            RouteTimeoutKeys.all.descriptions(), CompressKeys.all.descriptions(), MirrorKeys.all.descriptions(),
            CORSKeys.all.descriptions(), BasicAuthKeys.all.descriptions(),
        ]
        for key in groups.joined() { #expect(texts.contains("\(key.name): "), "\(key.name)") }
    }

    @Test func letsARouteSayOtherwiseThanTheDefaults() throws {
        let text = """
            defaults:
              route:
                compress: true
                access: [deny all]
                retries: {attempts: 2}
                strip_prefix: on
                response_headers: {set: {X-A: 1}}
                error_pages: {500: {text: default}}
            services:
              web: {upstreams: web:80, retries: {budget: 7%}}
            routes:
              /:
                to: web
                compress: off
                allow: 10.0.0.0/8
                retries: {body: 1KiB}
                rewrite: /x
                response_headers: {set: {X-B: 2}}
                error_pages: {500: {text: own}}
            """
        let modifiers = try #require(load(text).config?.routes.first?.modifiers)
        #expect(modifiers.compression == nil)
        #expect(modifiers.access.count == 3)
        #expect(modifiers.retries?.attemptsMax == 2)
        #expect(modifiers.retries?.budgetPercent == 7)
        #expect(modifiers.retries?.bodyBytesMax == 1024)
        #expect(modifiers.rewrite == .path(Template("/x")))
        #expect(modifiers.responseFields.map(\.name) == ["X-A", "X-B"], "fields add up")
        #expect(modifiers.errorPages.map { String(decoding: $0.body, as: UTF8.self) } == ["own", "default"])
    }
}

private func rule(_ ip: String, _ bits: Int, _ allows: Bool) -> AccessRule {
    AccessRule(
        network: Network(address: SocketAddress(ip: ip, port: 0) ?? .anyIPv4(port: 0), prefixBits: bits), allows: allows
    )
}
