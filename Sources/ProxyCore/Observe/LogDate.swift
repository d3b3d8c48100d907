import CLinux

/// The date of access-log lines, `[23/Nov/2026:21:06:37 +0000]`, made anew only when the second changes.
struct LogDate: ~Copyable {
    private var text = ByteBuffer(capacity: 32)
    private var second: Int64 = -1
    private var checked = Instant(microseconds: 0)

    /// Brings the text up to date; the clock is read at most once per turn.
    mutating func update(_ now: Instant) {
        guard now != checked else { return }
        checked = now
        let second = clx_realtime_seconds()
        guard second != self.second else { return }
        self.second = second
        write(UTCTime(secondsSinceEpoch: second))
    }

    func write(to out: inout ByteBuffer) { out.append(text.bytes) }

    private mutating func write(_ time: UTCTime) {
        text.reset()
        text.append(twoDigits: time.day)
        text.append(ASCII.slash)
        text.append(HTTPDate.monthName(time.month))
        text.append(ASCII.slash)
        text.append(decimal: time.year)
        for part in [time.hour, time.minute, time.second] {
            text.append(ASCII.colon)
            text.append(twoDigits: part)
        }
        text.append(" +0000")
    }
}

/// A moment of the civil calendar in UTC.
package struct UTCTime: Equatable, Sendable {
    package let year: Int
    package let month: Int
    package let day: Int
    package let hour: Int
    package let minute: Int
    package let second: Int

    /// - Parameter secondsSinceEpoch: seconds since 1970-01-01, not negative (time(2)).
    package init(secondsSinceEpoch: Int64) {
        let days = Int(secondsSinceEpoch / 86_400)
        let rest = Int(secondsSinceEpoch % 86_400)
        hour = rest / 3_600
        minute = rest / 60 % 60
        second = rest % 60
        // Years that begin in March put the leap day at their end; 400 of them always have 146,097 days.
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0)
    }
}

extension ByteBuffer {
    /// Appends a number below 100 with two digits.
    mutating func append(twoDigits number: Int) {
        append(ASCII.zero &+ UInt8(truncatingIfNeeded: number / 10))
        append(ASCII.zero &+ UInt8(truncatingIfNeeded: number % 10))
    }
}
