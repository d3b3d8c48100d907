import ArgumentParser
import ConfigWatch

/// What comes in, and where it goes.
struct TrafficFlags: FlagGroup {
    @Option(
        "Where to accept connections: :80 (IPv4 and IPv6), 127.0.0.1:8080 or [::1]:8080. Port 0 picks a free one, which "
            + "the start-up line names. Repeatable.",
        takes: "addr", default: defaults.listeners.map(\.description).joined(separator: ", "))
    var listen: [String]

    @Option(
        "Where to send requests that no route takes: a DNS name, an IPv4 address or an [IPv6] address, with a port, or "
            + "srv:NAME for SRV records. Its role may follow: ,weight=N for more than the share of others, ,priority=N "
            + "for after those with lower numbers, ,backup for where no other serves. Repeatable: all form one pool.",
        takes: "host:port")
    var upstream: [String]

    @Option(
        "Send requests for this path, and for all paths below it, to a pool of their own, written as for --upstream. "
            + "The longest path wins. Repeatable: the same path again adds to its pool.",
        takes: "path=host:port")
    var route: [String]

    var flags: [OptionName: [String]] { [.listen: listen, .upstream: upstream, .route: route] }
}
