import ArgumentParser
import ConfigWatch
import ProxyCore

/// How names are resolved.
struct DiscoveryFlags: FlagGroup {
    @Option(
        "A name server to ask. Repeatable.",
        takes: "ip[:port]", default: "those of \(defaults.resolver.resolvConfPath)")
    var resolver: [String]

    @Option(
        "The longest that an answer is used. Shorter TTLs are honoured.",
        takes: "duration", default: durationText(defaults.resolver.intervalMilliseconds))
    var resolveInterval: [String]

    @Option(
        "How long addresses stay in use while no name server answers; off for as long as that takes.",
        takes: "duration", default: staleLimitText(defaults.resolver.staleMilliseconds))
    var staleLimit: [String]

    @Option(
        "Which addresses of a name to use: \(wordList(IPFamily.self)).",
        takes: "family", default: defaults.resolver.family.rawValue)
    var ipFamily: [String]

    var flags: [OptionName: [String]] {
        [
            .resolver: resolver,
            .resolveInterval: resolveInterval,
            .staleLimit: staleLimit,
            .ipFamily: ipFamily,
        ]
    }
}
