import CAres
import Glibc
import ProxyCore

/// One question to the name servers, by way of c-ares on the control loop.
///
/// Each question has a c-ares channel (ares_init_options(3)) to itself. So each has its own random source port, beside
/// its id, for a forger to guess; and c-ares, which reports a socket's error to one of the questions that share it and
/// lets the others run into their time-out, has none to confuse.
@safe
final class Query {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// Whom to ask, and how patiently.
    struct Servers {
        /// Asked in this order; each once, then again with twice the time, up to `triesPerServer`.
        var addresses: [SocketAddress]
        /// How long the first try waits for each.
        var timeoutMilliseconds: Milliseconds
        var triesPerServer: Int
    }

    private let loop: ControlLoop
    private let type: RecordType
    private let then: (Answer) -> Void
    /// Null before and after the question is under way; in between, this object must stay where it is.
    private var channel: ares_channel?
    private var timer: ControlLoop.TimerID?
    /// Set within c-ares' callback, told only after c-ares has returned: it forbids the channel's end before that.
    private var answer: Answer?

    /// - Parameter then: called once, maybe before `start` returns; not after `cancel`.
    init(loop: ControlLoop, type: RecordType, then: @escaping (Answer) -> Void) {
        self.loop = loop
        self.type = type
        self.then = then
    }

    deinit { precondition(unsafe channel == nil, "a query is held until its answer or its cancelling") }

    /// Asks `servers` for the records of the absolute `name`. The caller holds this object until `then` or `cancel`.
    func start(_ name: String, servers: Servers) {
        do {
            try open(servers)
        } catch {
            answer = .failure(.unheard(error.description))
            return settle()
        }
        let internet: Int32 = 1
        unsafe ares_query(
            channel, name, internet, type.code,
            { context, status, _, message, count in
                let query = unsafe Unmanaged<Query>.fromOpaque(context!).takeUnretainedValue()
                let bytes = unsafe [UInt8](UnsafeBufferPointer(start: message, count: Int(count)))
                query.answer = Answer(status: status, message: bytes, type: query.type)
            }, Unmanaged.passUnretained(self).toOpaque())
        settle()
    }

    func cancel() { close() }

    // MARK: c-ares

    private func open(_ servers: Servers) throws(Failure) {
        try Query.startLibrary()
        var options = unsafe ares_options()
        unsafe options.timeout = Int32(clamping: servers.timeoutMilliseconds)
        unsafe options.tries = Int32(clamping: servers.triesPerServer)
        unsafe options.ndots = 1
        unsafe options.ednspsz = Int32(Limits.udpPayloadBytes)
        // Failures are answers too: without NOCHECKRESP, SERVFAIL would read as "connection refused".
        unsafe options.flags = ARES_FLAG_EDNS | ARES_FLAG_NOCHECKRESP
        unsafe options.sock_state_cb = { context, socket, readable, writable in
            let query = unsafe Unmanaged<Query>.fromOpaque(context!).takeUnretainedValue()
            query.watch(socket, readable: readable != 0, writable: writable != 0)
        }
        unsafe options.sock_state_cb_data = Unmanaged.passUnretained(self).toOpaque()
        // Whatever is left out, c-ares reads from files and the environment: these are given as "none".
        let none = ARES_OPT_SERVERS | ARES_OPT_DOMAINS | ARES_OPT_SORTLIST | ARES_OPT_NOROTATE
        let given =
            ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_NDOTS | ARES_OPT_EDNSPSZ
            | ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB
        var lookups = Array("b".utf8CString)
        let status = unsafe lookups.withUnsafeMutableBufferPointer { lookups in
            unsafe options.lookups = lookups.baseAddress
            return unsafe ares_init_options(&channel, &options, given | none)
        }
        try Query.check(status)
        let list = servers.addresses.map(\.description).joined(separator: ",")
        try Query.check(unsafe ares_set_servers_ports_csv(channel, list))
    }

    private func close() {
        if let timer { loop.cancel(timer) }
        timer = nil
        unsafe ares_destroy(channel)
        unsafe channel = nil
    }

    /// c-ares tells which sockets it uses, and before it closes one, that it does not any more.
    private func watch(_ socket: Int32, readable: Bool, writable: Bool) {
        guard readable || writable else { return loop.unwatch(socket) }
        var interest: ControlLoop.Interest = []
        if readable { interest.insert(.readable) }
        if writable { interest.insert(.writable) }
        loop.watch(socket, for: interest) { [weak self] ready in self?.process(socket, ready) }
    }

    private func process(_ socket: Int32, _ ready: ControlLoop.Interest) {
        let none: Int32 = -1
        unsafe ares_process_fd(
            channel, ready.contains(.readable) ? socket : none, ready.contains(.writable) ? socket : none)
        settle()
    }

    private func processTimeout() {
        timer = nil
        unsafe ares_process_fd(channel, -1, -1)
        settle()
    }

    /// After each call into c-ares: its answer is told, or its next time-out becomes the loop's.
    private func settle() {
        if let answer {
            close()
            return then(answer)
        }
        if let timer { loop.cancel(timer) }
        var next = timeval()
        guard unsafe ares_timeout(channel, nil, &next) != nil else { return }
        // c-ares rounds down to the millisecond, and would not find the time-out due yet.
        let milliseconds = Milliseconds(next.tv_sec) * 1000 + Milliseconds(next.tv_usec) / 1000 + 1
        timer = loop.schedule(after: milliseconds) { [weak self] in self?.processTimeout() }
    }

    // MARK: The library

    /// Makes c-ares ready for use; once is enough, more often does no harm.
    static func startLibrary() throws(Failure) { try check(libraryStatus) }

    private static let libraryStatus: Int32 = {
        // c-ares writes to TCP connections with writev(2), which a server that resets them turns into SIGPIPE.
        _ = signal(SIGPIPE, SIG_IGN)
        return ares_library_init(ARES_LIB_INIT_ALL)
    }()

    private static func check(_ status: Int32) throws(Failure) {
        guard status == ARES_SUCCESS else { throw Failure(description: reason(status)) }
    }

    fileprivate static func reason(_ status: Int32) -> String {
        switch status {
        case ARES_ETIMEOUT: "no answer in time"
        case ARES_ECONNREFUSED: "no server reachable"
        default: unsafe String(cString: ares_strerror(status))
        }
    }
}

extension Answer {
    /// `message` is empty where c-ares has none; `status` says only roughly what it made of one.
    fileprivate init(status: Int32, message: [UInt8], type: RecordType) {
        if message.isEmpty {
            self = .failure(.unheard(Query.reason(status)))
        } else {
            self.init(message: message, type: type)
        }
    }
}
