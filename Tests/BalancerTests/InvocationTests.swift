import ConfigWatch
import Testing

@testable import Balancer

@Suite struct InvocationTests {
    private func parse(_ arguments: String..., environment: [String: String] = [:]) -> Invocation {
        Invocation.parse(arguments: arguments, environment: environment)
    }

    @Test func printsTheVersion() {
        #expect(parse("--version") == .exit(status: 0, standardOutput: "balancer 0.1.0\n", standardError: ""))
    }

    @Test(arguments: ["--help", "-h"])
    func documentsEveryOption(flag: String) {
        guard case .exit(status: 0, let help, standardError: "") = parse(flag) else {
            Issue.record("\(flag) is no request for help")
            return
        }
        for option in OptionName.allCases {
            #expect(help.contains("\n  \(option.flag) <"), "\(option.flag) is missing")
        }
        for line in help.split(separator: "\n") {
            #expect(line.count <= 100, "too wide: \(line)")
        }
        #expect(help.contains("BALANCER_UPSTREAM"))
        #expect(help.contains("EXAMPLES:"))
        let titles = help.split(separator: "\n").filter { $0.hasSuffix(":") && $0.first != " " }
        #expect(
            titles == [
                "EXAMPLES:", "FILE:", "TRAFFIC:", "BALANCING:", "HEALTH:", "RETRIES:", "DISCOVERY:", "LIMITS:",
                "PROCESS:",
                "TIME-OUTS:", "OPTIONS:", "SUBCOMMANDS:",
            ])
        #expect(help.contains("(default: :8080)"))
    }

    /// A value for each option, none of which is its default.
    private let texts: [OptionName: String] = [
        .listen: "127.0.0.1:0", .upstream: "web:80,weight=2,backup", .route: "/api=srv:_http._tcp.api,priority=1",
        .policy: "maglev", .hashKey: "header:x-user", .stickyCookie: "route", .stickySecret: "hush", .slowStart: "0",
        .healthCheck: "http:/status?full=1", .healthInterval: "100ms", .healthTimeout: "200ms", .healthRise: "4",
        .healthFall: "5", .healthStatus: "200,204,300-399", .healthBody: "all is well", .healthHost: "web.example",
        .ejection: "off", .ejectionFailures: "6", .ejectionTime: "7s", .ejectionMax: "8%", .panicThreshold: "0%",
        .retryOn: "connect,500", .retryAttempts: "8", .tryTimeout: "9s", .retryBudget: "10%", .retryBody: "11KiB",
        .retryNonIdempotent: "on", .resolver: "127.0.0.11", .resolveInterval: "2s", .staleLimit: "12m",
        .ipFamily: "ipv4", .queueTimeout: "0", .queueLength: "13", .endpointRequests: "14", .endpointConnections: "15",
        .connectionAge: "16s", .connectionRequests: "17", .clientAge: "18s", .clientRequests: "19", .workers: "3",
        .accessLog: "off", .logLevel: "debug", .drainTimeout: "0", .headerTimeout: "1ms", .bodyTimeout: "2ms",
        .idleTimeout: "3ms", .connectTimeout: "4ms", .responseTimeout: "5ms", .upstreamIdleTimeout: "6ms",
        .tunnelTimeout: "7ms",
    ]

    /// The same configuration comes from flags, from flags with `=`, and from the environment.
    @Test func readsEveryOptionFromFlagsAndEnvironment() throws {
        #expect(Set(texts.keys) == Set(OptionName.allCases))
        let expected = Invocation.run(try Config(Options(flags: texts.mapValues { [$0] })))
        let words = texts.flatMap { [$0.flag, $1] }
        #expect(Invocation.parse(arguments: words, environment: [:]) == expected)
        let joined = texts.map { "\($0.flag)=\($1)" }
        #expect(Invocation.parse(arguments: joined, environment: [:]) == expected)
        let variables = texts.map { ($0.environmentVariable, $1) }
        #expect(Invocation.parse(arguments: [], environment: .init(uniqueKeysWithValues: variables)) == expected)
    }

    @Test func letsFlagsWinOverTheEnvironment() throws {
        let expected = try Config(Options(flags: [.upstream: ["a:1", "b:2"], .policy: ["lc"]]))
        let environment = ["BALANCER_UPSTREAM": "c:3", "BALANCER_POLICY": "lc"]
        #expect(parse("--upstream", "a:1", "--upstream", "b:2", environment: environment) == .run(expected))
    }

    /// The one line on standard error for each mistake, word by word.
    @Test(
        arguments: [
            ([], "--upstream: none is given; use --upstream HOST:PORT or --route PATH=HOST:PORT"),
            (
                ["--policy", "fastest"],
                #"--policy: "fastest" is no policy; use round-robin, least-connections, p2c, random, ring-hash, maglev or sticky"#
            ),
            (["--workers=0"], #"--workers: "0" is out of range; use a number from 1 to 256"#),
            (["--workers", "-1"], #"--workers: "-1" is no number; use one from 1 to 256"#),
            (["--upstream", "--policy"], #"--upstream: "--policy" has no port; use HOST:PORT, such as tweet-ui:8080"#),
            (["--upstream"], "Missing value for '--upstream <host:port>'"),
            (["--upstraem", "a:1"], "Unknown option '--upstraem'. Did you mean '--upstream'?"),
            (["-x"], "Unknown option '-x'"),
            (["--upstream", "a:1", "b:2"], "Unexpected argument 'b:2'"),
            (["--upstream", "a:1", "b:2", "c\nd"], "2 unexpected arguments: 'b:2', 'c"),
            (["--sticky-secret", ""], "--sticky-secret: is empty or too long; use a text of 1 to 1024 bytes"),
            (["--sticky-secrte=hush"], "Unknown option '--sticky-secrte'. Did you mean '--sticky-secret'?"),
            (["--\u{1b}[2J"], #"Unknown option '--\x1b[2J'"#),
        ] as [([String], String)])
    func explainsAMistakeInOneLine(arguments: [String], line: String) {
        #expect(
            Invocation.parse(arguments: arguments, environment: [:])
                == .exit(status: 64, standardOutput: "", standardError: "balancer: \(line)\n"))
    }

    @Test(arguments: [
        ("/nonexistent/access.log", "No such file or directory"), ("/dev/null/log", "Not a directory"),
    ])
    func refusesAnAccessLogThatCannotBeOpened(path: String, reason: String) {
        let hint = "cannot be opened (\(reason)); use stdout, stderr, off or a file's path"
        #expect(
            parse("--upstream", "a:1", "--access-log", path)
                == .exit(status: 64, standardOutput: "", standardError: "balancer: --access-log: \"\(path)\" \(hint)\n")
        )
    }

    @Test func takesAnAccessLogThatCanBeOpened() throws {
        let expected = try Config(Options(flags: [.upstream: ["a:1"], .accessLog: ["/dev/null"]]))
        #expect(parse("--upstream", "a:1", "--access-log", "/dev/null") == .run(expected))
    }

    @Test func namesTheVariableThatIsWrong() {
        let line = #"balancer: BALANCER_WORKERS: "many" is no number; use one from 1 to 256"# + "\n"
        #expect(
            parse("--upstream", "a:1", environment: ["BALANCER_WORKERS": "many"])
                == .exit(status: 64, standardOutput: "", standardError: line))
    }
}
