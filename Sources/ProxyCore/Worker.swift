import CLinux
import Synchronization

/// What a worker is told once, at its start.
package struct WorkerSettings: Sendable {
    package var timeouts: Timeouts
    package var clientConnectionLife: ConnectionLife
    package var routes: RouteTable
    package var services: [Service]
    /// Descriptors that the worker may use for connections and pipes.
    package var descriptorsMax: Int

    package struct Service: Sendable {
        package let settings: ServiceSettings
        /// What its policy looks at.
        let key: RequestKey
        /// `StickyCookie.start`.
        let stickyCookieStart: [UInt8]
        /// The Host of a request that names none.
        let host: [UInt8]

        package init(settings: ServiceSettings, host: String) {
            self.settings = settings
            key = RequestKey(settings)
            stickyCookieStart = Array("Set-Cookie: \(settings.sticky.cookieName)=".utf8)
            self.host = Array(host.utf8.prefix(Limits.hostBytesMax))
        }
    }

    package init(
        timeouts: Timeouts, clientConnectionLife: ConnectionLife, routes: RouteTable, services: [Service],
        descriptorsMax: Int
    ) {
        self.timeouts = timeouts
        self.clientConnectionLife = clientConnectionLife
        self.routes = routes
        self.services = services
        self.descriptorsMax = descriptorsMax
    }
}

/// One thread of the data plane, with everything that a request needs: it shares no lock and no object with the others.
///
/// A request goes through `RequestFlow.swift` from top to bottom; the files beside it are its steps.
struct Worker: ~Copyable {
    let index: Int
    let settings: WorkerSettings
    let team: Team
    let reports: WorkerReports

    var poller: Poller
    var listeners: [Int32]
    var sessions: Slab<Session>
    var exchanges: Slab<Exchange>
    var upstreams: Slab<UpstreamConnection>
    var endpoints: EndpointTable
    var sessionTimers: TimerWheel
    var upstreamTimers: TimerWheel
    var pool = BufferPool()
    var pipes = PipePool()
    var requestHead = RequestHead()
    var responseHead = ResponseHead()
    var requestIDs = RequestID.Sequence()
    var log: AccessLog

    /// The moment at which the current turn began.
    var now = Instant.read()
    /// Sessions that can go on without an event, in the order in which they are to.
    var queue: [Int32] = []
    /// Indexed by service.
    var traffic: [ServiceTraffic]
    private var generation: UInt32 = 0
    /// No connection is accepted until then, because descriptors are short; nil where all is well.
    var acceptResumes: Instant?
    var saidOutOfDescriptors = false
    /// When other workers were last asked to give up idle connections.
    var lastAskedForConnections = Instant(microseconds: 0)
    /// When a failed connect was last reported.
    var lastConnectReport = Instant(microseconds: 0)
    var drain: Drain?

    /// The requests of one service in this worker.
    struct ServiceTraffic {
        var waiting = WaitingList()
        var budget = RetryBudget()
        /// When discovery was last told that requests wait for an endpoint, and there is none.
        var lastReportedEmpty = Instant(microseconds: 0)
    }

    /// A drain that is under way.
    struct Drain {
        let began: Instant
        let deadline: Instant
    }

    /// - Throws: `SystemError` where the kernel grants no descriptors.
    init(
        index: Int, settings: WorkerSettings, team: Team, reports: WorkerReports, listeners: [Int32],
        log: consuming AccessLog
    ) throws(SystemError) {
        self.index = index
        self.settings = settings
        self.team = team
        self.reports = reports
        self.listeners = listeners
        self.log = log
        poller = try Poller()
        sessions = Slab(capacity: settings.descriptorsMax)
        exchanges = Slab(capacity: settings.descriptorsMax)
        upstreams = Slab(capacity: settings.descriptorsMax)
        endpoints = EndpointTable(
            settings: settings.services.map(\.settings), worker: index, seed: clx_random())
        traffic = settings.services.map { _ in ServiceTraffic() }
        sessionTimers = TimerWheel(capacity: settings.descriptorsMax, now: now)
        upstreamTimers = TimerWheel(capacity: settings.descriptorsMax, now: now)
        _ = poller.watchInput(team.mailboxes[index].wakeup, Token(.wakeup, slot: 0))
        for (number, descriptor) in listeners.enumerated() {
            _ = poller.watchInput(descriptor, Token(.listener, slot: number))
        }
    }

    /// A number that no earlier connection of this worker has had lately.
    mutating func nextGeneration() -> UInt32 {
        generation &+= 1
        return generation
    }

    /// Serves until the worker has drained or is told to stop.
    mutating func run() {
        // The first snapshot is there before the first request.
        var goesOn = readMailbox()
        while goesOn {
            let count = poller.wait(timeoutMilliseconds: queue.isEmpty ? timeToWait() : 0)
            now = Instant.read()
            closeEndedIdleUpstreams(among: count)
            for index in 0..<count {
                let (token, readiness) = poller[index]
                switch token.kind {
                case .client: clientReady(token, readiness)
                case .upstream: upstreamReady(token, readiness)
                case .listener: acceptConnections(on: token.slot)
                case .wakeup: goesOn = readMailbox()
                }
            }
            continueQueued()
            expireDeadlines()
            log.flushIfDue(now)
            pipes.trim(now)
            if let acceptResumes, now >= acceptResumes { resumeAccepting() }
            if drain != nil, isDrained() { goesOn = false }
        }
        closeEverything()
    }

    /// Milliseconds until something is due that no event announces.
    private func timeToWait() -> Int32 {
        var wait = Int32.max
        for next in [sessionTimers.millisecondsToNext(now), upstreamTimers.millisecondsToNext(now)] where next >= 0 {
            wait = min(wait, next)
        }
        if log.hasLines { wait = min(wait, Int32(AccessLog.flushMilliseconds)) }
        if pipes.hasFree { wait = min(wait, 1_000) }
        if acceptResumes != nil { wait = min(wait, 250) }
        if drain != nil { wait = min(wait, 20) }
        return wait == .max ? -1 : wait
    }

    /// Lets the session go on after the events of this turn.
    mutating func enqueue(_ session: Int) {
        guard !sessions[session].isQueued else { return }
        sessions[session].isQueued = true
        queue.append(Int32(session))
    }

    /// Each queued session gets one more go; those that queue again wait for the next turn.
    private mutating func continueQueued() {
        let count = queue.count
        guard count > 0 else { return }
        for position in 0..<count {
            let session = Int(queue[position])
            guard sessions[session].isQueued else { continue }
            sessions[session].isQueued = false
            advance(session)
        }
        queue.removeFirst(count)
    }

    /// - Returns: false where the worker is to stop at once.
    private mutating func readMailbox() -> Bool {
        let mail = team.mailboxes[index].take()
        for service in mail.servicesToYield { yieldConnections(service) }
        if let snapshot = mail.snapshot { adopt(snapshot) } else if mail.wakesWaiting { wakeFirstOfAllWaiting() }
        for connection in mail.connections { openSession(connection.descriptor, connection.peer) }
        if let milliseconds = mail.drainMilliseconds { beginDrain(milliseconds) }
        return !mail.stop
    }

    private mutating func adopt(_ snapshot: EndpointSnapshot) {
        for place in endpoints.adopt(snapshot, now) {
            while endpoints[place].firstIdle >= 0 { closeUpstream(Int(endpoints[place].firstIdle)) }
            abandonConnects(to: place)
            endpoints.freeIfUnused(place)
        }
        wakeWaiting()
    }

    private mutating func closeEverything() {
        for session in 0..<sessions.highWater where sessions[session].phase != .vacant { abort(session) }
        for upstream in 0..<upstreams.highWater where upstreams[upstream].state != .vacant { closeUpstream(upstream) }
        for descriptor in listeners { _ = clx_close(descriptor) }
        log.close(now)
    }
}
