import CLinux
import Synchronization

/// One thread of the data plane, with everything that a request needs: it shares no lock and no object with the others.
///
/// A request goes through `RequestFlow.swift` from top to bottom; the files beside it are its steps.
struct Worker: ~Copyable {
    let index: Int
    /// Descriptors that the worker may use for connections, pipes and files.
    let descriptorsMax: Int
    let team: Team
    let reports: WorkerReports

    var poller: Poller
    var listeners: [Listener]
    var sessions: Slab<Session>
    var exchanges: Slab<Exchange>
    var upstreams: Slab<UpstreamConnection>
    var endpoints: EndpointTable
    var sessionTimers: TimerWheel
    var upstreamTimers: TimerWheel
    var pool = BufferPool()
    var pipes = PipePool()
    var files: OpenFiles
    var filePath = FilePath()
    /// Contents of files that are being sent.
    var fileBodies: Slab<FileBody>
    var date = DateField()
    var encodings = EncodingTable()
    var passwords = PasswordCache()
    /// The number of the last question about a password.
    var ticket: UInt32 = 0
    var requestHead = RequestHead()
    var responseHead = ResponseHead()
    var requestIDs = RequestID.Sequence()
    /// The path of the request that is being prepared, where it had to be brought into its normal form.
    var normalPath = ByteBuffer(capacity: 3 * Limits.requestLineBytesMax)
    /// The same as a server behind us may read it.
    var otherPath = ByteBuffer(capacity: 3 * Limits.requestLineBytesMax)
    /// What the expression of its route has found in it.
    var captures = Captures()
    var matchMemory = MatchMemory()
    var log: AccessLog

    /// By which requests run.
    var plans: PlanTable
    /// Of the present plan.
    var timeouts: Timeouts
    var clientConnectionLife: ConnectionLife
    /// Indexed by slot: what was last said of each service.
    var services: [Plan.Service] = []
    /// The moment at which the current turn began.
    var now = Instant.read()
    /// Sessions that can go on without an event, in the order in which they are to.
    var queue: [Int32] = []
    /// Indexed by slot.
    var traffic: [ServiceTraffic] = []
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

    /// A socket on which the worker accepts.
    struct Listener {
        /// -1 where it was closed and its place is free.
        let descriptor: Int32
        let address: SocketAddress
    }

    /// A drain that is under way.
    struct Drain {
        let began: Instant
        let deadline: Instant
    }

    /// - Throws: `SystemError` where the kernel grants no descriptors.
    init(
        index: Int, descriptorsMax: Int, plan: Plan, team: Team, reports: WorkerReports, listeners: [Listener],
        log: consuming AccessLog
    ) throws(SystemError) {
        self.index = index
        self.descriptorsMax = descriptorsMax
        self.team = team
        self.reports = reports
        self.listeners = []
        self.log = log
        poller = try Poller()
        sessions = Slab(capacity: descriptorsMax)
        exchanges = Slab(capacity: descriptorsMax)
        files = OpenFiles(answersMax: descriptorsMax)
        fileBodies = Slab(capacity: descriptorsMax)
        upstreams = Slab(capacity: descriptorsMax)
        endpoints = EndpointTable(worker: index, seed: clx_random())
        sessionTimers = TimerWheel(capacity: descriptorsMax, now: now)
        upstreamTimers = TimerWheel(capacity: descriptorsMax, now: now)
        plans = PlanTable(requestsMax: descriptorsMax)
        timeouts = plan.timeouts
        clientConnectionLife = plan.clientConnectionLife
        _ = poller.watchInput(team.mailboxes[index].wakeup, Token(.wakeup, slot: 0))
        adopt(plan)
        for listener in listeners { open(listener) }
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
            files.trim(now)
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
        if pipes.hasFree || files.isKeeping { wait = min(wait, 1_000) }
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
        if let plan = mail.plan { adopt(plan) }
        for listener in mail.opening { open(listener) }
        for descriptor in mail.closing { close(listener: descriptor) }
        if let snapshot = mail.snapshot { adopt(snapshot) } else if mail.wakesWaiting { wakeFirstOfAllWaiting() }
        for connection in mail.connections { openSession(connection) }
        for answer in mail.answers { take(answer) }
        if let milliseconds = mail.drainMilliseconds { beginDrain(milliseconds) }
        return !mail.stop
    }

    /// Requests begin under `plan` from now on.
    private mutating func adopt(_ plan: Plan) {
        plans.adopt(plan)
        timeouts = plan.timeouts
        clientConnectionLife = plan.clientConnectionLife
        for service in plan.services {
            while services.count <= service.slot {
                services.append(Plan.Service(slot: services.count, settings: ServiceSettings(), host: ""))
                traffic.append(ServiceTraffic())
            }
            services[service.slot] = service
            endpoints.configure(service.slot, service.settings)
        }
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
        for listener in listeners where listener.descriptor >= 0 { _ = clx_close(listener.descriptor) }
        log.close(now)
    }
}
