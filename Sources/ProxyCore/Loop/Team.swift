import CLinux
import Synchronization

/// What the workers know of each other: how many connections each has, and where to leave something for it.
package final class Team: Sendable {
    let mailboxes: [Mailbox]
    let passwords: PasswordVerifier
    private let loads: [Load]

    private final class Load: Sendable {
        let sessions = Atomic<Int>(0)
        /// Requests that wait for an endpoint.
        let waiting = Atomic<Int>(0)
        /// Keeps each count on a cache line of its own.
        private let after = InlineArray<16, UInt64>(repeating: 0)
    }

    /// - Throws: `SystemError` where the kernel grants no descriptors.
    init(workers: Int) throws(SystemError) {
        var mailboxes: [Mailbox] = []
        for _ in 0..<workers { mailboxes.append(try Mailbox()) }
        self.mailboxes = mailboxes
        passwords = try PasswordVerifier { [mailboxes] worker, answer in
            mailboxes[worker].post { $0.answers.append(answer) }
        }
        loads = (0..<workers).map { _ in Load() }
    }

    var sessions: [Int] { loads.map { $0.sessions.load(ordering: .relaxed) } }

    func sessionOpened(_ worker: Int) { loads[worker].sessions.wrappingAdd(1, ordering: .relaxed) }
    func sessionClosed(_ worker: Int) { loads[worker].sessions.wrappingSubtract(1, ordering: .relaxed) }

    func requestWaits(_ worker: Int) { loads[worker].waiting.wrappingAdd(1, ordering: .relaxed) }
    func requestStoppedWaiting(_ worker: Int) { loads[worker].waiting.wrappingSubtract(1, ordering: .relaxed) }

    /// Room has come about at a limited endpoint: workers in which requests wait try again.
    func wakeWaiting(except worker: Int) {
        for other in loads.indices where other != worker && loads[other].waiting.load(ordering: .relaxed) > 0 {
            mailboxes[other].post { $0.wakesWaiting = true }
        }
    }

    /// Asks the other workers to close their idle connections to the service's endpoints.
    func askForConnections(_ service: Int, from worker: Int) {
        for other in loads.indices where other != worker {
            mailboxes[other].post { mail in _ = mail.servicesToYield.insert(service) }
        }
    }

    /// Leaves a new connection to the worker with the fewest, where that has clearly fewer than `worker`: the kernel
    /// spreads connections by hash, which is even only for many.
    func handOver(_ connection: Mailbox.Connection, from worker: Int) -> Bool {
        guard loads.count > 1 else { return false }
        var lightest = worker
        var least = loads[worker].sessions.load(ordering: .relaxed)
        let own = least
        for other in loads.indices {
            let count = loads[other].sessions.load(ordering: .relaxed)
            if count < least {
                lightest = other
                least = count
            }
        }
        guard own > least + 1 + least / 8, mailboxes[lightest].hand(connection) else { return false }
        sessionOpened(lightest)
        return true
    }
}

/// Where other threads leave something for a worker; it looks only when it is woken, never on a request's path.
final class Mailbox: Sendable {
    struct Connection: Sendable {
        let descriptor: Int32
        let peer: SocketAddress
        /// The port that it was accepted at.
        let port: UInt16
    }

    struct Mail: Sendable {
        /// The newest; older ones that were not taken yet do not matter any more.
        var snapshot: EndpointSnapshot?
        /// The newest, as well.
        var plan: Plan?
        var opening: [Worker.Listener] = []
        var closing: [Int32] = []
        var connections: [Connection] = []
        /// What has come of passwords.
        var answers: [PasswordVerifier.Answer] = []
        /// Requests that wait for an endpoint may find one.
        var wakesWaiting = false
        /// Services to whose endpoints idle connections are to be closed, because another worker needs theirs.
        var servicesToYield: Set<Int> = []
        var drainMilliseconds: Milliseconds?
        var stop = false
    }

    private let mail = Lock(Mail())
    let wakeup: Int32

    init() throws(SystemError) { wakeup = try SystemError.check(clx_eventfd(), "eventfd") }
    deinit { _ = clx_close(wakeup) }

    func post(_ change: (inout sending Mail) -> Void) {
        mail.withLock { change(&$0) }
        clx_eventfd_signal(wakeup)
    }

    /// - Returns: false where the worker has too many waiting already, or is leaving.
    func hand(_ connection: Connection) -> Bool {
        let handed = mail.withLock { mail in
            guard mail.connections.count < Limits.handedConnectionsMax, !mail.stop, mail.drainMilliseconds == nil else {
                return false
            }
            mail.connections.append(connection)
            return true
        }
        if handed { clx_eventfd_signal(wakeup) }
        return handed
    }

    func take() -> Mail {
        clx_eventfd_clear(wakeup)
        return mail.withLock { mail in
            let taken = mail
            mail.snapshot = nil
            mail.plan = nil
            mail.opening = []
            mail.closing = []
            mail.connections = []
            mail.answers = []
            mail.wakesWaiting = false
            mail.servicesToYield = []
            return taken
        }
    }
}
