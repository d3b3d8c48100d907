import Glibc
import Testing

@testable import ProxyCore

@Suite struct LogWriterTests {
    private let now = Instant.read()

    private func append(_ count: Int, to log: inout AccessLog, status: UInt16 = 400) {
        for _ in 0..<count { log.appendRefusal(status, from: .anyIPv4(port: 0), now) }
    }

    @Test func everyWorkersLinesAreWrittenWhole() throws {
        let sink = try LogSink(workers: 3)
        for worker in 0..<3 {
            var log = sink.log(worker)
            append(50, to: &log, status: 400 + UInt16(worker))
            log.close(now)
        }
        #expect(sink.writer.stop(waitingMilliseconds: 10_000) == 0)
        let lines = sink.read(lines: 150).split(separator: "\n")
        #expect(lines.count == 150)
        #expect(lines.allSatisfy { $0.hasPrefix("0.0.0.0 - - [") && $0.hasSuffix(" id=-") })
        for status in 400..<403 { #expect(lines.count { $0.contains("\"-\" \(status) 0 ") } == 50) }
    }

    /// A sink that nobody reads: what it cannot take is dropped and counted, and what was handed over comes in the end.
    @Test func everyLineIsWrittenOrCounted() throws {
        let sink = try LogSink()
        var log = sink.log()
        let appended = 20_000
        append(appended, to: &log)
        log.close(now)
        let dropped = sink.dropped
        #expect(dropped > 0 && dropped < appended)
        let unwritten = sink.writer.stop(waitingMilliseconds: 50)
        #expect(unwritten > 0)
        // Now it is read after all.
        let text = sink.read(lines: appended - dropped)
        #expect(text.utf8.count { $0 == 0x0A } == appended - dropped)
        #expect(sink.writer.stop(waitingMilliseconds: 10_000) == 0)
    }

    @Test func anEmptyLogEndsAtOnce() throws {
        let sink = try LogSink(workers: 2)
        #expect(sink.writer.stop(waitingMilliseconds: 10_000) == 0)
    }
}
