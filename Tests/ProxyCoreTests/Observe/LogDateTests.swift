import Glibc
import Testing

@testable import ProxyCore

@Suite struct LogDateTests {
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    private func expected(_ seconds: Int) -> String {
        let time = UTCTime(secondsSinceEpoch: Int64(seconds))
        let clock = [time.hour, time.minute, time.second].map(twoDigits).joined(separator: ":")
        return "\(twoDigits(time.day))/\(Self.months[time.month - 1])/\(time.year):\(clock) +0000"
    }

    private func twoDigits(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

    private func text(_ date: borrowing LogDate) -> String {
        var out = ByteBuffer(capacity: 64)
        date.write(to: &out)
        return out.text
    }

    @Test func isTheSecondOfNow() {
        var date = LogDate()
        let before = time(nil)
        date.update(Instant(microseconds: 1))
        let after = time(nil)
        let written = text(date)
        #expect((before...after).map { expected($0) }.contains(written))
    }

    @Test func theClockIsReadOnceForATurn() {
        var date = LogDate()
        date.update(Instant(microseconds: 5))
        let written = text(date)
        let began = time(nil)
        while time(nil) == began { usleep(1_000) }
        date.update(Instant(microseconds: 5))
        #expect(text(date) == written, "the same turn")
        date.update(Instant(microseconds: 6))
        #expect(text(date) != written, "the next one, a second later")
    }
}
