import ArgumentParser
import ConfigWatch

/// How long each phase of a request may take.
struct TimeoutFlags: FlagGroup {
    @Option(
        "For a client to send the head of a request.",
        takes: "duration", default: durationText(defaults.timeouts.headerMilliseconds))
    var headerTimeout: [String]

    @Option(
        "For a client to send the next part of a body, or take that of an answer.",
        takes: "duration", default: durationText(defaults.timeouts.bodyMilliseconds))
    var bodyTimeout: [String]

    @Option(
        "For a client's connection between two requests.",
        takes: "duration", default: durationText(defaults.timeouts.idleMilliseconds))
    var idleTimeout: [String]

    @Option(
        "For an upstream to accept a connection.",
        takes: "duration", default: durationText(defaults.timeouts.connectMilliseconds))
    var connectTimeout: [String]

    @Option(
        "For an upstream to begin its answer, and between two parts of it.",
        takes: "duration", default: durationText(defaults.timeouts.responseMilliseconds))
    var responseTimeout: [String]

    @Option(
        "For an upstream's connection between two requests.",
        takes: "duration", default: durationText(defaults.timeouts.upstreamIdleMilliseconds))
    var upstreamIdleTimeout: [String]

    @Option(
        "For a tunnel, such as a WebSocket, on which neither side sends.",
        takes: "duration", default: durationText(defaults.timeouts.tunnelMilliseconds))
    var tunnelTimeout: [String]

    var flags: [OptionName: [String]] {
        [
            .headerTimeout: headerTimeout,
            .bodyTimeout: bodyTimeout,
            .idleTimeout: idleTimeout,
            .connectTimeout: connectTimeout,
            .responseTimeout: responseTimeout,
            .upstreamIdleTimeout: upstreamIdleTimeout,
            .tunnelTimeout: tunnelTimeout,
        ]
    }
}
