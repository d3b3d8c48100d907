import ArgumentParser
import ConfigWatch

/// The flags, read but not judged: `ConfigWatch` does that, for flags and environment alike. Where no command stands among
/// them, to serve is meant.
struct Arguments: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "balancer",
            abstract: "An HTTP load balancer that follows its upstreams through DNS.",
            usage: """
                balancer [--upstream HOST:PORT]... [--route PATH=HOST:PORT]... [--listen ADDR]... [OPTION]...
                balancer --config FILE [OPTION]...
                balancer COMMAND ...
                """,
            discussion: manual,
            version: "balancer 0.1.0",
            subcommands: [CheckCommand.self, SchemaCommand.self, ExplainCommand.self, ImportNginxCommand.self])
    }

    @OptionGroup(title: "File") var file: FileFlags
    @OptionGroup(title: "Traffic") var traffic: TrafficFlags
    @OptionGroup(title: "Balancing") var balancing: BalancingFlags
    @OptionGroup(title: "Health") var health: HealthFlags
    @OptionGroup(title: "Retries") var retries: RetryFlags
    @OptionGroup(title: "Discovery") var discovery: DiscoveryFlags
    @OptionGroup(title: "Limits") var limits: LimitFlags
    @OptionGroup(title: "Process") var process: ProcessFlags
    @OptionGroup(title: "Time-outs") var timeouts: TimeoutFlags

    var flags: [OptionName: [String]] {
        let groups: [any FlagGroup] = [traffic, balancing, health, retries, discovery, limits, process, timeouts]
        return groups.reduce(into: [:]) { flags, group in
            flags.merge(group.flags) { first, second in first + second }
        }
    }
}

/// Flags that stand under one title in the help.
protocol FlagGroup: ParsableArguments {
    var flags: [OptionName: [String]] { get }
}

extension Option where Value == [String] {
    /// A flag and every value that it was given. It takes whatever word follows it, so that a value such as `-5s` meets
    /// the rule for values and its hint.
    ///
    /// - Parameters:
    ///   - meaning: Whole sentences for the help.
    ///   - valueName: What stands for a value there.
    ///   - fallback: What holds where nothing is given; nil where nothing does.
    init(
        _ meaning: String, takes valueName: String, default fallback: String? = nil, name: NameSpecification = .long
    ) {
        let end = fallback.map { " (default: \($0))" } ?? ""
        self.init(
            wrappedValue: [], name: name, parsing: .unconditionalSingleValue,
            help: ArgumentHelp("\(meaning)\(end)", valueName: valueName))
    }
}

/// The source of every default that the help names.
let defaults = Config()

private let manual = """
    Give a --config, or at least one --upstream or --route. Durations are numbers with a unit: 500ms, 1s, 2m, 1h. \
    Sizes are bytes, or numbers with KiB, MiB or GiB. Shares are percentages: 20%.

    Every option can come from the environment: BALANCER_ and its name in capitals, with _ for each hyphen, \
    such as BALANCER_UPSTREAM or BALANCER_DRAIN_TIMEOUT. A repeatable option takes several values from one variable, \
    between commas or spaces. A flag wins over the environment.

    EXAMPLES:
      balancer --config balancer.yaml
      balancer --upstream tweet-ui:8080
      balancer --listen :80 --upstream web:8080 --route /api=api:8080
      balancer --upstream web:8080 --upstream spare:8080,backup --health-check http:/healthz
      balancer --upstream srv:_http._tcp.web.example --policy ring-hash --hash-key header:x-user
      BALANCER_UPSTREAM="10.0.0.7:8080,weight=3, [fd00::7]:8080" balancer --workers 2
    """
