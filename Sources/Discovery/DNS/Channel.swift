import CAres
import Glibc
import ProxyCore

/// A c-ares channel (ares_init_options(3)) on the control loop: questions go in, each has exactly one answer, unless
/// `cancel` comes first.
///
/// Answers are handed on only after c-ares has returned, so whoever takes one may ask again, or let go of the channel:
/// c-ares forbids its destruction within its own callbacks. A channel that nobody holds any more lives until its last
/// question is answered. `handle` is never null outside of `init`, which is what makes the face safe.
@safe
final class Channel {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// What c-ares carries for a question and gives back with its answer. It keeps the channel alive meanwhile.
    private final class Question {
        let channel: Channel
        let type: RecordType
        let then: (Answer) -> Void

        init(channel: Channel, type: RecordType, then: @escaping (Answer) -> Void) {
            self.channel = channel
            self.type = type
            self.then = then
        }
    }

    /// What c-ares tells about its sockets. A class of its own, since c-ares reports their closing while the channel is
    /// already being destroyed.
    private final class Sockets {
        let loop: ControlLoop
        weak var channel: Channel?

        init(loop: ControlLoop) { self.loop = loop }

        func update(_ socket: Int32, readable: Bool, writable: Bool) {
            // It comes before the close, so that the loop never holds a descriptor that means something else by now.
            guard readable || writable else { return loop.unwatch(socket) }
            var interest: ControlLoop.Interest = []
            if readable { interest.insert(.readable) }
            if writable { interest.insert(.writable) }
            loop.watch(socket, for: interest) { [weak channel] ready in channel?.process(socket, ready) }
        }
    }

    private let loop: ControlLoop
    private let sockets: Sockets
    private var handle: ares_channel?
    private var timer: ControlLoop.TimerID?
    private var answered: [(question: Question, answer: Answer)] = []

    /// - Parameters:
    ///   - servers: asked in this order; each once, then again with twice the time, up to `triesPerServer`.
    ///   - timeoutMilliseconds: how long the first try waits for each.
    /// - Throws: `Failure` with c-ares' reason, such as a lack of memory.
    init(
        loop: ControlLoop, servers: [SocketAddress], timeoutMilliseconds: Milliseconds, triesPerServer: Int
    ) throws(Failure) {
        try Channel.startLibrary()
        self.loop = loop
        sockets = Sockets(loop: loop)
        sockets.channel = self

        var options = unsafe ares_options()
        unsafe options.timeout = Int32(clamping: timeoutMilliseconds)
        unsafe options.tries = Int32(clamping: triesPerServer)
        unsafe options.ndots = 1
        unsafe options.ednspsz = Int32(Limits.udpPayloadBytes)
        // Failures are answers too: without NOCHECKRESP, SERVFAIL would read as "connection refused".
        unsafe options.flags = ARES_FLAG_EDNS | ARES_FLAG_NOCHECKRESP
        unsafe options.sock_state_cb = { context, socket, readable, writable in
            let sockets = unsafe Unmanaged<Sockets>.fromOpaque(context!).takeUnretainedValue()
            sockets.update(socket, readable: readable != 0, writable: writable != 0)
        }
        unsafe options.sock_state_cb_data = Unmanaged.passUnretained(sockets).toOpaque()
        // Whatever is left out, c-ares reads from files and the environment: these are given as "none".
        let none = ARES_OPT_SERVERS | ARES_OPT_DOMAINS | ARES_OPT_SORTLIST | ARES_OPT_NOROTATE
        let given =
            ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_NDOTS | ARES_OPT_EDNSPSZ
            | ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB
        var lookups: [CChar] = [CChar(UInt8(ascii: "b")), 0]
        let status = unsafe lookups.withUnsafeMutableBufferPointer { lookups in
            unsafe options.lookups = lookups.baseAddress
            return unsafe ares_init_options(&handle, &options, given | none)
        }
        try Channel.check(status)
        try Channel.check(unsafe ares_set_servers_ports_csv(handle, servers.map(\.description).joined(separator: ",")))
    }

    deinit {
        if let timer { loop.cancel(timer) }
        unsafe ares_destroy(handle)
    }

    /// Asks for the records of `type` that the absolute `name` has. `then` may be called before this returns.
    func ask(_ name: String, _ type: RecordType, then: @escaping (Answer) -> Void) {
        let question = unsafe Unmanaged.passRetained(Question(channel: self, type: type, then: then))
        let internet: Int32 = 1
        unsafe ares_query(
            handle, name, internet, type.code,
            { context, status, _, message, count in
                let question = unsafe Unmanaged<Question>.fromOpaque(context!).takeRetainedValue()
                let bytes = unsafe UnsafeBufferPointer(start: message, count: Int(count))
                let answer = Answer(status: status, message: unsafe [UInt8](bytes), type: question.type)
                question.channel.answered.append((question, answer))
            }, question.toOpaque())
        settle()
    }

    /// Drops all questions that have no answer yet.
    func cancel() {
        unsafe ares_cancel(handle)
        answered = []
        settle()
    }

    private func process(_ socket: Int32, _ ready: ControlLoop.Interest) {
        let none: Int32 = -1
        unsafe ares_process_fd(
            handle, ready.contains(.readable) ? socket : none, ready.contains(.writable) ? socket : none)
        settle()
    }

    private func processTimeouts() {
        timer = nil
        unsafe ares_process_fd(handle, -1, -1)
        settle()
    }

    /// After each call into c-ares: its next time-out becomes the loop's, its answers are handed on.
    private func settle() {
        if let timer { loop.cancel(timer) }
        timer = nil
        var next = timeval()
        if unsafe ares_timeout(handle, nil, &next) != nil {
            // c-ares rounds down to the millisecond, and would not find the time-out due yet.
            let milliseconds = Milliseconds(next.tv_sec) * 1000 + Milliseconds(next.tv_usec) / 1000 + 1
            timer = loop.schedule(after: milliseconds) { [weak self] in self?.processTimeouts() }
        }
        while let (question, answer) = answered.first {
            answered.removeFirst()
            question.then(answer)
        }
    }

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

    private static let libraryStatus: Int32 = {
        // c-ares writes to TCP connections with writev(2), which a server that resets them turns into SIGPIPE.
        _ = signal(SIGPIPE, SIG_IGN)
        return ares_library_init(ARES_LIB_INIT_ALL)
    }()

    private static func startLibrary() throws(Failure) { try check(libraryStatus) }
}

extension Answer {
    /// `message` is empty where c-ares has none; `status` says what it made of a message only roughly.
    fileprivate init(status: Int32, message: [UInt8], type: RecordType) {
        if message.isEmpty {
            self = .failure(.unheard(Channel.reason(status)))
        } else {
            self.init(message: message, type: type)
        }
    }
}
