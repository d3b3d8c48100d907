import ProxyCore
import Testing

@testable import ConfigWatch

@Suite struct ConfigTests {
    private func config(_ flags: [OptionName: [String]], _ environment: [String: String] = [:]) throws -> Config {
        try Config(Options(flags: flags, environment: environment))
    }

    @Test func fillsInTheDefaults() throws {
        let config = try config([.upstream: ["web:80"]])
        #expect(config.listeners == [.any(port: 8080)])
        #expect(config.services == [.init(name: "default", targets: [.name("web", port: 80)], policy: .roundRobin)])
        #expect(config.routes.isEmpty)
        #expect(config.defaultService == 0)
        #expect(config.resolvers.isEmpty)
        #expect(config.resolveIntervalMilliseconds == 1_000)
        #expect(config.workers == nil)
        #expect(config.accessLog == .stdout)
        #expect(config.logLevel == .info)
        #expect(config.drainTimeoutMilliseconds == 10_000)
        #expect(config.timeouts == Timeouts())
    }

    @Test func takesEveryOption() throws {
        let config = try config([
            .listen: [":80", "[::1]:8080"], .upstream: ["web:80"], .policy: ["lc"], .resolver: ["127.0.0.11"],
            .resolveInterval: ["500ms"], .workers: ["3"], .accessLog: ["off"], .logLevel: ["debug"],
            .drainTimeout: ["0"], .headerTimeout: ["1ms"], .bodyTimeout: ["2ms"], .idleTimeout: ["3ms"],
            .connectTimeout: ["4ms"],
            .responseTimeout: ["5ms"], .upstreamIdleTimeout: ["6ms"], .tunnelTimeout: ["7ms"],
        ])
        #expect(config.listeners.map(\.description) == [":80", "[::1]:8080"])
        #expect(config.policy == .leastConnections)
        #expect(config.services.map(\.policy) == [.leastConnections])
        #expect(config.resolvers.map(\.description) == ["127.0.0.11:53"])
        #expect(config.resolveIntervalMilliseconds == 500)
        #expect(config.workers == 3)
        #expect(config.accessLog == .off)
        #expect(config.logLevel == .debug)
        #expect(config.drainTimeoutMilliseconds == 0)
        #expect(config.timeouts.headerMilliseconds == 1)
        #expect(config.timeouts.bodyMilliseconds == 2)
        #expect(config.timeouts.idleMilliseconds == 3)
        #expect(config.timeouts.connectMilliseconds == 4)
        #expect(config.timeouts.responseMilliseconds == 5)
        #expect(config.timeouts.upstreamIdleMilliseconds == 6)
        #expect(config.timeouts.tunnelMilliseconds == 7)
    }

    @Test func gathersTargetsIntoServices() throws {
        let config = try config([
            .upstream: ["a:1", "b:2", "A:1"],
            .route: ["/x=c:3", "/y/=d:4", "/x/=e:5", "/x=c:3", "/=f:6"],
        ])
        #expect(
            config.services.map { "\($0.name) \($0.targets)" }
                == ["default [a:1, b:2]", "/x [c:3, e:5]", "/y [d:4]", "/ [f:6]"])
        #expect(
            config.routes
                == [.init(prefix: "/x", service: 1), .init(prefix: "/y", service: 2), .init(prefix: "/", service: 3)])
        #expect(config.defaultService == 0)
    }

    @Test func hasNoDefaultServiceWhereOnlyRoutesAreGiven() throws {
        let config = try config([.route: ["/x=c:3"]])
        #expect(config.defaultService == nil)
        #expect(config.services.map(\.name) == ["/x"])
        #expect(config.routes == [.init(prefix: "/x", service: 0)])
    }

    @Test func letsTheLastOfSeveralFlagsCount() throws {
        #expect(try config([.upstream: ["a:1"], .workers: ["1", "2"]]).workers == 2)
    }
}

@Suite struct EnvironmentTests {
    @Test func namesAVariableForEveryOption() {
        #expect(
            OptionName.allCases.map(\.environmentVariable) == [
                "BALANCER_LISTEN", "BALANCER_UPSTREAM", "BALANCER_ROUTE", "BALANCER_POLICY", "BALANCER_RESOLVER",
                "BALANCER_RESOLVE_INTERVAL", "BALANCER_WORKERS", "BALANCER_ACCESS_LOG", "BALANCER_LOG_LEVEL",
                "BALANCER_DRAIN_TIMEOUT", "BALANCER_HEADER_TIMEOUT", "BALANCER_BODY_TIMEOUT", "BALANCER_IDLE_TIMEOUT",
                "BALANCER_CONNECT_TIMEOUT", "BALANCER_RESPONSE_TIMEOUT", "BALANCER_UPSTREAM_IDLE_TIMEOUT",
                "BALANCER_TUNNEL_TIMEOUT",
            ])
    }

    @Test(arguments: ["a:1,b:2", "a:1 b:2", " a:1, b:2 ,", "a:1\n\tb:2\r\n", ",,a:1,,b:2"])
    func dividesRepeatableOptions(variable: String) throws {
        let config = try Config(Options(flags: [:], environment: ["BALANCER_UPSTREAM": variable]))
        #expect(config.services.first?.targets == [.name("a", port: 1), .name("b", port: 2)])
    }

    @Test func keepsOthersWhole() throws {
        let environment = ["BALANCER_UPSTREAM": "a:1", "BALANCER_ACCESS_LOG": " /var/log/a, b.log\n"]
        #expect(try Config(Options(flags: [:], environment: environment)).accessLog == .file("/var/log/a, b.log"))
    }

    @Test func yieldsToFlagsOptionByOption() throws {
        let environment = ["BALANCER_UPSTREAM": "a:1, b:2", "BALANCER_POLICY": "lc", "BALANCER_WORKERS": "many"]
        let config = try Config(Options(flags: [.upstream: ["c:3"], .workers: ["1"]], environment: environment))
        #expect(config.services.first?.targets == [.name("c", port: 3)])
        #expect(config.policy == .leastConnections)
        #expect(config.workers == 1)
    }

    @Test func ignoresBlankVariables() throws {
        var environment = ["BALANCER_UPSTREAM": "a:1"]
        for option in OptionName.allCases where option != .upstream {
            environment[option.environmentVariable] = option.isRepeatable ? " , " : " "
        }
        let blank = Options(flags: [:], environment: environment)
        #expect(blank == Options(flags: [:], environment: ["BALANCER_UPSTREAM": "a:1"]))
    }
}

@Suite struct ConfigErrorTests {
    /// What is printed for each mistake, word by word.
    static let lines: [(OptionName, String, String)] = [
        (.policy, "fastest", #"--policy: "fastest" is no policy; use round-robin or least-connections"#),
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
        (.workers, "0", #"--workers: "0" is no number of workers; use one from 1 to 256"#),
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
                == #"BALANCER_POLICY: "fastest" is no policy; use round-robin or least-connections"#)
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

    @Test func asksForAnUpstreamOrARoute() {
        #expect(
            line(Options(flags: [:], environment: ["BALANCER_UPSTREAM": ""]))
                == "--upstream: none is given; use --upstream HOST:PORT or --route PATH=HOST:PORT")
    }

    @Test func staysOnOneLine() {
        #expect(
            line(Options(flags: [.policy: ["a\nb\u{1b}[2J\u{85}"]]))
                == #"--policy: "a\x0ab\x1b[2J\x85" is no policy; use round-robin or least-connections"#)
    }
}
