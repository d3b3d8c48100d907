/// Dates as HTTP writes them (RFC 9110 section 5.6.7), in whole seconds since 1970.
enum HTTPDate {
    /// What `write` appends: `Sun, 06 Nov 1994 08:49:37 GMT`.
    static let byteCount = 29

    /// Appends an IMF-fixdate.
    ///
    /// - Parameter seconds: not negative, and before the year 10000.
    static func write(_ seconds: Int64, to out: inout ByteBuffer) {
        let time = UTCTime(secondsSinceEpoch: seconds)
        // 1970-01-01 was a Thursday.
        out.append(dayName(Int((seconds / 86_400 + 4) % 7)))
        out.append(", ")
        out.append(twoDigits: time.day)
        out.append(ASCII.space)
        out.append(monthName(time.month))
        out.append(ASCII.space)
        out.append(twoDigits: time.year / 100)
        out.append(twoDigits: time.year % 100)
        out.append(ASCII.space)
        out.append(twoDigits: time.hour)
        out.append(ASCII.colon)
        out.append(twoDigits: time.minute)
        out.append(ASCII.colon)
        out.append(twoDigits: time.second)
        out.append(" GMT")
    }

    /// Reads one of the three forms that a recipient has to understand: IMF-fixdate, that of RFC 850, and asctime's.
    ///
    /// - Parameter now: the present, in seconds since 1970: a year of two digits is one of the hundred years that end
    ///   fifty years after it.
    /// - Returns: seconds since 1970, or nil for what is no such date, or one before 1970.
    static func parse(_ bytes: RawSpan, _ range: Range<Int>, now: Int64) -> Int64? {
        var reader = Reader(range)
        guard let name = reader.letters(bytes) else { return nil }
        let year: Int
        let month: Int
        let day: Int
        if reader.skip(bytes, ", ") {
            guard let number = reader.number(bytes, digits: 2) else { return nil }
            day = number
            if name.count == 3, reader.skip(bytes, " ") {
                guard let found = reader.month(bytes), reader.skip(bytes, " "),
                    let written = reader.number(bytes, digits: 4)
                else { return nil }
                (month, year) = (found, written)
            } else {
                guard reader.skip(bytes, "-"), let found = reader.month(bytes), reader.skip(bytes, "-"),
                    let written = reader.number(bytes, digits: 2)
                else { return nil }
                (month, year) = (found, fullYear(written, now: now))
            }
            guard reader.skip(bytes, " "), let seconds = reader.time(bytes), reader.skip(bytes, " GMT"), reader.isAtEnd
            else { return nil }
            return secondsSinceEpoch(year, month, day, seconds)
        }
        guard name.count == 3, reader.skip(bytes, " "), let found = reader.month(bytes), reader.skip(bytes, " ")
        else { return nil }
        guard let number = reader.skip(bytes, " ") ? reader.number(bytes, digits: 1) : reader.number(bytes, digits: 2),
            reader.skip(bytes, " "), let seconds = reader.time(bytes), reader.skip(bytes, " "),
            let written = reader.number(bytes, digits: 4), reader.isAtEnd
        else { return nil }
        (day, month, year) = (number, found, written)
        return secondsSinceEpoch(year, month, day, seconds)
    }

    private static func fullYear(_ twoDigits: Int, now: Int64) -> Int {
        let present = UTCTime(secondsSinceEpoch: now).year
        var year = present - present % 100 + twoDigits
        if year > present + 50 { year -= 100 }
        return year
    }

    private static func secondsSinceEpoch(_ year: Int, _ month: Int, _ day: Int, _ secondsOfDay: Int) -> Int64? {
        guard year >= 1970, day >= 1, day <= daysOf(month, year) else { return nil }
        // As `UTCTime` counts, years begin in March here.
        let shiftedYear = month <= 2 ? year - 1 : year
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let yearOfEra = shiftedYear % 400
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        let days = shiftedYear / 400 * 146_097 + dayOfEra - 719_468
        return Int64(days) * 86_400 + Int64(secondsOfDay)
    }

    private static func daysOf(_ month: Int, _ year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    private static func dayName(_ day: Int) -> StaticString {
        switch day {
        case 0: "Sun"
        case 1: "Mon"
        case 2: "Tue"
        case 3: "Wed"
        case 4: "Thu"
        case 5: "Fri"
        default: "Sat"
        }
    }

    static func monthName(_ month: Int) -> StaticString {
        switch month {
        case 1: "Jan"
        case 2: "Feb"
        case 3: "Mar"
        case 4: "Apr"
        case 5: "May"
        case 6: "Jun"
        case 7: "Jul"
        case 8: "Aug"
        case 9: "Sep"
        case 10: "Oct"
        case 11: "Nov"
        default: "Dec"
        }
    }

    /// Takes one part after the other off a date.
    private struct Reader {
        private var index: Int
        private let end: Int

        init(_ range: Range<Int>) {
            index = range.lowerBound
            end = range.upperBound
        }

        var isAtEnd: Bool { index == end }

        /// A word of letters that is the name of a day.
        mutating func letters(_ bytes: RawSpan) -> Range<Int>? {
            let start = index
            while index < end, (bytes.byte(index) | 0x20) &- 0x61 < 26 { index += 1 }
            return index - start >= 3 && index - start <= 9 ? start..<index : nil
        }

        mutating func skip(_ bytes: RawSpan, _ text: StaticString) -> Bool {
            let count = text.utf8CodeUnitCount
            guard end - index >= count, bytes.equals(index..<index + count, text) else { return false }
            index += count
            return true
        }

        mutating func number(_ bytes: RawSpan, digits: Int) -> Int? {
            guard end - index >= digits else { return nil }
            var number = 0
            for _ in 0..<digits {
                guard ASCII.isDigit(bytes.byte(index)) else { return nil }
                number = number * 10 + Int(bytes.byte(index) &- ASCII.zero)
                index += 1
            }
            return number
        }

        mutating func month(_ bytes: RawSpan) -> Int? {
            for month in 1...12 where skip(bytes, HTTPDate.monthName(month)) { return month }
            return nil
        }

        /// `hour:minute:second`, as seconds of the day. A leap second is the one before it.
        mutating func time(_ bytes: RawSpan) -> Int? {
            guard let hour = number(bytes, digits: 2), hour < 24, skip(bytes, ":"),
                let minute = number(bytes, digits: 2), minute < 60, skip(bytes, ":"),
                let second = number(bytes, digits: 2), second <= 60
            else { return nil }
            return hour * 3_600 + minute * 60 + min(second, 59)
        }
    }
}

/// The Date of answers of our own (RFC 9110 section 6.6.1), made anew only when the second changes.
struct DateField: ~Copyable {
    private var text = ByteBuffer(capacity: 40)
    /// Seconds since 1970, as of the last `update`.
    private(set) var second: Int64 = -1
    private var checked = Instant(microseconds: -1)

    init() {}

    /// Brings it up to date; the clock is read at most once per turn.
    mutating func update(_ now: Instant, second: @autoclosure () -> Int64) {
        guard now != checked else { return }
        checked = now
        let second = second()
        guard second != self.second else { return }
        self.second = second
        text.reset()
        text.append("Date: ")
        HTTPDate.write(second, to: &text)
        text.append("\r\n")
    }

    /// Appends the whole field line.
    func write(to out: inout ByteBuffer) { out.append(text.bytes) }
}
