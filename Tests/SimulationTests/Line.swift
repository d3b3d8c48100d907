import ProxyCore

/// A connection of a worker to whatever is at an endpoint's address.
final class Line {
    enum State { case connecting, active, idle, closed }

    unowned let worker: SimulatedWorker
    let place: Int
    let address: SocketAddress
    let stats: EndpointStats
    /// Who has accepted it.
    var replica: Replica?
    var state = State.connecting
    var request: Request?
    var requests = 0
    /// The other side has ended it, and its news is on the way.
    var isDead = false
    var connectDeadline = Instant.distantFuture
    var retires = Instant.distantFuture
    var timer: FakeClock.Timer?

    init(of worker: SimulatedWorker, to place: Int, _ address: SocketAddress, _ stats: EndpointStats) {
        self.worker = worker
        self.place = place
        self.address = address
        self.stats = stats
    }
}
