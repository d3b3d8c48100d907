/// How the requests of one service are spread, tried again and held back, and how its endpoints are judged.
///
/// Every default is what a service gets that says nothing: sound for HTTP services of any kind.
package struct ServiceSettings: Equatable, Sendable {
    package var policy = Policy.roundRobin
    /// What the hashing policies look at.
    package var hashKey = HashKey.client
    package var sticky = StickySettings()
    package var health = HealthSettings()
    package var ejection = EjectionSettings()
    package var retries = RetrySettings()
    package var capacity = CapacitySettings()
    /// The time in which the share of an endpoint that joins a running pool grows to its whole; 0 for at once.
    package var slowStartMilliseconds: Milliseconds = 5_000
    /// Where less than this share of a tier's endpoints is healthy, all of them are used: to overload the rest would take
    /// it down as well. 0 never does that.
    package var panicPercent = 50

    package init() {}
}

/// What of a request decides where the hashing policies send it.
package enum HashKey: Hashable, Sendable {
    /// The address of the client's connection.
    case client
    /// The target, with its query.
    case uri
    /// The value of a field, by its name in lower case.
    case header(String)
    /// The value of a cookie (RFC 6265 section 5.4), by its name.
    case cookie(String)
}

/// The cookie that ties a client to an endpoint.
package struct StickySettings: Equatable, Sendable {
    package var cookieName = "balancer"
    /// What the cookie's value is signed with. Instances that share it, and later runs, know one another's cookies; an
    /// empty one is replaced by a random one at the start.
    package var secret = ""

    package init() {}
}

/// What may be used of one endpoint, and how long one connection may be used.
package struct CapacitySettings: Equatable, Sendable {
    /// Requests that one endpoint may have in flight, over all workers; further ones wait. 0 for no limit.
    package var requestsPerEndpointMax = 0
    /// Connections to one endpoint, over all workers; 0 for no limit.
    package var connectionsPerEndpointMax = 0
    /// How long a request waits for an endpoint: where the pool is empty, all refuse, or all are at their limits.
    package var queueMilliseconds: Milliseconds = 1_000
    /// How many requests of one worker wait; more are answered at once.
    package var queuedRequestsMax = 4_096
    package var connectionLife = ConnectionLife.upstream

    package init() {}
}
