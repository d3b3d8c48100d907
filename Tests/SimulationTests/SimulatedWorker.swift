@testable import ProxyCore

/// A worker without sockets: drives `EndpointTable`, `Attempts` and `RetryBudget` in the order in which `Worker` does. Its
/// methods have the names of those that they stand for.
final class SimulatedWorker {
    let index: Int
    let world: World
    let clock: FakeClock
    let referee: Referee
    let settings: ServiceSettings
    let timeouts: Timeouts
    let report: (EndpointReport.Event, SocketAddress) -> Void
    /// The others of its team.
    var peers: [SimulatedWorker] = []

    var table: EndpointTable
    var budget = RetryBudget()
    /// Those that wait for an endpoint, who waits longest first.
    var waiting: [Request] = []
    /// Requests that have begun and not ended.
    var requests = 0
    /// Idle lines by place, the last used last.
    var idle: [Int: [Line]] = [:]
    /// Lines that have not come about yet.
    var connecting: [Line] = []
    /// What it adopted last.
    var pool = Pool.empty
    /// Its endpoints, and the places of those that were picked, by identity.
    private(set) var members: [ObjectIdentifier: Endpoint] = [:]
    var placeOf: [ObjectIdentifier: Int] = [:]
    /// Since when each endpoint of the pool is serving in this worker's eyes.
    private(set) var servingSince: [ObjectIdentifier: Instant] = [:]
    var lastAsked = Instant(microseconds: 0)
    private var queue: [Request] = []
    /// A peer has room for one that waits here, which it is about to hear.
    var isWoken = false
    private var generation: UInt64 = 0

    init(
        _ index: Int, _ world: World, report: @escaping (EndpointReport.Event, SocketAddress) -> Void
    ) {
        self.index = index
        self.world = world
        self.report = report
        clock = world.clock
        referee = world.referee
        settings = world.scenario.settings
        timeouts = world.scenario.timeouts
        table = EndpointTable(settings: [settings], worker: index)
    }

    var now: Instant { clock.now }

    func nextGeneration() -> UInt64 {
        generation += 1
        return generation
    }

    // ---- snapshots ---------------------------------------------------------------------------------------------------

    func adopt(_ pool: Pool) {
        let left = table.adopt(EndpointSnapshot(services: [pool]), now)
        self.pool = pool
        members = Dictionary(uniqueKeysWithValues: pool.endpoints.map { (ObjectIdentifier($0.stats), $0) })
        placeOf = placeOf.filter { members[$0.key] != nil }
        let before = servingSince
        servingSince = [:]
        for endpoint in pool.endpoints where endpoint.standing == .serving {
            let identity = ObjectIdentifier(endpoint.stats)
            servingSince[identity] = before[identity] ?? now
        }
        referee.adopted(pool, by: self)
        for place in left {
            while let line = idle[place]?.last { close(line) }
            abandonConnects(to: place)
            table.freeIfUnused(place)
        }
        wakeWaiting()
    }

    // ---- requests ----------------------------------------------------------------------------------------------------

    func begin(_ request: Request) {
        budget.requestBegan()
        requests += 1
        attachUpstream(request)
    }

    /// The client goes away.
    func abort(_ request: Request) {
        guard request.endings == 0 else { return }
        detachUpstream(request, reusable: false)
        end(request, .aborted)
    }

    /// An answer of our own.
    func reply(_ request: Request, _ reply: OwnReply) {
        detachUpstream(request, reusable: false)
        end(request, .failed(reply))
    }

    func end(_ request: Request, _ ending: Ending) {
        stopWaiting(request)
        requests -= 1
        referee.ended(request, ending, in: self)
        settleBudget(request)
    }

    // ---- turns -------------------------------------------------------------------------------------------------------

    /// Lets a waiting request go on after what happens at this moment.
    func enqueue(_ request: Request) {
        guard !request.isQueued else { return }
        request.isQueued = true
        queue.append(request)
        guard queue.count == 1 else { return }
        clock.after(microseconds: 5) { [unowned self] in
            let queued = queue
            queue = []
            for request in queued {
                request.isQueued = false
                if request.isWaiting { attachAgain(request) }
            }
        }
    }
}
