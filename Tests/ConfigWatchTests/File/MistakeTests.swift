import Testing

@testable import ConfigWatch

/// What a person reads who has made a mistake, word by word.
@Suite struct MistakeTests {
    @Test func showsTheLineAndWhatWasMeant() {
        #expect(
            mistakes("services:\n  web:\n    upstreams: web:80\n    polcy: rr\nroutes: {/: web}\n") == [
                """
                balancer.yaml:4:5: error: unknown key "polcy"; did you mean "policy"?
                    polcy: rr
                    ^~~~~
                """
            ])
    }

    @Test func namesAllAtOnceInTheOrderOfTheLines() {
        let text = """
            routes: {/: "web:80"}
            timeouts:
              heder: 1s
              body: 10
            workers: many
            log_level: loud
            """
        #expect(
            messages(text) == [
                #"3:3: error: unknown key "heder"; did you mean "header"?"#,
                #"4:9: error: body: "10" is no duration; use a number with ms, s, m or h, such as 500ms, 1.5s or 2m"#,
                #"5:10: error: workers: "many" is no number; use one from 1 to 256"#,
                #"6:12: error: log_level: "loud" is no log level; use trace, debug, info, notice, warning, error or critical"#,
            ])
    }

    /// Each with a route, so that only this is wrong.
    @Test(
        arguments: [
            ("listen: []", "1:9: error: listen: is an empty list; give it a value, or leave the key away"),
            ("listen: [':80', ':81', ':80']", #"1:24: error: listen: ":80" is there already; use it once"#),
            ("listen: [:80]", "1:10: error: what begins with a colon needs quotes here"),
            ("listen: {port: 80}", "1:9: error: listen: is a mapping; use a single value"),
            ("admin:", "1:7: error: admin: is empty; give it a value, or leave the key away"),
            ("admin: :8080", #"1:8: error: admin: ":8080" is where clients are served; use another port"#),
            (
                "timeouts: 10s",
                "1:11: error: timeouts: is a single value; use a mapping of keys such as header, body or idle"
            ),
            ("timeouts: [10s]", "1:11: error: timeouts: is a list; use a mapping of keys such as header, body or idle"),
            ("drain_timeout: [10s]", "1:16: error: drain_timeout: is a list; use a single value"),
            (
                "resolver: {servers: [dns]}",
                #"1:22: error: servers: "dns" is no name server's address; use IP or IP:PORT, such as 127.0.0.11 or [::1]:53"#
            ),
            (
                "access_log: /nonexistent/log",
                #"1:13: error: access_log: "/nonexistent/log" is in no directory: nothing is there"#
            ),
            ("x: 1", #"1:1: error: unknown key "x"; there is none like it here"#),
            ("clients: {ages: 1h}", #"1:11: error: unknown key "ages"; did you mean "age"?"#),
            ("clients: {time: 1h}", #"1:11: error: unknown key "time"; use age or requests"#),
            ("drain-timeout: 1s", #"1:1: error: unknown key "drain-timeout"; did you mean "drain_timeout"?"#),
            (
                "defaults: {service: {upstreams: a:1}}",
                #"1:22: error: unknown key "upstreams"; use policy, health, ejection, panic_threshold, slow_start, retries or limits"#
            ),
            (
                "include: nowhere.yaml",
                #"1:10: error: include: "nowhere.yaml" is no file or directory: nothing is there"#
            ),
            ("services: [a]", "1:11: error: services: is a list; use a mapping of keys such as web or api"),
            ("services: {a: {}}", #"1:12: error: service "a" has no upstreams; use upstreams: HOST:PORT"#),
            ("services: {a: web}", #"1:15: error: a: "web" has no port; use HOST:PORT, such as tweet-ui:8080"#),
            ("services: {a: [b:1, 'b:1,backup']}", #"1:21: error: a: "b:1" is there already; use each target once"#),
            (
                "services: {a b: c:1}",
                #"1:12: error: "a b" is no service's name; use letters, digits and marks such as - and _"#
            ),
            (
                "a: [1",
                "2:7: error: no YAML: did not find expected ',' or ']', while parsing a flow sequence that begins on line 1"
            ),
        ] as [(String, String)])
    func saysWhatIsWrong(text: String, message: String) {
        let found = messages(text + "\nroutes: {/: \"web:80\"}\n")
        #expect(found.filter { !$0.contains("warning") } == [message])
    }

    @Test(
        arguments: [
            ("/: wbe", #"4:6: error: /: "wbe" is no service; did you mean "web"?"#),
            ("/: nginx", #"4:6: error: /: "nginx" is no service; use the name of one under services, or HOST:PORT"#),
            ("/: {to: web, reply: 200}", #"4:23: error: "to" and "reply" exclude each other; a route does one thing"#),
            (
                "/: {strip_prefix: on}",
                "4:3: error: the route does nothing; give it one of to, redirect, reply and files"
            ),
            ("/: {to: {web: 0}}", "4:11: error: to: sends requests nowhere; give a service a weight above 0"),
            ("/: {to: {web: -1}}", #"4:17: error: web: "-1" is no number; use one from 0 to 1000000"#),
            ("api: web", #"4:3: error: route "api" has no path; use "/api" for a path or "api/" for all of a host"#),
            ("GET: web", #"4:3: error: route "GET" has methods and no path; use METHOD PATH, such as GET /"#),
            (
                "/a?b: web",
                #"4:3: error: route "/a?b" has a character that no path can have; use no query, and percent-encode what is left"#
            ),
            (
                "/a/../b: web",
                #"4:3: error: route "/a/../b" would match nothing: // and dot segments are taken out of paths before"#
            ),
            (
                "'GET a_b-/x': web",
                #"4:8: error: route "GET a_b-/x" has a wrong host; use a DNS name such as api.example.com, or *.example.com for all below it"#
            ),
            ("'~ ^/(a': web", #"4:10: error: route "~ ^/(a" has a wrong expression: missing closing parenthesis"#),
            (
                "'~ ^/my dir/': web",
                #"4:10: error: route "~ ^/my dir/" has a blank in its expression, "#
                    + "where paths are percent-encoded; write %20 for it"
            ),
            (
                "'~* ^/café': web",
                "4:12: error: route \"~* ^/café\" has \"é\" in its expression, "
                    + "where paths are percent-encoded; write %C3%A9 for it"
            ),
            ("'=': web", #"4:3: error: route "=" has nothing behind =; use = and a path"#),
            (
                "/: {redirect: 'https://{hots}/'}",
                #"4:26: error: redirect: "https://{hots}/" names an unknown variable {hots}; did you mean {host}?"#
            ),
            (
                "/: {redirect: 'https://{host'}",
                #"4:26: error: redirect: "https://{host" has a { without its }; use {{ for a brace"#
            ),
            (
                "/: {redirect: example.com}",
                #"4:17: error: redirect: "example.com" is no URL; use https://HOST/PATH, or a path that begins with /"#
            ),
            (
                "/: {redirect: {to: /x, status: 200}}",
                #"4:34: error: status: "200" redirects nobody; use 301, 302, 303, 307 or 308"#
            ),
            (
                "/: {redirect: '/{1}'}",
                #"4:19: error: redirect: "/{1}" names {1}; only a route with an expression (~) has groups"#
            ),
            ("'~ ^/(a)': {redirect: '/{2}'}", #"4:27: error: redirect: "/{2}" names {2}; the expression has 1 groups"#),
            (
                "'~ ^/(?<user>a)': {redirect: '/{usr}'}",
                #"4:34: error: redirect: "/{usr}" names {usr}; did you mean {user}?"#
            ),
            (
                "'~ ^/a': {to: web, strip_prefix: on}",
                "4:36: error: strip_prefix: an expression matches no prefix; use rewrite with {1} and the like"
            ),
            (
                "/: {reply: {text: a, json: {}}}",
                #"4:30: error: "text" and "json" exclude each other; an answer has one body"#
            ),
            (
                "/: {reply: {json: '{\"a\": }'}}",
                #"4:28: error: json: "{"a": }" is no JSON; use a mapping, or a text such as '{"status": "ok"}'"#
            ),
            ("/: {reply: 99}", #"4:14: error: reply: "99" is out of range; use a number from 200 to 599"#),
            ("/: {files: nowhere}", #"4:14: error: files: "nowhere" is no directory: nothing is there"#),
            (
                "/: {files: balancer.yaml}",
                #"4:14: error: files: "balancer.yaml" is no directory; use the one that the file stands in"#
            ),
            (
                "/: {to: web, strip_prefix: on, rewrite: /x}",
                #"4:43: error: "strip_prefix" and "rewrite" exclude each other; a path is changed once"#
            ),
            (
                "/: {to: web, request_headers: {set: {Connection: close}}}",
                #"4:40: error: "Connection" cannot be changed: it belongs to the connection, and is written for each message"#
            ),
            (
                "/: {to: web, response_headers: {set: {X-A: \"a\\r\\nb\"}}}",
                #"4:46: error: X-A: "a\x0d\x0ab" has a control character, which no field line can hold"#
            ),
            ("/: {to: web, allow: 10.0.0.0/33}", #"4:23: error: allow: "10.0.0.0/33" has too many bits; use up to 32"#),
            (
                "/: {to: web, access: [permit all]}",
                #"4:25: error: access: "permit all" is no rule; use allow NETWORK or deny NETWORK, such as allow 10.0.0.0/8 or deny all"#
            ),
            (
                "/: {to: web, access: [deny all], allow: all}",
                #"4:43: error: "access" excludes "allow" and "deny"; use either"#
            ),
            (
                "/: {to: web, cors: {credentials: on}}",
                "4:22: error: cors: credentials need origins by name; browsers refuse * with them"
            ),
            (
                "/: {to: web, cors: shop.test}",
                #"4:22: error: cors: "shop.test" is no origin; use SCHEME://HOST, such as https://shop.test, or * for any"#
            ),
            (
                "/: {to: web, compress: [lzma]}",
                #"4:27: error: compress: "lzma" is no coding; use zstd, brotli or gzip"#
            ),
            (
                "/: {to: web, error_pages: {404: no.html}}",
                #"4:35: error: 404: "no.html" cannot be read (No such file or directory)"#
            ),
            (
                "/: {to: web, error_pages: {4xx: {text: no}}}",
                #"4:30: error: error_pages: "4xx" is no list of statuses; use some from 200 to 599, such as 200,204 or 200-399"#
            ),
            ("/: {to: web, basic_auth: {}}", "4:28: error: basic_auth: lacks its users"),
            ("/: {to: web, mirror: {percent: 5%}}", "4:24: error: mirror: lacks its service; use to: SERVICE"),
            (
                "/: {to: web, body_limit: 1TB}",
                #"4:28: error: body_limit: "1TB" is no size; use bytes, or a number with KiB, MiB or GiB, such as 64KiB"#
            ),
            ("/: [web]", "4:6: error: /: is a list; use a single value or a mapping"),
        ] as [(String, String)])
    func saysWhatIsWrongWithARoute(route: String, message: String) {
        let found = messages("services:\n  web: web:80\nroutes:\n  \(route)\n").filter { !$0.contains("warning") }
        #expect(found == [message])
    }

    @Test func findsWhatComesTwiceAndStillReadsTheRest() {
        let text = """
            services:
              web: web:80
              api: api:80
              "web": web:81
            routes:
              /: web
              /api: apj
              /: web
            listen: :80
            listen: :81
            """
        #expect(
            messages(text) == [
                #"4:3: error: "web" is there already, on line 2; use it once"#,
                #"7:9: error: /api: "apj" is no service; did you mean "api"?"#,
                #"8:3: error: "/" is there already, on line 6; use it once"#,
                #"10:1: error: "listen" is there already, on line 9; use it once"#,
            ])
    }

    @Test(
        arguments: [
            ("", "1:1: error: the file is empty"), ("# nothing\n", "1:1: error: the file is empty"),
            ("[a]", "1:1: error: the file is a list; use a mapping of keys such as listen, services and routes"),
            (
                "text",
                "1:1: error: the file is a single value; use a mapping of keys such as listen, services and routes"
            ),
            (
                "listen: :80\n",
                "1:1: error: there are no routes; use routes: with a pattern and a service, such as /: web:8080"
            ),
            ("a: 1\n---\nb: 2\n", "2:1: error: there is more than one document; use one"),
            ("a:\n\tb: 1\n", "2:1: error: a tab cannot indent; use spaces"),
            (
                "a: 'b\n",
                "2:1: error: no YAML: found unexpected end of stream, while scanning a quoted scalar that begins on line 1"
            ),
            ("a: *b\n", "1:4: error: no YAML: found undefined alias"),
            ("a: b: c\n", "1:5: error: no YAML: mapping values are not allowed in this context"),
            ("a: \u{1}\n", "1:4: error: no YAML: control characters are not allowed"),
            ("? [a]\n: b\n", "1:3: error: a key is a single value; use no list or mapping for one"),
        ] as [(String, String)])
    func saysWhatIsWrongWithTheWhole(text: String, message: String) {
        #expect(messages(text).first == message)
    }

    @Test func saysThatAFileCannotBeRead() {
        let files = ConfigFiles(["latin.yaml": ""])
        files.write([0x61, 0xFF], to: "latin.yaml")
        #expect(
            files.load("none.yaml").diagnostics.map(\.message) == [
                "the file cannot be read (No such file or directory)"
            ])
        #expect(files.load("latin.yaml").diagnostics.map(\.message) == ["the file is no text in UTF-8"])
        #expect(files.load("").diagnostics.map(\.message) == ["the file cannot be read (Is a directory)"])
    }

    @Test func stopsCountingSomewhere() {
        let keys = (0..<150).map { "k\($0): 1\n" }.joined()
        let found = messages(keys + "routes: {/: \"web:80\"}")
        #expect(found.count == 101)
        #expect(
            found.last == "error: there are 50 more mistakes"
                || found.last?.hasSuffix("there are 50 more mistakes") == true)
    }
}
