import Glibc
import Synchronization
import Testing

@testable import ProxyCore

/// A pipe in the place of the access log's file, with the log's writer.
final class LogSink {
    let writer: LogWriter
    private let reading: Int32
    private let writing: Int32
    private let lost = Lost()

    private final class Lost: Sendable {
        let count = Atomic<Int>(0)
    }

    init(workers: Int = 1) throws {
        var ends: [Int32] = [0, 0]
        try #require(unsafe pipe(&ends) == 0)
        (reading, writing) = (ends[0], ends[1])
        writer = try LogWriter(descriptor: writing, workers: workers)
    }

    /// The writer has ended by then, or it would write to whoever gets the descriptor next.
    deinit {
        close(reading)
        close(writing)
    }

    /// One worker's end of the log.
    func log(_ worker: Int = 0) -> AccessLog {
        let lost = lost
        return AccessLog(
            writer.lanes[worker],
            reports: WorkerReports(
                endpoint: { _ in }, serviceIsEmpty: { _ in }, outOfDescriptors: { _, _ in },
                logLinesDropped: { lost.count.wrappingAdd($0, ordering: .relaxed) }))
    }

    /// Lines of which a worker has said that they were dropped.
    var dropped: Int { lost.count.load(ordering: .relaxed) }

    /// What comes until it has so many lines, or until nothing comes for ten seconds.
    func read(lines: Int) -> String {
        var text: [UInt8] = []
        var found = 0
        while found < lines {
            let block = readOnce(waitingMilliseconds: 10_000)
            if block.isEmpty { break }
            text += block
            found += block.count { $0 == 0x0A }
        }
        return String(latin1: text)
    }

    /// How many lines the pipe holds; they are taken out of it.
    func takeLinesThere() -> Int {
        var count = 0
        while true {
            let block = readOnce(waitingMilliseconds: 0)
            if block.isEmpty { return count }
            count += block.count { $0 == 0x0A }
        }
    }

    private func readOnce(waitingMilliseconds: Int32) -> [UInt8] {
        var watched = [pollfd(fd: reading, events: Int16(POLLIN), revents: 0)]
        guard unsafe poll(&watched, 1, waitingMilliseconds) == 1 else { return [] }
        var block = [UInt8](repeating: 0, count: 65_536)
        let count = unsafe Glibc.read(reading, &block, block.count)
        return Array(block[..<max(0, count)])
    }
}
