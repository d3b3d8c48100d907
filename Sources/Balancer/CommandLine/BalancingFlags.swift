import ArgumentParser
import ConfigWatch
import ProxyCore

/// Who of a pool gets a request.
struct BalancingFlags: FlagGroup {
    @Option(
        "How to choose in a pool: \(wordList(Policy.self)). Short: rr, lc.",
        takes: "name", default: settings.policy.rawValue)
    var policy: [String]

    @Option(
        "What ring-hash and maglev look at: client (its address), uri, header:NAME or cookie:NAME.",
        takes: "key", default: hashKeyText(settings.hashKey))
    var hashKey: [String]

    @Option("The cookie by which sticky knows a client.", takes: "name", default: settings.sticky.cookieName)
    var stickyCookie: [String]

    @Option(
        "What sticky signs its cookie with. Instances that share it know one another's cookies. Others can see a command "
            + "line: give it in the environment.",
        takes: "text", default: "a random one at each start")
    var stickySecret: [String]

    @Option(
        "How long the share of an endpoint that joins a running pool grows to its whole; 0 for at once.",
        takes: "duration", default: durationText(settings.slowStartMilliseconds))
    var slowStart: [String]

    var flags: [OptionName: [String]] {
        [
            .policy: policy,
            .hashKey: hashKey,
            .stickyCookie: stickyCookie,
            .stickySecret: stickySecret,
            .slowStart: slowStart,
        ]
    }
}

private let settings = defaults.serviceDefaults
