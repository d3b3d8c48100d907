/// What can be set from outside. Its name serves every form: `--drain-timeout`, `BALANCER_DRAIN_TIMEOUT`.
package enum OptionName: String, CaseIterable, Sendable {
    case listen
    case upstream
    case route
    case policy
    case resolver
    case resolveInterval = "resolve-interval"
    case workers
    case accessLog = "access-log"
    case logLevel = "log-level"
    case drainTimeout = "drain-timeout"
    case headerTimeout = "header-timeout"
    case bodyTimeout = "body-timeout"
    case idleTimeout = "idle-timeout"
    case connectTimeout = "connect-timeout"
    case responseTimeout = "response-timeout"
    case upstreamIdleTimeout = "upstream-idle-timeout"
    case tunnelTimeout = "tunnel-timeout"

    package var flag: String { "--\(rawValue)" }

    package var environmentVariable: String {
        "BALANCER_" + String(rawValue.uppercased().map { $0 == "-" ? "_" : $0 })
    }

    /// Whether it may be given several times, each adding a value.
    package var isRepeatable: Bool {
        switch self {
        case .listen, .upstream, .route, .resolver: true
        default: false
        }
    }
}
