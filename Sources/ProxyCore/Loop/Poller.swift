import CLinux

/// Names what an epoll event is about: a place in one of the worker's tables, and the generation of its tenant, so that
/// an event that comes late finds nobody instead of the next tenant.
struct Token {
    enum Kind: UInt64 {
        case listener, wakeup, client, upstream
    }

    let rawValue: UInt64

    init(rawValue: UInt64) { self.rawValue = rawValue }

    init(_ kind: Kind, slot: Int, generation: UInt32 = 0) {
        rawValue = kind.rawValue << 62 | UInt64(generation & 0x3FFF_FFFF) << 32 | UInt64(UInt32(slot))
    }

    var kind: Kind { Kind(rawValue: rawValue >> 62)! }
    var slot: Int { Int(rawValue & 0xFFFF_FFFF) }

    func isFor(generation: UInt32) -> Bool { UInt32(rawValue >> 32) & 0x3FFF_FFFF == generation & 0x3FFF_FFFF }
}

/// What epoll says of a descriptor (epoll_ctl(2)).
struct Readiness: OptionSet {
    let rawValue: UInt32
    static let readable = Readiness(rawValue: EPOLLIN.rawValue)
    static let writable = Readiness(rawValue: EPOLLOUT.rawValue)
    /// The peer has ended its direction.
    static let peerEnded = Readiness(rawValue: EPOLLRDHUP.rawValue)
    /// Both directions are down, or the socket has an error.
    static let broken = Readiness(rawValue: EPOLLERR.rawValue | EPOLLHUP.rawValue)
}

/// A worker's epoll instance and its one array of events.
@safe
struct Poller: ~Copyable {
    private let epoll: Int32
    private let events: UnsafeMutableRawPointer
    private var count = 0

    init() throws(SystemError) {
        epoll = try SystemError.check(clx_epoll_create(), "epoll_create1")
        unsafe events = .allocate(byteCount: Limits.eventsPerTurnMax * clx_epoll_event_size(), alignment: 8)
    }

    deinit {
        unsafe events.deallocate()
        _ = clx_close(epoll)
    }

    /// Watches a connection for everything, once for its life (edge-triggered, epoll(7)).
    func watchConnection(_ descriptor: Int32, _ token: Token) -> Bool {
        let events = EPOLLIN.rawValue | EPOLLOUT.rawValue | EPOLLRDHUP.rawValue | EPOLLET.rawValue
        return clx_epoll_control(epoll, EPOLL_CTL_ADD, descriptor, events, token.rawValue) == 0
    }

    /// Watches a descriptor for input, level-triggered.
    func watchInput(_ descriptor: Int32, _ token: Token) -> Bool {
        clx_epoll_control(epoll, EPOLL_CTL_ADD, descriptor, EPOLLIN.rawValue, token.rawValue) == 0
    }

    /// Stops or resumes watching for input, without forgetting the descriptor.
    func setWatchingInput(_ watching: Bool, _ descriptor: Int32, _ token: Token) {
        _ = clx_epoll_control(epoll, EPOLL_CTL_MOD, descriptor, watching ? EPOLLIN.rawValue : 0, token.rawValue)
    }

    func unwatch(_ descriptor: Int32) { _ = clx_epoll_control(epoll, EPOLL_CTL_DEL, descriptor, 0, 0) }

    /// Waits for events, at most so many milliseconds (-1: without end), and answers how many there are.
    mutating func wait(timeoutMilliseconds: Int32) -> Int {
        count = max(
            0, Int(unsafe clx_epoll_wait(epoll, events, Int32(Limits.eventsPerTurnMax), timeoutMilliseconds)))
        return count
    }

    /// One of the events of the last `wait`.
    subscript(index: Int) -> (token: Token, readiness: Readiness) {
        precondition(index >= 0 && index < count)
        return (
            Token(rawValue: unsafe clx_epoll_token(events, Int32(index))),
            Readiness(rawValue: unsafe clx_epoll_events(events, Int32(index)))
        )
    }
}
