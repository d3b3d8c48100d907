import CAres
import Glibc
import ProxyCore

/// A channel of c-ares (ares_init_options(3)), which puts one question at a time to the name servers, on the control
/// loop.
///
/// One at a time, so that each has a socket to itself: a random source port, beside the id, for a forger to guess; and
/// c-ares, which reports a socket's error to one of the questions that share it and lets the others run into their
/// time-out, has none to confuse. To make a channel takes 70 KiB and a read of /dev/urandom, so it serves again.
@safe
final class Channel {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// How patiently is asked.
    struct Patience: Equatable {
        /// How long the first try waits for each server; each further one waits twice as long.
        var timeoutMilliseconds: Milliseconds
        var triesPerServer: Int
    }

    /// - Parameters:
    ///   - answer: what the servers say, or that they say nothing.
    ///   - heard: the server that it came from; nil where none was heard.
    typealias Completion = (_ answer: Answer, _ heard: SocketAddress?) -> Void

    private let loop: ControlLoop
    /// Null once it is closed; until then, this object must stay where it is.
    private var channel: ares_channel?
    private var servers: [SocketAddress] = []
    private var type = RecordType.a
    private var completion: Completion?
    /// Set within c-ares' callback, told only after c-ares has returned: it forbids the channel's end before that.
    private var answer: Answer?
    private var heard: SocketAddress?
    private var timer: ControlLoop.TimerID?

    /// - Throws: a `Failure` where c-ares cannot be used.
    init(loop: ControlLoop, patience: Patience) throws(Failure) {
        self.loop = loop
        try Channel.startLibrary()
        try Channel.check(open(patience))
    }

    deinit { close() }

    /// Asks `servers`, in this order, for the records of the absolute `name`, and tells the answer once, maybe before this
    /// returns; not after `close`. The caller holds this object until then, and asks nothing else.
    func ask(_ name: String, _ type: RecordType, servers: [SocketAddress], then completion: @escaping Completion) {
        self.type = type
        self.completion = completion
        answer = nil
        heard = nil
        do {
            try setServers(servers)
        } catch {
            answer = .failure(.unheard(error.description))
            return settle()
        }
        let internet: Int32 = 1
        unsafe ares_query(
            channel, name, internet, Int32(type.rawValue),
            { context, status, _, message, count in
                let channel = unsafe Unmanaged<Channel>.fromOpaque(context!).takeUnretainedValue()
                let bytes = unsafe [UInt8](UnsafeBufferPointer(start: message, count: Int(count)))
                channel.answer = Answer(status: status, message: bytes, type: channel.type)
            }, Unmanaged.passUnretained(self).toOpaque())
        settle()
    }

    /// Ends the question that is under way, which is not answered any more.
    func close() {
        if let timer { loop.cancel(timer) }
        timer = nil
        completion = nil
        unsafe ares_destroy(channel)
        unsafe channel = nil
    }

    // MARK: c-ares

    private func open(_ patience: Patience) -> Int32 {
        var options = unsafe ares_options()
        unsafe options.timeout = Int32(clamping: patience.timeoutMilliseconds)
        unsafe options.tries = Int32(clamping: patience.triesPerServer)
        unsafe options.ndots = 1
        unsafe options.ednspsz = Int32(Limits.udpPayloadBytes)
        // Failures are answers too: without NOCHECKRESP, SERVFAIL would read as "connection refused".
        unsafe options.flags = ARES_FLAG_EDNS | ARES_FLAG_NOCHECKRESP
        unsafe options.sock_state_cb = { context, socket, readable, writable in
            let channel = unsafe Unmanaged<Channel>.fromOpaque(context!).takeUnretainedValue()
            channel.watch(socket, readable: readable != 0, writable: writable != 0)
        }
        unsafe options.sock_state_cb_data = Unmanaged.passUnretained(self).toOpaque()
        // Whatever is left out, c-ares reads from files and the environment: these are given as "none".
        let none = ARES_OPT_SERVERS | ARES_OPT_DOMAINS | ARES_OPT_SORTLIST | ARES_OPT_NOROTATE
        let given =
            ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_NDOTS | ARES_OPT_EDNSPSZ
            | ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB
        var lookups = Array("b".utf8CString)
        return unsafe lookups.withUnsafeMutableBufferPointer { lookups in
            unsafe options.lookups = lookups.baseAddress
            return unsafe ares_init_options(&channel, &options, given | none)
        }
    }

    private func setServers(_ next: [SocketAddress]) throws(Failure) {
        guard next != servers else { return }
        let list = next.map(\.description).joined(separator: ",")
        try Channel.check(unsafe ares_set_servers_ports_csv(channel, list))
        servers = next
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
        // c-ares does not say whom it has heard, and closes the socket that would know.
        if servers.count > 1 { heard = SocketAddress(peerOf: socket) }
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
        if let timer { loop.cancel(timer) }
        timer = nil
        if let answer, let completion {
            self.completion = nil
            return completion(answer, answer.isHeard ? heard ?? servers.first : nil)
        }
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

extension SocketAddress {
    /// Whom a socket is connected to (getpeername(2)); nil where it is not.
    fileprivate init?(peerOf socket: Int32) {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let bytes: [UInt8]? = unsafe withUnsafeMutableBytes(of: &storage) { raw in
            guard let address = unsafe raw.baseAddress?.assumingMemoryBound(to: sockaddr.self),
                unsafe getpeername(socket, address, &length) == 0
            else { return nil }
            return unsafe [UInt8](raw)
        }
        guard let bytes else { return nil }
        // sockaddr_in and sockaddr_in6: the port follows the family, the address that or the flow label.
        let isIPv6 = storage.ss_family == sa_family_t(AF_INET6)
        self.init(
            bytes: Array(isIPv6 ? bytes[8..<24] : bytes[4..<8]), port: UInt16(bytes[2]) << 8 | UInt16(bytes[3]))
    }
}

extension Answer {
    /// `message` is empty where c-ares has none; `status` says only roughly what it made of one.
    fileprivate init(status: Int32, message: [UInt8], type: RecordType) {
        if message.isEmpty {
            self = .failure(.unheard(Channel.reason(status)))
        } else {
            self.init(message: message, type: type)
        }
    }

    /// A server said something, be it a failure.
    var isHeard: Bool { if case .unheard = failure { false } else { true } }
}
