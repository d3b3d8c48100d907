import ProxyCore

extension Parse {
    /// `500ms`, `1s`, `1.5s`, `2m`, `1h`, and `0` without a unit; nothing finer than a millisecond.
    static func duration(_ text: String) throws(Rejection) -> Milliseconds {
        try duration(text, from: 0)
    }

    /// A time-out of nothing would end every request before it began.
    static func timeout(_ text: String) throws(Rejection) -> Milliseconds {
        try duration(text, from: 1)
    }

    static func duration(from shortest: Milliseconds) -> (String) throws(Rejection) -> Milliseconds {
        { (text) throws(Rejection) in try duration(text, from: shortest) }
    }

    /// `off`, which is no limit at all, or a duration. One of nothing would let a single lost answer empty a pool.
    static func staleLimit(_ text: String) throws(Rejection) -> Milliseconds? {
        if text == "off" { return nil }
        do {
            return try timeout(text)
        } catch {
            throw Rejection("is no limit; use off or a duration from 1ms to \(longestText), such as 5m")
        }
    }

    private static let longestText = durationText(Bounds.durationMillisecondsMax)

    private static func duration(_ text: String, from shortest: Milliseconds) throws(Rejection) -> Milliseconds {
        guard let (amount, unit) = amountAndUnit(text) else {
            throw Rejection("is no duration; use a number with ms, s, m or h, such as 500ms, 1.5s or 2m")
        }
        let longest = Bounds.durationMillisecondsMax
        let outOfRange = Rejection(
            "is out of range; use one from \(durationText(shortest)) to \(longestText), such as 1s")
        let parts = amount.split(separator: ".")
        guard let whole = Int64(parts[0]), whole <= longest / unit else { throw outOfRange }
        let fraction = parts.count == 2 ? try milliseconds(ofFraction: parts[1], unit: unit) : 0
        let duration = whole * unit + fraction
        guard (shortest...longest).contains(duration) else { throw outOfRange }
        return duration
    }

    /// The digits, with at most one point between them, and the milliseconds of the unit behind them.
    private static func amountAndUnit(_ text: String) -> (amount: Substring, unit: Int64)? {
        if text == "0" { return ("0", 1) }
        let amount = text.prefix { $0 == "." || isDigit($0) }
        let parts = amount.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, parts.allSatisfy({ !$0.isEmpty }) else { return nil }
        guard let unit = units.first(where: { $0.name == text[amount.endIndex...] }) else { return nil }
        return (amount, unit.milliseconds)
    }

    /// The digits after the point, as a share of `unit`. Whole milliseconds take at most seven digits, even of an hour.
    private static func milliseconds(
        ofFraction digits: Substring, unit: Milliseconds
    ) throws(Rejection) -> Milliseconds {
        let finer = Rejection("is finer than a millisecond; use whole milliseconds, such as 1ms")
        let significant = digits.prefix(through: digits.lastIndex { $0 != "0" } ?? digits.startIndex)
        guard significant.count <= 7, let numerator = Int64(significant) else { throw finer }
        let denominator = (0..<significant.count).reduce(Int64(1)) { power, _ in power * 10 }
        let (milliseconds, rest) = (numerator * unit).quotientAndRemainder(dividingBy: denominator)
        guard rest == 0 else { throw finer }
        return milliseconds
    }
}

/// Longest first, so that `durationText` finds the shortest way to write a duration.
private let units: [(name: String, milliseconds: Int64)] = [("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)]

/// A duration as `Parse.duration` reads it, in the longest unit that needs no point: `90s`, `2m`, `0`.
package func durationText(_ duration: Milliseconds) -> String {
    guard duration != 0, let unit = units.first(where: { duration % $0.milliseconds == 0 }) else { return "0" }
    return "\(duration / unit.milliseconds)\(unit.name)"
}

/// As `Parse.staleLimit` reads it.
package func staleLimitText(_ limit: Milliseconds?) -> String { limit.map(durationText) ?? "off" }
