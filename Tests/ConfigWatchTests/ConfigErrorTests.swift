import ProxyCore
import Testing

@testable import ConfigWatch

@Suite struct ConfigErrorTests {
    /// What is printed for each mistake, word by word.
    static let lines: [(OptionName, String, String)] = [
        (
            .policy, "fastest",
            #"--policy: "fastest" is no policy; use round-robin, least-connections, p2c, random, ring-hash, maglev or sticky"#
        ),
        (
            .hashKey, "ip",
            #"--hash-key: "ip" is no hash key; use client, uri, header:NAME or cookie:NAME, such as header:x-user"#
        ),
        (
            .stickyCookie, "a b",
            #"--sticky-cookie: "a b" is no cookie's name; use up to 128 letters, digits and marks such as - and _"#
        ),
        (.stickySecret, "", "--sticky-secret: is empty or too long; use a text of 1 to 1024 bytes"),
        (
            .slowStart, "soon",
            #"--slow-start: "soon" is no duration; use a number with ms, s, m or h, such as 500ms, 1.5s or 2m"#
        ),
        (
            .healthCheck, "http",
            #"--health-check: "http" is no health check; use off, tcp, http:/PATH, grpc or grpc:SERVICE, such as http:/healthz"#
        ),
        (
            .healthInterval, "99ms",
            #"--health-interval: "99ms" is out of range; use one from 100ms to 596h, such as 1s"#
        ),
        (.healthTimeout, "0", #"--health-timeout: "0" is out of range; use one from 1ms to 596h, such as 1s"#),
        (.healthRise, "0", #"--health-rise: "0" is out of range; use a number from 1 to 100"#),
        (.healthFall, "101", #"--health-fall: "101" is out of range; use a number from 1 to 100"#),
        (
            .healthStatus, "2xx",
            #"--health-status: "2xx" is no list of statuses; use some from 200 to 599, such as 200,204 or 200-399"#
        ),
        (.healthBody, "", #"--health-body: "" is empty or too long; use a text of 1 to 1024 bytes"#),
        (.healthHost, "a b", #"--health-host: "a b" is no host; use HOST or HOST:PORT, such as web.example"#),
        (.ejection, "yes", #"--ejection: "yes" is neither; use on or off"#),
        (.ejectionFailures, "five", #"--ejection-failures: "five" is no number; use one from 1 to 1000"#),
        (.ejectionTime, "0", #"--ejection-time: "0" is out of range; use one from 1ms to 596h, such as 1s"#),
        (.ejectionMax, "50", #"--ejection-max: "50" is no percentage; use one from 0% to 100%, such as 20%"#),
        (.panicThreshold, "0.5", #"--panic-threshold: "0.5" is no percentage; use one from 0% to 100%, such as 20%"#),
        (
            .retryOn, "502",
            #"--retry-on: "502" is no list of causes; use all, off, or some of connect,reset,timeout,gateway,500"#
        ),
        (.retryAttempts, "9", #"--retry-attempts: "9" is out of range; use a number from 1 to 8"#),
        (.tryTimeout, "0", #"--try-timeout: "0" is out of range; use one from 1ms to 596h, such as 1s"#),
        (.retryBudget, "101%", #"--retry-budget: "101%" is no percentage; use one from 0% to 100%, such as 20%"#),
        (.retryBody, "65KiB", #"--retry-body: "65KiB" is out of range; use a size from 0 to 64KiB"#),
        (.retryNonIdempotent, "POST", #"--retry-non-idempotent: "POST" is neither; use on or off"#),
        (
            .queueTimeout, "1",
            #"--queue-timeout: "1" is no duration; use a number with ms, s, m or h, such as 500ms, 1.5s or 2m"#
        ),
        (.queueLength, "65537", #"--queue-length: "65537" is out of range; use a number from 0 to 65536"#),
        (.endpointRequests, "-1", #"--endpoint-requests: "-1" is no number; use one from 0 to 1000000"#),
        (
            .endpointConnections, "1000001",
            #"--endpoint-connections: "1000001" is out of range; use a number from 0 to 1000000"#
        ),
        (.connectionAge, "597h", #"--connection-age: "597h" is out of range; use one from 0 to 596h, such as 1s"#),
        (.connectionRequests, "x", #"--connection-requests: "x" is no number; use one from 0 to 1000000000"#),
        (
            .clientAge, "0.1ms",
            #"--client-age: "0.1ms" is finer than a millisecond; use whole milliseconds, such as 1ms"#
        ),
        (.clientRequests, "", #"--client-requests: "" is no number; use one from 0 to 1000000000"#),
        (.staleLimit, "0", #"--stale-limit: "0" is no limit; use off or a duration from 1ms to 596h, such as 5m"#),
        (.ipFamily, "v6", #"--ip-family: "v6" is no IP family; use any, ipv4 or ipv6"#),
        (.listen, "8080", #"--listen: "8080" is no address to listen on; use :PORT, IPv4:PORT or [IPv6]:PORT"#),
        (.listen, ":http", #"--listen: ":http" has a wrong port; use a PORT from 0 to 65535"#),
        (.upstream, "tweet-ui", #"--upstream: "tweet-ui" has no port; use HOST:PORT, such as tweet-ui:8080"#),
        (
            .upstream, "-:80",
            #"--upstream: "-:80" names no host; use HOST:PORT with a DNS name, an IPv4 address or [IPv6]"#
        ),
        (.route, "/api", #"--route: "/api" is no route; use PATH=HOST:PORT, such as /api=tweet-api:8080"#),
        (
            .resolver, "dns",
            #"--resolver: "dns" is no name server's address; use IP or IP:PORT, such as 127.0.0.11 or [::1]:53"#
        ),
        (.resolveInterval, "1ms", #"--resolve-interval: "1ms" is out of range; use one from 10ms to 596h, such as 1s"#),
        (.workers, "0", #"--workers: "0" is out of range; use a number from 1 to 256"#),
        (.accessLog, "", #"--access-log: "" is no place for a log; use stdout, stderr, off or a file's path"#),
        (
            .logLevel, "loud",
            #"--log-level: "loud" is no log level; use trace, debug, info, notice, warning, error or critical"#
        ),
        (
            .drainTimeout, "5",
            #"--drain-timeout: "5" is no duration; use a number with ms, s, m or h, such as 500ms, 1.5s or 2m"#
        ),
        (.headerTimeout, "0", #"--header-timeout: "0" is out of range; use one from 1ms to 596h, such as 1s"#),
        (.bodyTimeout, "0", #"--body-timeout: "0" is out of range; use one from 1ms to 596h, such as 1s"#),
        (.idleTimeout, "0", #"--idle-timeout: "0" is out of range; use one from 1ms to 596h, such as 1s"#),
        (.connectTimeout, "0", #"--connect-timeout: "0" is out of range; use one from 1ms to 596h, such as 1s"#),
        (.responseTimeout, "0", #"--response-timeout: "0" is out of range; use one from 1ms to 596h, such as 1s"#),
        (
            .upstreamIdleTimeout, "0",
            #"--upstream-idle-timeout: "0" is out of range; use one from 1ms to 596h, such as 1s"#
        ),
        (.tunnelTimeout, "999h", #"--tunnel-timeout: "999h" is out of range; use one from 1ms to 596h, such as 1s"#),
    ]

    private func line(_ options: Options) -> String? {
        do throws(ConfigError) {
            _ = try Config(options)
            return nil
        } catch {
            return error.description
        }
    }

    @Test func coversEveryOption() {
        #expect(Set(Self.lines.map(\.0)) == Set(OptionName.allCases))
    }

    @Test(arguments: lines)
    func namesFlagValueAndRemedy(option: OptionName, text: String, expected: String) {
        var flags: [OptionName: [String]] = [.upstream: ["a:1"]]
        flags[option, default: []].append(text)
        #expect(line(Options(flags: flags)) == expected)
    }

    @Test func namesTheVariableWhereThatIsTheSource() {
        #expect(
            line(Options(flags: [.upstream: ["a:1"]], environment: ["BALANCER_POLICY": "fastest"]))
                == #"BALANCER_POLICY: "fastest" is no policy; use round-robin, least-connections, p2c, random, ring-hash, maglev or sticky"#
        )
        #expect(
            line(Options(flags: [:], environment: ["BALANCER_UPSTREAM": "a:1, b"]))
                == #"BALANCER_UPSTREAM: "b" has no port; use HOST:PORT, such as tweet-ui:8080"#)
    }

    @Test func lendsItsWordsToWhatOnlyTheSystemKnows() {
        let flags = Options(flags: [.accessLog: ["/x"]], environment: ["BALANCER_LISTEN": ":80"])
        #expect(flags.error(about: .accessLog, hint: "is full").description == #"--access-log: "/x" is full"#)
        #expect(flags.error(about: .listen, hint: "is in use").description == #"BALANCER_LISTEN: ":80" is in use"#)
        #expect(flags.error(about: .workers, hint: "are needed").description == "--workers: are needed")
    }

    /// Neither a wrong value nor an error about another option shows it.
    @Test func keepsSecrets() {
        let secret = String(repeating: "hush", count: 300)
        for options in [
            Options(flags: [.upstream: ["a:1"], .stickySecret: [secret]]),
            Options(flags: [.upstream: ["a:1"]], environment: ["BALANCER_STICKY_SECRET": secret]),
            Options(flags: [.upstream: ["a:1"], .stickySecret: ["hush"], .policy: ["fastest"]]),
        ] {
            #expect(line(options)?.contains("hush") == false)
        }
        let about = Options(flags: [.stickySecret: ["hush"]]).error(about: .stickySecret, hint: "is known")
        #expect(about.description == "--sticky-secret: is known")
    }

    @Test func refusesATargetInTwoRoles() {
        #expect(
            line(Options(flags: [.upstream: ["a:1", "A:1,weight=2"]]))
                == #"--upstream: "a:1,weight=2" comes twice in its pool, in different roles; use each target once"#)
        #expect(
            line(Options(flags: [:], environment: ["BALANCER_ROUTE": "/x=a:1,backup /x/=a:1"]))
                == #"BALANCER_ROUTE: "/x=a:1" comes twice in its pool, in different roles; use each target once"#)
    }

    @Test func asksForAnUpstreamOrARoute() {
        #expect(
            line(Options(flags: [:], environment: ["BALANCER_UPSTREAM": ""]))
                == "--upstream: none is given; use --upstream HOST:PORT or --route PATH=HOST:PORT")
    }

    @Test func staysOnOneLine() {
        #expect(
            line(Options(flags: [.policy: ["a\nb\u{1b}[2J\u{85}"]]))
                == #"--policy: "a\x0ab\x1b[2J\x85" is no policy; use round-robin, least-connections, p2c, random, ring-hash, maglev or sticky"#
        )
    }
}
