import ArgumentParser
import ConfigWatch
import ProxyCore

/// When a request that failed at one endpoint is sent to another.
struct RetryFlags: FlagGroup {
    @Option(
        "What to try again after: all, off, or some of connect, reset, timeout, gateway (502, 503, 504) and 500, between "
            + "commas. After anything but connect only what is safe to repeat.",
        takes: "causes", default: retryCausesText(retries.causes))
    var retryOn: [String]

    @Option("How many endpoints may see one request.", takes: "n", default: "\(retries.attemptsMax)")
    var retryAttempts: [String]

    @Option(
        "How long one endpoint may take to begin its answer while another could be tried.",
        takes: "duration", default: durationText(retries.tryMilliseconds))
    var tryTimeout: [String]

    @Option(
        "The share of the requests in flight that may be second tries; \(retries.budgetMin) always may.",
        takes: "percent", default: percentText(retries.budgetPercent))
    var retryBudget: [String]

    @Option(
        "Request bodies up to this size are kept for another try.",
        takes: "size", default: sizeText(retries.bodyBytesMax))
    var retryBody: [String]

    @Option(
        "Whether to send POST and PATCH again as well: on or off.",
        takes: "switch", default: onOrOffText(retries.retriesNonIdempotent))
    var retryNonIdempotent: [String]

    var flags: [OptionName: [String]] {
        [
            .retryOn: retryOn,
            .retryAttempts: retryAttempts,
            .tryTimeout: tryTimeout,
            .retryBudget: retryBudget,
            .retryBody: retryBody,
            .retryNonIdempotent: retryNonIdempotent,
        ]
    }
}

private let retries = defaults.serviceDefaults.retries
