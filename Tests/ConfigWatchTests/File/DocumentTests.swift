import ProxyCore
import Testing

@testable import ConfigWatch

/// The environment, includes, anchors, bounds, warnings and secrets.
@Suite struct DocumentTests {
    @Test(
        arguments: [
            ("${A}", "x"), ("a${A}b${A}", "axbx"), ("${N:-d}", "d"), ("${E:-d}", "d"), ("${E}", ""), ("${A:-d}", "x"),
            ("$$", "$"), ("$${A}", "${A}"), ("$A", "$A"), ("a$", "a$"), ("${N:-}", ""), ("${A:?m}", "x"),
            ("^/a$", "^/a$"), ("$2y$10$x", "$2y$10$x"), ("${N:-a:b}", "a:b"),
        ])
    func putsTheEnvironmentIn(written: String, text: String) throws {
        #expect(try Substitution(written, ["A": "x", "E": ""]).text == text)
    }

    @Test(
        arguments: [
            ("${N}", "needs the environment's N, which is not set; set it, or use ${N:-DEFAULT}"),
            ("${N:?set N}", "needs the environment's N: set N"), ("${E:?set E}", "needs the environment's E: set E"),
            ("${N", "has a ${ without its }; use $$ for a dollar sign"),
            ("${}", "has a wrong ${}; use ${NAME}, ${NAME:-DEFAULT} or ${NAME:?MESSAGE}"),
            ("${1A}", "has a wrong ${}; use ${NAME}, ${NAME:-DEFAULT} or ${NAME:?MESSAGE}"),
            ("${A-b}", "has a wrong ${}; use ${NAME}, ${NAME:-DEFAULT} or ${NAME:?MESSAGE}"),
        ])
    func saysWhatTheEnvironmentLacks(written: String, hint: String) {
        #expect(throws: Rejection(hint)) { try Substitution(written, ["A": "x", "E": ""]) }
    }

    @Test func takesNothingFromTheEnvironmentButText() throws {
        let environment = ["HOST": "web:80}, /evil: {to: x:1", "N": "2"]
        #expect(messages("routes: {/: '${HOST}'}", environment: environment).count == 1)
        #expect(load("workers: ${N}\nroutes: {/: 'web:80'}", environment: environment).config?.workers == 2)
        #expect(
            messages("workers: ${M:-x}\nroutes: {/: 'web:80'}") == [
                #"1:10: error: workers: "${M:-x}" is no number; use one from 1 to 256"#
            ])
        #expect(
            messages("routes: {/: '${NOPE}'}") == [
                #"1:13: error: "${NOPE}" needs the environment's NOPE, which is not set; set it, or use ${NOPE:-DEFAULT}"#
            ])
    }

    @Test func readsIncludes() throws {
        let files = ConfigFiles([
            "balancer.yaml": "include: [common.yaml, sub/conf.d]\nworkers: 2\nlisten: :82\nroutes: {/: web}\n",
            "common.yaml": "workers: 1\nlog_level: debug\nlisten: :81\nservices: {web: 'web:80'}\n",
            "sub/conf.d/b.yml": "routes: {/b: web}\n",
            "sub/conf.d/a.yaml": "include: ../more.yaml\nroutes: {/a: api}\n",
            "sub/conf.d/.hidden.yaml": "nonsense",
            "sub/conf.d/readme.txt": "nonsense",
            "sub/more.yaml": "services: {api: 'api:80'}\nroutes: {/f: {files: conf.d}}\n",
        ])
        let outcome = files.load()
        let config = try #require(outcome.config, "\(outcome.diagnostics)")
        #expect(config.workers == 2, "the including file has the last word")
        #expect(config.logLevel == .debug)
        #expect(config.listeners == [.any(port: 81), .any(port: 82)])
        #expect(config.services.map(\.name) == ["web", "api"])
        #expect(config.routes.map(\.name) == ["/f", "/a", "/b", "/"])
        #expect(
            config.routes[0].action == .files(FileSettings(root: files.directory + "/sub/conf.d/../conf.d"))
                || config.routes[0].action == .files(FileSettings(root: files.directory + "/sub/conf.d/../conf.d")))
        for name in ["balancer.yaml", "common.yaml", "sub/conf.d", "sub/conf.d/a.yaml", "sub/conf.d/b.yml"] {
            #expect(outcome.watched.contains("\(files.directory)/\(name)"), "\(name)")
        }
    }

    @Test func namesTheFileThatIsWrong() {
        let files = [
            "conf.d/a.yaml": "routes: {/a: nope}\nservices: {web: 'a:1'}\n", "b.yaml": "include: balancer.yaml\n",
        ]
        let found = mistakes("include: [conf.d, b.yaml]\nservices: {web: 'b:1'}\n", files: files)
        #expect(found.count == 3)
        #expect(found.contains { $0.hasPrefix(#"conf.d/a.yaml:1:14: error: /a: "nope" is no service"#) })
        #expect(found.contains { $0.contains("balancer.yaml\" was read already; include each file once") })
        #expect(
            found.contains {
                $0.contains(#"balancer.yaml:2:12: error: "web" is there already, in "#)
                    || $0.hasPrefix(#"balancer.yaml:2:12: error: "web" is there already"#)
            })
    }

    @Test func resolvesAnchorsAndMergeKeys() throws {
        let text = """
            x-base: &base {policy: lc, slow_start: 1s}
            x-more: &more {policy: p2c, panic_threshold: 1%}
            services:
              a: {<<: *base, upstreams: &up "a:1"}
              b: {upstreams: *up, <<: [*base, *more], slow_start: 2s}
            routes: {/a: a, /b: b}
            """
        let services = try #require(load(text).config?.services)
        #expect(services.map(\.settings.policy) == [.leastConnections, .leastConnections])
        #expect(services.map(\.settings.slowStartMilliseconds) == [1_000, 2_000])
        #expect(services.map(\.settings.panicPercent) == [50, 1])
        #expect(services[0].upstreams == services[1].upstreams)
        #expect(
            messages("x: &x [1]\nroutes: {<<: *x}").contains {
                $0.contains("<<: is a list") || $0.contains("<<: is a single value")
            })
    }

    @Test(arguments: ["a11: *a10", "? *a10\n: x", "*a10 : x", "b: {[*a10]: 1}", "b: {<<: *a10}"])
    func survivesAliasBombs(end: String) {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...10 {
            let aliases = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
            text += "a\(level): &a\(level) [\(aliases)]\n"
        }
        let outcome = load(text + end + "\n")
        #expect(outcome.config == nil)
        #expect(
            outcome.diagnostics.contains {
                $0.message.hasPrefix("the file holds more") || $0.message.hasPrefix("a key is")
            })
    }

    @Test(arguments: [
        String(repeating: "[", count: 100_000), String(repeating: "- ", count: 100_000),
        String(repeating: "{a: ", count: 900) + String(repeating: "}", count: 900),
    ])
    func boundsNesting(text: String) {
        #expect(
            messages("a: \(text)").contains {
                $0.contains("is nested too deeply; use at most 64 levels") || $0.contains("no YAML")
            })
    }

    @Test func boundsSize() {
        #expect(
            mistakes(String(repeating: "#", count: 9_000_000)).first?.hasSuffix("error: the file is larger than 8MiB")
                == true)
    }

    @Test func warnsOfWhatHasNoEffect() {
        let text = """
            listen: :80
            services: {web: 'web:80', spare: 'spare:80'}
            routes:
              - {match: /a, to: web}
              - {match: GET /a, to: web}
              - {match: {path: /a/}, reply: 200}
              - {match: {path: /b, port: 81}, reply: 200}
              - {match: "a.test,b.test/", to: web}
              - {match: b.test/, to: web}
            """
        #expect(
            messages(text) == [
                #"2:27: warning: no route leads to the service "spare""#,
                "6:5: warning: the route is never used: that on line 4 takes all of its requests",
                "7:5: warning: the route is never used: nothing listens on port 81",
                "9:5: warning: the route is never used: that on line 8 takes all of its requests",
            ])
        #expect(load(text).config != nil, "a warning is no error")
    }

    @Test func warnsOfPreflightsThatNobodyAnswers() {
        let text = """
            services: {web: 'web:80'}
            routes:
              POST /alone: {to: web, cors: true}
              GET,HEAD /read: {to: web, cors: true}
              POST,OPTIONS /both: {to: web, cors: true}
              POST /shared: {to: web, cors: true}
              OPTIONS /shared/: {to: web, cors: true}
              POST /sharedby/none: {to: web, cors: true}
              PUT = /below/it: {to: web, cors: true}
              a.test/below: {to: web, cors: true}
              PUT a.test/below/it: {to: web, cors: true}
              DELETE /plain: {to: web}
              OPTIONS ~ ^/x: {to: web, cors: true}
              DELETE ~ ^/x: {to: web, cors: true}
            """
        let message = "warning: cors answers no preflight here: OPTIONS is not among the route's methods"
        #expect(messages(text) == ["3:3: \(message)", "8:3: \(message)", "9:3: \(message)"])
        #expect(messages("defaults: {route: {cors: true}}\nroutes: {/: 'web:80', POST /a: 'web:80'}").isEmpty)
    }

    /// Neither messages nor the lines that they quote show one, whatever else is wrong.
    @Test(
        arguments: [
            "services: {web: {upstreams: w:1, policy: {secret: hush, nmae: rr}}}",
            "services:\n  web:\n    policy:\n      secrte: hush\n",
            "services:\n  web:\n    policy:\n      secret: |\n        hush\n       hush\n",
            "services:\n  web:\n    policy: {secret: [hush]}\n",
            "routes: {/: {to: 'w:1', basic_auth: {users: {anna: hush, 'b:b': hush}}}}",
            "routes:\n  /:\n    basic_auth:\n      users:\n        anna: hush\n        bert: [hush]\n",
            "routes:\n  /:\n    basic_auth:\n      usres:\n        anna: hush\n",
            "routes: {/: {to: 'w:1', request_headers: {set: {Authorization: \"hush\\n\"}}}}",
            "routes: {/: {to: 'w:1', request_headers: {set: {X-Api-Key: 'hush{x'}}}}",
            "policy: {secret: hush\n",
            "workers: ${SECRET}\nroutes: {/: 'w:1'}",
            "x: $2y$10$hushhushhushhushhush\n",
        ])
    func keepsSecrets(text: String) {
        let found = mistakes(text, environment: ["SECRET": "hush"])
        #expect(!found.isEmpty)
        for mistake in found { #expect(!mistake.contains("hush"), "\(mistake)") }
    }

    @Test func refusesWrongUsers() {
        let users = "anna:$5$a$b\nnobody\nanna:$5$a$b\nbert:plain\ncarl:$apr1$a$b\n"
        let text = "routes: {/: {to: 'w:1', basic_auth: {users: users.txt}}}"
        #expect(
            mistakes(text, files: ["users.txt": users]) == [
                "users.txt:2: error: the line is no NAME:HASH",
                #"users.txt:3: error: the line names "anna" again; use it once"#,
                "users.txt:4: error: the line has a hash that is no hash of a password; make one with htpasswd -nB NAME",
                "users.txt:5: error: the line has a hash that is of a kind that is too weak; make one with htpasswd -nB NAME",
            ])
    }

    @Test(
        arguments: [
            ("polcy", ["policy", "health"], "policy"), ("plicy", ["policy"], "policy"),
            ("Policy", ["policy"], "policy"),
            ("body-limit", ["body_limit"], "body_limit"), ("ploicy", ["policy"], "policy"), ("x", ["policy"], nil),
            ("healht", ["policy", "health"], "health"), ("timeout", ["timeouts"], "timeouts"), ("", ["to"], nil),
        ] as [(String, [String], String?)])
    func findsWhatWasMeant(text: String, names: [String], expected: String?) {
        #expect(Suggestion.nearest(to: text, in: names) == expected)
    }
}
