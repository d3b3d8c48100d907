/// How endpoints are probed, over connections of their own.
package struct HealthSettings: Equatable, Sendable {
    /// What a probe does.
    package enum Check: Equatable, Sendable {
        /// Endpoints are not probed.
        case off
        /// A TCP connection comes about.
        case tcp
        /// An HTTP/1.1 GET of this path is answered as expected.
        case http(path: String)
        /// grpc.health.v1.Health/Check over HTTP/2 without TLS answers SERVING, for this service ("" for the whole server).
        case grpc(service: String)
    }

    package var check = Check.tcp
    package var intervalMilliseconds: Milliseconds = 2_000
    package var timeoutMilliseconds: Milliseconds = 1_000
    /// Probes in a row that make an endpoint healthy again.
    package var rise = 2
    /// Probes in a row that make it unhealthy.
    package var fall = 3
    /// Statuses that an HTTP probe may be answered with.
    package var statuses: [ClosedRange<Int>] = [200...399]
    /// What the first 64 KiB of the body of an HTTP probe's answer must contain; empty for anything.
    package var bodyContains = ""
    /// The Host of an HTTP probe and :authority of a gRPC probe; empty for that of the service.
    package var host = ""

    package init() {}
}

/// When an endpoint is passed over for what it does to requests.
package struct EjectionSettings: Equatable, Sendable {
    package var isOn = true
    /// Failures in a row that eject: connects, time-outs, resets, and answers of 5xx, but for 501 and 505.
    package var consecutiveFailures = 5
    /// How long the first ejection lasts; each further one in a row lasts twice as long as the one before.
    package var baseMilliseconds: Milliseconds = 5_000
    package var longestMilliseconds: Milliseconds = 300_000
    /// No more than this share of a pool's endpoints is ejected at a time.
    package var ejectedPercentMax = 50
    /// How often success rates are compared.
    package var sweepMilliseconds: Milliseconds = 10_000
    /// An endpoint's rate counts where it has had so many answers since the last sweep…
    package var sweepAnswersMin = 100
    /// …and is compared where so many endpoints' rates count.
    package var sweepEndpointsMin = 5
    /// An endpoint whose success rate is more than this many hundredths of a standard deviation below the mean is ejected.
    package var deviationFactorPercent = 190

    package init() {}
}
