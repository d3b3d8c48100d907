import ArgumentParser
import ConfigWatch
import Glibc
import ProxyCore

/// What a command line asks for: to serve, or to say something and end.
enum Invocation: Equatable {
    case run(Config)
    /// Write the texts as they are and end with `status`: 0, or EX_USAGE (64, sysexits.h) where the command line is wrong.
    case exit(status: Int32, standardOutput: String, standardError: String)

    /// - Parameters:
    ///   - arguments: Without the name of the program.
    ///   - environment: Supplies each option that no flag gives.
    static func parse(arguments: [String], environment: [String: String]) -> Invocation {
        do {
            let flags = try Arguments.parse(arguments.flatMap(words(of:))).flags
            let options = Options(flags: flags, environment: environment)
            let config = try Config(options)
            try checkAccessLog(of: config, options)
            return .run(config)
        } catch let error as ConfigError {
            return refusal(error.description)
        } catch {
            let message = Arguments.message(for: error)
            guard Arguments.exitCode(for: error).isSuccess else { return refusal(message) }
            return .exit(status: 0, standardOutput: message + "\n", standardError: "")
        }
    }

    /// The variables of this process's environment that supply options (getenv(3)).
    static func environment() -> [String: String] {
        var variables: [String: String] = [:]
        for name in OptionName.allCases.map(\.environmentVariable) {
            if let value = unsafe getenv(name) { variables[name] = unsafe String(cString: value) }
        }
        return variables
    }

    /// `--name=value` as two words. ArgumentParser takes an empty value after `=` for none, and the next word instead.
    private static func words(of argument: String) -> [String] {
        let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map { String($0) }
        return OptionName.allCases.contains { $0.flag == parts[0] } ? parts : [argument]
    }

    /// A path that cannot be opened is a wrong value like any other, and is reported as one before anything listens.
    private static func checkAccessLog(of config: Config, _ options: Options) throws(ConfigError) {
        guard case .file(let path) = config.accessLog else { return }
        // O_NONBLOCK: a FIFO that nobody reads is refused, where it would otherwise hold up the start.
        let descriptor = unsafe open(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            let reason = SystemError(call: "open", code: errno).reason
            throw options.error(
                about: .accessLog, hint: "cannot be opened (\(reason)); use stdout, stderr, off or a file's path")
        }
        close(descriptor)
    }

    /// One line, even where the message has more: the first says what is wrong.
    private static func refusal(_ message: String) -> Invocation {
        let line = message.split(whereSeparator: \.isNewline).first.map(String.init) ?? "wrong usage"
        return .exit(
            status: ExitCode.validationFailure.rawValue, standardOutput: "",
            standardError: "balancer: \(printable(line))\n")
    }
}

/// The flags, read but not judged: `ConfigWatch` does that, for flags and environment alike.
private struct Arguments: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "balancer",
            abstract: "An HTTP load balancer that follows its upstreams through DNS.",
            usage: "balancer [--upstream HOST:PORT]... [--route PATH=HOST:PORT]... [--listen ADDR]... [OPTION]...",
            discussion: manual,
            version: "balancer 0.1.0")
    }

    @OptionGroup(title: "Traffic") var traffic: Traffic
    @OptionGroup(title: "Discovery") var discovery: Discovery
    @OptionGroup(title: "Process") var process: Process
    @OptionGroup(title: "Time-outs") var timeouts: TimeoutFlags

    var flags: [OptionName: [String]] {
        [
            .listen: traffic.listen,
            .upstream: traffic.upstream,
            .route: traffic.route,
            .policy: traffic.policy,
            .resolver: discovery.resolver,
            .resolveInterval: discovery.resolveInterval,
            .workers: process.workers,
            .accessLog: process.accessLog,
            .logLevel: process.logLevel,
            .drainTimeout: process.drainTimeout,
            .headerTimeout: timeouts.headerTimeout,
            .bodyTimeout: timeouts.bodyTimeout,
            .idleTimeout: timeouts.idleTimeout,
            .connectTimeout: timeouts.connectTimeout,
            .responseTimeout: timeouts.responseTimeout,
            .upstreamIdleTimeout: timeouts.upstreamIdleTimeout,
            .tunnelTimeout: timeouts.tunnelTimeout,
        ]
    }
}

// Every option takes whatever word follows it, so that a value such as `-5s` meets the rule for values and its hint.

private struct Traffic: ParsableArguments {
    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "Where to accept connections: :80 (IPv4 and IPv6), 127.0.0.1:8080 or [::1]:8080. Port 0 picks a free one, "
                + "which the start-up line names. Repeatable. (default: \(defaults.listeners.map(\.description).joined(separator: ", ")))",
            valueName: "addr"))
    var listen: [String] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "Where to send requests that no route takes: a DNS name, an IPv4 address or an [IPv6] address, with a port. "
                + "Repeatable: all form one pool.",
            valueName: "host:port"))
    var upstream: [String] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "Send requests for this path, and for all paths below it, to a pool of their own. The longest path wins. "
                + "Repeatable: the same path again adds to its pool.",
            valueName: "path=host:port"))
    var route: [String] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "How to choose in a pool: round-robin (rr) or least-connections (lc). (default: \(defaults.policy.rawValue))",
            valueName: "name"))
    var policy: [String] = []
}

private struct Discovery: ParsableArguments {
    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "A name server to ask. Repeatable. (default: those of /etc/resolv.conf)", valueName: "ip[:port]"))
    var resolver: [String] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "How often to resolve each name again. (default: \(durationText(defaults.resolveIntervalMilliseconds)))",
            valueName: "duration"))
    var resolveInterval: [String] = []
}

private struct Process: ParsableArguments {
    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "How many threads serve. (default: the processors that the process may use)", valueName: "n"))
    var workers: [String] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "Where to write a line for each request: stdout, stderr, off or a file. (default: stdout)",
            valueName: "place"))
    var accessLog: [String] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "How much to say on stderr: \(alternatives(LogLevel.allCases.map(\.rawValue))). "
                + "(default: \(defaults.logLevel.rawValue))",
            valueName: "level"))
    var logLevel: [String] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "How long running requests may take to finish after SIGTERM or SIGINT. "
                + "(default: \(durationText(defaults.drainTimeoutMilliseconds)))",
            valueName: "duration"))
    var drainTimeout: [String] = []
}

private struct TimeoutFlags: ParsableArguments {
    @Option(
        parsing: .unconditionalSingleValue,
        help: help("For a client to send the head of a request.", \.headerMilliseconds))
    var headerTimeout: [String] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: help("For a client to send the next part of a body, or take that of an answer.", \.bodyMilliseconds))
    var bodyTimeout: [String] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: help("For a client's connection between two requests.", \.idleMilliseconds))
    var idleTimeout: [String] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: help("For an upstream to accept a connection.", \.connectMilliseconds))
    var connectTimeout: [String] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: help("For an upstream to begin its answer, and between two parts of it.", \.responseMilliseconds))
    var responseTimeout: [String] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: help("For an upstream's connection between two requests.", \.upstreamIdleMilliseconds))
    var upstreamIdleTimeout: [String] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: help("For a tunnel, such as a WebSocket, on which neither side sends.", \.tunnelMilliseconds))
    var tunnelTimeout: [String] = []

    private static func help(_ meaning: String, _ field: KeyPath<Timeouts, Milliseconds>) -> ArgumentHelp {
        ArgumentHelp("\(meaning) (default: \(durationText(defaults.timeouts[keyPath: field])))", valueName: "duration")
    }
}

/// The source of every default that the help names.
private let defaults = Config()

private let manual = """
    Give at least one --upstream or --route. Durations are numbers with a unit: 500ms, 1s, 2m, 1h.

    Every option can come from the environment: BALANCER_ and its name in capitals, with _ for each hyphen, \
    such as BALANCER_UPSTREAM or BALANCER_DRAIN_TIMEOUT. A repeatable option takes several values from one variable, \
    between commas or spaces. A flag wins over the environment.

    EXAMPLES:
      balancer --upstream tweet-ui:8080
      balancer --listen :80 --upstream web:8080 --route /api=api:8080
      balancer --resolver 127.0.0.1:5353 --upstream web:8080 --policy lc
      BALANCER_UPSTREAM="10.0.0.7:8080, [fd00::7]:8080" balancer --workers 2
    """
