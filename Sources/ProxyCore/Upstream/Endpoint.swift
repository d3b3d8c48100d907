import Synchronization

/// One address that can serve a service's requests. `stats` is the identity: it is kept while the address stays in the
/// service's set, across any number of snapshots.
package struct Endpoint: Sendable {
    package let address: SocketAddress
    package let stats: EndpointStats
    package let role: EndpointRole
    /// Its share of its tier's requests relative to the others'. A weight of 1 is `wholeShare`; less while it starts.
    package var share: Int
    package var standing: EndpointStanding
    /// It was found just now, and no probe has told yet whether it serves. While it rests, it does not count among those
    /// that should be healthy: a pool that grows is not in trouble.
    package var isNew = false
    /// What a client's cookie says to come back to it; 0 where the policy sets none.
    package var stickyToken: UInt64 = 0

    package static let wholeShare = 100

    package init(
        address: SocketAddress, stats: EndpointStats = EndpointStats(), role: EndpointRole = EndpointRole(),
        share: Int? = nil, standing: EndpointStanding = .serving
    ) {
        self.address = address
        self.stats = stats
        self.role = role
        self.share = share ?? role.weight * Self.wholeShare
        self.standing = standing
    }
}

/// What part discovery gives an endpoint in its pool.
package struct EndpointRole: Hashable, Sendable {
    /// At least 1.
    package var weight: Int
    /// Lower ones first; only their order matters.
    package var priority: Int
    package var isBackup: Bool

    package init(weight: Int = 1, priority: Int = 0, isBackup: Bool = false) {
        self.weight = weight
        self.priority = priority
        self.isBackup = isBackup
    }
}

/// What health says of an endpoint.
package enum EndpointStanding: Hashable, Sendable {
    /// It gets its share.
    case serving
    /// Its ejection has run out: one request at a time may show whether it serves again.
    case trial
    /// It gets nothing while another can serve: probes fail, or it was not probed yet, or it is ejected. In a panic it is
    /// used like the others.
    case resting
    /// It has said that it is leaving: as `resting`, and not used in a panic either.
    case draining
}

/// What all workers know of one endpoint together: the only state that a request shares across workers.
package final class EndpointStats: Sendable {
    /// Keeps the counters on cache lines that no other object's writes move between cores.
    private let before = InlineArray<8, UInt64>(repeating: 0)
    /// Requests that were sent to the endpoint and have not ended.
    package let inFlight = Atomic<Int>(0)
    /// Connections to it, in whatever state. Counted only where they are limited.
    package let connections = Atomic<Int>(0)
    /// Until this moment (microseconds of the monotonic clock) others are preferred, because a connect failed.
    package let suspectUntilMicroseconds = Atomic<Int64>(0)
    /// Connects that failed since the last that succeeded.
    package let connectFailures = Atomic<Int>(0)
    /// Whether a connection to it ever came about: a container has a name before it listens.
    package let isProven = Atomic<Bool>(false)
    /// Failures (see `EjectionSettings.consecutiveFailures`) since the last answer that was none.
    package let failuresInARow = Atomic<Int>(0)
    /// Answers in a row after which it ended the connection, and whether it ever kept one.
    package let closesInARow = Atomic<Int>(0)
    package let hasKeptConnections = Atomic<Bool>(false)
    /// When its last answer began, and when the request was sent that was the last sent of those it has answered, in
    /// microseconds of the monotonic clock.
    package let answeredMicroseconds = Atomic<Int64>(0)
    package let answeredSentMicroseconds = Atomic<Int64>(0)
    /// All answers and failures, and the failures among them.
    package let outcomes = Atomic<Int>(0)
    package let failures = Atomic<Int>(0)
    /// The peak-sensitive moving average of the time to an answer's head, in microseconds, and when it was last brought up
    /// to date. Two workers may overwrite one another's: it is an average.
    package let latencyMicroseconds = Atomic<Int64>(0)
    package let latencyNotedMicroseconds = Atomic<Int64>(0)
    /// A request is under way that shows whether it serves again, or has shown it to the control thread, which takes this
    /// back with the next trial that it grants.
    package let isOnTrial = Atomic<Bool>(false)
    private let after = InlineArray<8, UInt64>(repeating: 0)

    package init() {}
}

/// An endpoint's statistics without a reference that is counted. To count one for each look would write to memory that all
/// workers share, twice for each endpoint that a pick looks at.
@safe
struct BorrowedStats {
    private let stats: Unmanaged<EndpointStats>

    /// Whoever holds this keeps `stats` alive as well.
    init(_ stats: EndpointStats) { unsafe self.stats = Unmanaged.passUnretained(stats) }

    @inline(__always)
    func read<Result>(_ body: (EndpointStats) -> Result) -> Result { unsafe stats._withUnsafeGuaranteedRef(body) }
}

/// Who can serve each service, as an immutable value: what discovery publishes and workers adopt.
package final class EndpointSnapshot: Sendable {
    /// Indexed by service, in the order of the configuration.
    package let services: [Pool]

    package init(services: [Pool]) { self.services = services }
}
