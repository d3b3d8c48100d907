import Glibc
import Testing

@testable import ProxyCore

@Suite struct ControlLoopTests {
    /// What happened on a loop, in order.
    private final class Record {
        var events: [String] = []
    }

    /// Runs the loop until it is stopped, but no longer than a test may take.
    private func run(_ loop: ControlLoop) {
        let guardian = loop.schedule(after: 20_000) {
            Issue.record("the loop was not stopped")
            loop.stop()
        }
        loop.run()
        loop.cancel(guardian)
    }

    /// Lends the reading and the writing end of a pipe.
    private func withPipe(_ body: (Int32, Int32) throws -> Void) throws {
        var ends: [Int32] = [0, 0]
        try #require(unsafe pipe(&ends) == 0)
        defer { for end in ends { close(end) } }
        try body(ends[0], ends[1])
    }

    private func send(_ descriptor: Int32) {
        let count = unsafe write(descriptor, [1], 1)
        #expect(count == 1)
    }

    private func receive(_ descriptor: Int32) {
        var byte: UInt8 = 0
        let count = unsafe read(descriptor, &byte, 1)
        #expect(count == 1)
    }

    // ---- timers -----------------------------------------------------------------------------------------------------

    @Test func timersComeInTheOrderOfTheirTimes() throws {
        let loop = try ControlLoop()
        let record = Record()
        for (name, delay) in [("c", 20), ("a", 0), ("d", 20), ("b", 10), ("z", -5)] as [(String, Milliseconds)] {
            loop.schedule(after: delay) { record.events.append(name) }
        }
        loop.schedule(after: 30) { loop.stop() }
        let began = Instant.read()
        run(loop)
        #expect(record.events == ["a", "z", "b", "c", "d"])
        #expect(Instant.read() - began >= 30)
    }

    @Test func aTimerThatIsCancelledDoesNotCome() throws {
        let loop = try ControlLoop()
        let record = Record()
        let first = loop.schedule(after: 50) { record.events.append("first") }
        let second = loop.schedule(after: 50) { record.events.append("second") }
        loop.schedule(after: 1) {
            loop.cancel(first)
            loop.cancel(first)
        }
        loop.schedule(after: 60) {
            loop.cancel(second)
            loop.stop()
        }
        run(loop)
        #expect(record.events == ["second"])
    }

    @Test func aTimerMayCancelOneOfTheSameTurnAndSetOthers() throws {
        let loop = try ControlLoop()
        let record = Record()
        var second: ControlLoop.TimerID?
        loop.schedule(after: 0) {
            if let second { loop.cancel(second) }
            loop.schedule(after: 0) {
                record.events.append("set by a timer")
                loop.stop()
            }
        }
        second = loop.schedule(after: 0) { record.events.append("second") }
        run(loop)
        #expect(record.events == ["set by a timer"])
    }

    @Test func theTurnBeginsNoEarlierThanATimersTime() throws {
        let loop = try ControlLoop()
        let due = Instant.read() + 7
        var seen: Instant?
        loop.schedule(after: 7) {
            seen = loop.now
            loop.stop()
        }
        run(loop)
        #expect(try #require(seen) >= due)
    }

    // ---- work of other threads --------------------------------------------------------------------------------------

    /// What other threads' work did. Only touched on the thread that runs the loop.
    private final class Deliveries: @unchecked Sendable {
        var numbers: [Int: [Int]] = [:]
        var missing: Int
        let loop: ControlLoop

        init(expecting count: Int, on loop: ControlLoop) {
            missing = count
            self.loop = loop
        }

        func take(_ number: Int, from thread: Int) {
            numbers[thread, default: []].append(number)
            missing -= 1
            if missing == 0 { loop.stop() }
        }
    }

    @Test func otherThreadsHandWorkOver() throws {
        let loop = try ControlLoop()
        let deliveries = Deliveries(expecting: 4 * 200, on: loop)
        let remote = loop.remote
        let threads = try (0..<4).map { thread in
            try Thread.start(named: "sender \(thread)") {
                for number in 0..<200 { remote.enqueue { deliveries.take(number, from: thread) } }
            }
        }
        run(loop)
        for thread in threads { thread.join() }
        for thread in 0..<4 { #expect(deliveries.numbers[thread] == Array(0..<200), "each thread's in order") }
    }

    @Test func workMayHandOverMore() throws {
        let loop = try ControlLoop()
        let deliveries = Deliveries(expecting: 2, on: loop)
        let remote = loop.remote
        remote.enqueue {
            remote.enqueue { deliveries.take(2, from: 0) }
            deliveries.take(1, from: 0)
        }
        run(loop)
        #expect(deliveries.numbers[0] == [1, 2])
    }

    @Test func workForALoopThatIsGoneIsForgotten() throws {
        var loop: ControlLoop? = try ControlLoop()
        let remote = try #require(loop?.remote)
        loop = nil
        remote.enqueue { Issue.record("nobody runs this") }
    }

    // ---- descriptors ------------------------------------------------------------------------------------------------

    @Test func aHandlerIsCalledWhileItsDescriptorIsReady() throws {
        let loop = try ControlLoop()
        var calls: [ControlLoop.Interest] = []
        try withPipe { reading, writing in
            send(writing)
            send(writing)
            loop.watch(reading, for: .readable) { interest in
                calls.append(interest)
                receive(reading)
                if calls.count == 2 { loop.schedule(after: 5) { loop.stop() } }
            }
            run(loop)
            // The handler holds the loop.
            loop.unwatch(reading)
        }
        #expect(calls == [.readable, .readable], "once for each byte, and no more when the pipe is empty")
    }

    @Test func aDescriptorThatIsUnwatchedIsQuietWithinTheSameTurn() throws {
        let loop = try ControlLoop()
        var calls = 0
        try withPipe { one, oneIn in
            try withPipe { other, otherIn in
                // Both are ready: whichever comes first takes both away.
                for descriptor in [one, other] {
                    loop.watch(descriptor, for: .readable) { _ in
                        calls += 1
                        for descriptor in [one, other, other] { loop.unwatch(descriptor) }
                        loop.schedule(after: 5) { loop.stop() }
                    }
                }
                send(oneIn)
                send(otherIn)
                run(loop)
            }
        }
        #expect(calls == 1)
    }

    @Test func aLateEventDoesNotReachTheNextWatcher() throws {
        let loop = try ControlLoop()
        var calls: [String] = []
        try withPipe { one, oneIn in
            try withPipe { other, otherIn in
                for (descriptor, partner) in [(one, other), (other, one)] {
                    loop.watch(descriptor, for: .readable) { _ in
                        calls.append("first")
                        loop.unwatch(descriptor)
                        // The partner's event is in the same turn, and for a watcher that is gone.
                        loop.unwatch(partner)
                        receive(partner)
                        loop.watch(partner, for: .readable) { _ in calls.append("its successor") }
                        loop.schedule(after: 5) { loop.stop() }
                    }
                }
                send(oneIn)
                send(otherIn)
                run(loop)
                for descriptor in [one, other] { loop.unwatch(descriptor) }
            }
        }
        #expect(calls == ["first"])
    }

    @Test func aSecondWatchReplacesTheFirst() throws {
        let loop = try ControlLoop()
        var calls: [String] = []
        try withPipe { _, writing in
            loop.watch(writing, for: .readable) { _ in calls.append("the first") }
            loop.watch(writing, for: .writable) { interest in
                calls.append(interest == .writable ? "writable" : "something else")
                loop.unwatch(writing)
                loop.stop()
            }
            run(loop)
        }
        #expect(calls == ["writable"])
    }

    @Test func aHangUpIsReportedAsReadableAndWritable() throws {
        let loop = try ControlLoop()
        var seen: ControlLoop.Interest?
        var ends: [Int32] = [0, 0]
        try #require(unsafe pipe(&ends) == 0)
        close(ends[1])
        loop.watch(ends[0], for: .readable) { interest in
            seen = interest
            loop.stop()
        }
        run(loop)
        loop.unwatch(ends[0])
        close(ends[0])
        #expect(seen == [.readable, .writable])
    }
}
