import Synchronization

/// One address that can serve a service's requests. `stats` is the identity: it is kept while the address stays in the
/// service's set, across any number of snapshots.
package struct Endpoint: Sendable {
    package let address: SocketAddress
    package let stats: EndpointStats

    package init(address: SocketAddress, stats: EndpointStats = EndpointStats()) {
        self.address = address
        self.stats = stats
    }
}

/// What all workers know of one endpoint together: the only state that a request shares across workers.
package final class EndpointStats: Sendable {
    /// Keeps `inFlight` on a cache line that no other object's writes move between cores.
    private let before = InlineArray<8, UInt64>(repeating: 0)
    /// Requests that were sent to the endpoint and have not ended.
    package let inFlight = Atomic<Int>(0)
    /// Until this moment (microseconds of the monotonic clock) others are preferred, because a connect failed.
    package let suspectUntilMicroseconds = Atomic<Int64>(0)
    /// Connects that failed since the last that succeeded.
    package let connectFailures = Atomic<Int>(0)
    /// Whether a connection to it ever came about: a container has a name before it listens.
    package let isProven = Atomic<Bool>(false)
    private let after = InlineArray<8, UInt64>(repeating: 0)

    package init() {}
}

/// Who can serve each service, as an immutable value: what discovery publishes and workers adopt.
package final class EndpointSnapshot: Sendable {
    /// Indexed by service, in the order of the configuration. The order of endpoints is stable between snapshots.
    package let services: [[Endpoint]]

    package init(services: [[Endpoint]]) { self.services = services }
}
