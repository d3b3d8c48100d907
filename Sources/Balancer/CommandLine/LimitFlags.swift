import ArgumentParser
import ConfigWatch
import ProxyCore

/// How much at a time, and for how long.
struct LimitFlags: FlagGroup {
    @Option(
        "How long a request waits where no endpoint can take it; 0 to answer at once.",
        takes: "duration", default: durationText(capacity.queueMilliseconds))
    var queueTimeout: [String]

    @Option("How many requests of one worker may wait.", takes: "n", default: "\(capacity.queuedRequestsMax)")
    var queueLength: [String]

    @Option(
        "Requests in flight at one endpoint; 0 for no limit.",
        takes: "n", default: "\(capacity.requestsPerEndpointMax)")
    var endpointRequests: [String]

    @Option(
        "Connections to one endpoint; 0 for no limit.",
        takes: "n", default: "\(capacity.connectionsPerEndpointMax)")
    var endpointConnections: [String]

    @Option(
        "How long one connection to an endpoint is used; 0 for no limit.",
        takes: "duration", default: durationText(capacity.connectionLife.ageMilliseconds))
    var connectionAge: [String]

    @Option(
        "How many requests one connection to an endpoint is used for; 0 for no limit.",
        takes: "n", default: "\(capacity.connectionLife.requestsMax)")
    var connectionRequests: [String]

    @Option(
        "How long a client's connection is used; 0 for no limit.",
        takes: "duration", default: durationText(defaults.clientConnectionLife.ageMilliseconds))
    var clientAge: [String]

    @Option(
        "How many requests a client's connection is used for; 0 for no limit.",
        takes: "n", default: "\(defaults.clientConnectionLife.requestsMax)")
    var clientRequests: [String]

    var flags: [OptionName: [String]] {
        [
            .queueTimeout: queueTimeout,
            .queueLength: queueLength,
            .endpointRequests: endpointRequests,
            .endpointConnections: endpointConnections,
            .connectionAge: connectionAge,
            .connectionRequests: connectionRequests,
            .clientAge: clientAge,
            .clientRequests: clientRequests,
        ]
    }
}

private let capacity = defaults.serviceDefaults.capacity
