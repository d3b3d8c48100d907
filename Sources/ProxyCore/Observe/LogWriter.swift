import CLinux
import Synchronization

/// The thread that writes the access log, so that a sink that blocks (a pipe that nobody reads, a full disk) blocks
/// nobody else.
package final class LogWriter: Sendable {
    /// Where one worker's full buffer waits for the writer, and the written one for the worker.
    final class Lane: Sendable {
        private struct Buffers: ~Copyable {
            var full: ByteBuffer?
            var spare: ByteBuffer? = ByteBuffer(capacity: Limits.logBufferBytes)
        }

        private let buffers = Lock(Buffers())
        private let wakeup: Int32
        /// Lines that were handed over and not written yet.
        fileprivate let waitingLines = Atomic<Int>(0)

        fileprivate init(wakeup: Int32) { self.wakeup = wakeup }

        /// Swaps a buffer with so many lines for an empty one.
        ///
        /// - Returns: false where the writer has not written the last one yet.
        func exchange(_ filling: inout ByteBuffer, lines: Int) -> Bool {
            var given: ByteBuffer? = ByteBuffer()
            swap(&filling, &given!)
            let isTaken = buffers.withLock { buffers in
                guard let spare = buffers.spare.take() else { return false }
                buffers.full = given.take()
                given = consume spare
                return true
            }
            swap(&filling, &given!)
            guard isTaken else { return false }
            waitingLines.wrappingAdd(lines, ordering: .relaxed)
            clx_eventfd_signal(wakeup)
            return true
        }

        fileprivate func takeFull() -> ByteBuffer? { buffers.withLock { $0.full.take() } }

        fileprivate func giveBack(_ written: consuming ByteBuffer) {
            var written: ByteBuffer? = written
            written?.reset()
            buffers.withLock { $0.spare = written.take() }
        }
    }

    let lanes: [Lane]
    private let descriptor: Int32
    private let wakeup: Int32
    private let isStopping = Atomic<Bool>(false)
    private let hasEnded = Atomic<Bool>(false)

    /// - Parameters:
    ///   - descriptor: where lines go; it stays open.
    ///   - workers: how many have a lane.
    /// - Throws: `SystemError` where no event descriptor or thread can be had.
    package init(descriptor: Int32, workers: Int) throws(SystemError) {
        self.descriptor = descriptor
        let wakeup = try SystemError.check(clx_eventfd(), "eventfd")
        self.wakeup = wakeup
        lanes = (0..<workers).map { _ in Lane(wakeup: wakeup) }
        try Thread.start(named: "access log") { [self] in run() }.detach()
    }

    /// Writes what the workers have handed over, and ends; waits for it at most so long. Call it when no worker writes any
    /// more.
    ///
    /// - Returns: how many lines the sink did not take in that time.
    package func stop(waitingMilliseconds: Milliseconds) -> Int {
        isStopping.store(true, ordering: .releasing)
        clx_eventfd_signal(wakeup)
        let deadline = Instant.read() + waitingMilliseconds
        while !hasEnded.load(ordering: .acquiring), Instant.read() < deadline { clx_sleep_milliseconds(1) }
        return lanes.reduce(0) { $0 + $1.waitingLines.load(ordering: .relaxed) }
    }

    private func run() {
        while true {
            let isLast = isStopping.load(ordering: .acquiring)
            for lane in lanes {
                guard var full = lane.takeFull() else { continue }
                write(&full, of: lane)
                lane.giveBack(full)
            }
            if isLast { break }
            _ = clx_wait(wakeup, 1, -1)
            clx_eventfd_clear(wakeup)
        }
        hasEnded.store(true, ordering: .releasing)
    }

    /// Writes all of the buffer; gives it up where the sink is gone.
    private func write(_ buffer: inout ByteBuffer, of lane: Lane) {
        while !buffer.isEmpty {
            let count = unsafe buffer.bytes.withUnsafeBytes { memory in
                unsafe clx_write(descriptor, memory.baseAddress, memory.count)
            }
            if count >= 0 {
                lane.waitingLines.wrappingSubtract(buffer.bytes.lineCount(in: 0..<count), ordering: .relaxed)
                buffer.consume(count)
            } else if count == -Int(EAGAIN) {
                _ = clx_wait(descriptor, 0, 1_000)
            } else if count != -Int(EINTR) {
                return
            }
        }
    }
}

extension RawSpan {
    fileprivate func lineCount(in range: Range<Int>) -> Int {
        var count = 0
        for index in range where byte(index) == ASCII.lf { count += 1 }
        return count
    }
}

// A buffer has one owner, so handing it over hands over all access to its memory.
extension ByteBuffer: @unchecked Sendable {}
