import CLinux

/// The control thread's event loop: descriptors, timers and work handed over by other threads, each a closure.
///
/// It serves name resolution, signals and file watching, where a request's cost does not matter; workers have a loop of
/// their own without closures. All methods but `enqueue` and `stop` are called on the thread that runs the loop, or
/// before it runs.
package final class ControlLoop {
    package struct Interest: OptionSet, Sendable {
        package let rawValue: UInt32
        package init(rawValue: UInt32) { self.rawValue = rawValue }
        package static let readable = Interest(rawValue: EPOLLIN.rawValue)
        package static let writable = Interest(rawValue: EPOLLOUT.rawValue)
    }

    package struct TimerID: Hashable, Sendable {
        fileprivate let due: Instant
        fileprivate let serial: UInt64
    }

    private struct Watch {
        let serial: UInt64
        let handler: (Interest) -> Void
    }

    /// What other threads may touch: a bounded-by-use inbox and the wake-up that says it has something.
    fileprivate final class Inbox: Sendable {
        let jobs = Lock<[@Sendable () -> Void]>([])
        let wakeup: Int32
        init(wakeup: Int32) { self.wakeup = wakeup }
        deinit { _ = clx_close(wakeup) }
    }

    /// The handle with which any thread hands work to the loop.
    package struct Remote: Sendable {
        private let inbox: Inbox
        fileprivate init(_ inbox: Inbox) { self.inbox = inbox }

        /// Runs `job` on the loop's thread, after the events of its current turn.
        package func enqueue(_ job: @escaping @Sendable () -> Void) {
            inbox.jobs.withLock { $0.append(job) }
            clx_eventfd_signal(inbox.wakeup)
        }
    }

    private let epoll: Int32
    private let inbox: Inbox
    private var watches: [Int32: Watch] = [:]
    private var timers: [TimerID: () -> Void] = [:]
    private var order: [TimerID] = []
    private var serial: UInt64 = 0
    private var running = false

    /// The moment at which the current turn began.
    package private(set) var now = Instant.read()

    /// - Throws: `SystemError` where the kernel grants no epoll or event descriptor.
    package init() throws(SystemError) {
        epoll = try SystemError.check(clx_epoll_create(), "epoll_create1")
        inbox = Inbox(wakeup: try SystemError.check(clx_eventfd(), "eventfd"))
        watch(inbox.wakeup, for: .readable) { [unowned self] _ in drainInbox() }
    }

    deinit { _ = clx_close(epoll) }

    package var remote: Remote { Remote(inbox) }

    /// Calls `handler` while `descriptor` is ready (level-triggered); a second call replaces interest and handler.
    /// Errors and hang-ups are reported as both readable and writable.
    package func watch(_ descriptor: Int32, for interest: Interest, handler: @escaping (Interest) -> Void) {
        serial += 1
        let known = watches.updateValue(Watch(serial: serial, handler: handler), forKey: descriptor) != nil
        let operation = known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD
        // The serial number keeps a late event of a closed descriptor from the next one with its number.
        let token = serial << 32 | UInt64(UInt32(descriptor))
        _ = clx_epoll_control(epoll, operation, descriptor, interest.rawValue, token)
    }

    /// Call it before the descriptor is closed. Unknown descriptors are left alone.
    package func unwatch(_ descriptor: Int32) {
        guard watches.removeValue(forKey: descriptor) != nil else { return }
        _ = clx_epoll_control(epoll, EPOLL_CTL_DEL, descriptor, 0, 0)
    }

    /// Calls `body` once, `delay` milliseconds after this turn began or a little later.
    @discardableResult
    package func schedule(after delay: Milliseconds, _ body: @escaping () -> Void) -> TimerID {
        serial += 1
        let id = TimerID(due: Instant.read() + max(0, delay), serial: serial)
        timers[id] = body
        let place = order.partitioningIndex { $0.due > id.due }
        order.insert(id, at: place)
        return id
    }

    package func cancel(_ id: TimerID) {
        guard timers.removeValue(forKey: id) != nil else { return }
        order.removeAll { $0 == id }
    }

    /// Descriptors that are watched, and timers that are set, for whoever has to show that nothing is left behind.
    package var held: (descriptors: Int, timers: Int) { (watches.count, timers.count) }

    /// Runs until `stop`.
    package func run() {
        running = true
        let capacity = 64
        let events = UnsafeMutableRawPointer.allocate(byteCount: capacity * clx_epoll_event_size(), alignment: 8)
        defer { unsafe events.deallocate() }
        while running {
            let count = unsafe clx_epoll_wait(epoll, events, Int32(capacity), millisecondsToNextTimer())
            now = Instant.read()
            for index in 0..<max(0, count) {
                let token = unsafe clx_epoll_token(events, index)
                guard let watch = watches[Int32(truncatingIfNeeded: token)],
                    watch.serial << 32 == token & ~0xFFFF_FFFF
                else { continue }
                let flags = unsafe clx_epoll_events(events, index)
                var ready = Interest(rawValue: flags)
                if flags & (EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0 { ready = [.readable, .writable] }
                watch.handler(ready)
            }
            fireTimers()
        }
    }

    /// Ends `run` after the current turn.
    package func stop() { running = false }

    private func millisecondsToNextTimer() -> Int32 {
        guard let next = order.first else { return -1 }
        let microseconds = next.due.microseconds - Instant.read().microseconds
        return Int32(clamping: max(0, (microseconds + 999) / 1000))
    }

    private func fireTimers() {
        while let next = order.first, next.due <= now {
            order.removeFirst()
            timers.removeValue(forKey: next)?()
        }
    }

    private func drainInbox() {
        clx_eventfd_clear(inbox.wakeup)
        let jobs = inbox.jobs.withLock { jobs in
            defer { jobs = [] }
            return jobs
        }
        for job in jobs { job() }
    }
}

extension Array {
    /// The first index whose element satisfies `belongsToSecond`; the array is partitioned by it.
    fileprivate func partitioningIndex(_ belongsToSecond: (Element) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if belongsToSecond(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
