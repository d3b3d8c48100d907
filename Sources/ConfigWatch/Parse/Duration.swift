import ProxyCore

extension Parse {
    /// Timers count milliseconds in an Int32, as epoll_wait(2) does; this is the last whole hour in it.
    private static let longest: Milliseconds = 596 * 3_600_000

    /// Below this, a name server would be asked without pause.
    private static let shortestResolveInterval: Milliseconds = 10

    /// `500ms`, `1s`, `1.5s`, `2m`, `1h`, and `0` without a unit; nothing finer than a millisecond.
    static func duration(_ text: String) throws(Rejection) -> Milliseconds {
        guard let (amount, unit) = amountAndUnit(text) else {
            throw Rejection("is no duration; use a number with ms, s, m or h, such as 500ms, 1.5s or 2m")
        }
        let parts = amount.split(separator: ".")
        guard let whole = Int64(parts[0]), whole <= longest / unit else { throw tooLong }
        let fraction = parts.count == 2 ? try milliseconds(ofFraction: parts[1], unit: unit) : 0
        guard whole * unit + fraction <= longest else { throw tooLong }
        return whole * unit + fraction
    }

    /// The digits after the point, as a share of `unit`. No unit's thousandths need more than nine digits.
    private static func milliseconds(
        ofFraction digits: Substring, unit: Milliseconds
    ) throws(Rejection) -> Milliseconds {
        let finer = Rejection("is finer than a millisecond; use whole milliseconds, such as 1ms")
        let significant = digits.prefix(through: digits.lastIndex { $0 != "0" } ?? digits.startIndex)
        guard significant.count <= 9, let numerator = Int64(significant) else { throw finer }
        let denominator = (0..<significant.count).reduce(Int64(1)) { power, _ in power * 10 }
        let (milliseconds, rest) = (numerator * unit).quotientAndRemainder(dividingBy: denominator)
        guard rest == 0 else { throw finer }
        return milliseconds
    }

    static func resolveInterval(_ text: String) throws(Rejection) -> Milliseconds {
        try duration(text, atLeast: shortestResolveInterval)
    }

    /// A time-out of nothing would end every request before it began.
    static func timeout(_ text: String) throws(Rejection) -> Milliseconds {
        try duration(text, atLeast: 1)
    }

    private static func duration(_ text: String, atLeast shortest: Milliseconds) throws(Rejection) -> Milliseconds {
        let duration = try duration(text)
        guard duration >= shortest else { throw Rejection("is too short; use at least \(durationText(shortest))") }
        return duration
    }

    private static var tooLong: Rejection { Rejection("is too long; use at most \(durationText(longest))") }

    /// The digits, with at most one point between them, and the milliseconds of the unit behind them.
    private static func amountAndUnit(_ text: String) -> (amount: Substring, unit: Int64)? {
        if text == "0" { return ("0", 1) }
        let amount = text.prefix { $0 == "." || isDigit($0) }
        let parts = amount.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), parts.allSatisfy({ !$0.isEmpty }) else { return nil }
        guard let unit = units.first(where: { $0.name == text[amount.endIndex...] }) else { return nil }
        return (amount, unit.milliseconds)
    }
}

/// Longest first, so that `durationText` finds the shortest way to write a duration.
private let units: [(name: String, milliseconds: Int64)] = [("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)]

/// A duration as `Parse.duration` reads it, in the longest unit that needs no point: `90s`, `2m`, `0`.
package func durationText(_ duration: Milliseconds) -> String {
    guard duration != 0, let unit = units.first(where: { duration % $0.milliseconds == 0 }) else { return "0" }
    return "\(duration / unit.milliseconds)\(unit.name)"
}
