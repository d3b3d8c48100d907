/// What can be set from outside. Its name serves every form: `--drain-timeout`, `BALANCER_DRAIN_TIMEOUT`.
package enum OptionName: String, CaseIterable, Sendable {
    // Traffic
    case listen
    case upstream
    case route

    // Balancing
    case policy
    case hashKey = "hash-key"
    case stickyCookie = "sticky-cookie"
    case stickySecret = "sticky-secret"
    case slowStart = "slow-start"

    // Health
    case healthCheck = "health-check"
    case healthInterval = "health-interval"
    case healthTimeout = "health-timeout"
    case healthRise = "health-rise"
    case healthFall = "health-fall"
    case healthStatus = "health-status"
    case healthBody = "health-body"
    case healthHost = "health-host"
    case ejection
    case ejectionFailures = "ejection-failures"
    case ejectionTime = "ejection-time"
    case ejectionMax = "ejection-max"
    case panicThreshold = "panic-threshold"

    // Retries
    case retryOn = "retry-on"
    case retryAttempts = "retry-attempts"
    case tryTimeout = "try-timeout"
    case retryBudget = "retry-budget"
    case retryBody = "retry-body"
    case retryNonIdempotent = "retry-non-idempotent"

    // Discovery
    case resolver
    case resolveInterval = "resolve-interval"
    case staleLimit = "stale-limit"
    case ipFamily = "ip-family"

    // Limits
    case queueTimeout = "queue-timeout"
    case queueLength = "queue-length"
    case endpointRequests = "endpoint-requests"
    case endpointConnections = "endpoint-connections"
    case connectionAge = "connection-age"
    case connectionRequests = "connection-requests"
    case clientAge = "client-age"
    case clientRequests = "client-requests"

    // Process
    case workers
    case accessLog = "access-log"
    case logLevel = "log-level"
    case drainTimeout = "drain-timeout"

    // Time-outs
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

    /// Whether its value is shown to nobody, not even to say that it is wrong.
    var isSecret: Bool { self == .stickySecret }
}
