extension Parse {
    /// A whole number in decimal digits.
    static func count(in range: ClosedRange<Int>) -> (String) throws(Rejection) -> Int {
        { (text) throws(Rejection) in
            guard let count = number(text[...]) else {
                throw Rejection("is no number; use one from \(range.lowerBound) to \(range.upperBound)")
            }
            guard range.contains(count) else {
                throw Rejection("is out of range; use a number from \(range.lowerBound) to \(range.upperBound)")
            }
            return count
        }
    }

    /// `20%`: whole percents from 0 to 100. The sign is not optional, so that nobody takes 0.2 for the same.
    static func percentage(_ text: String) throws(Rejection) -> Int {
        guard text.last == "%", let percent = number(text.dropLast()), percent <= 100 else {
            throw Rejection("is no percentage; use one from 0% to 100%, such as 20%")
        }
        return percent
    }

    /// Decimal digits, and nothing else. Numbers too large for an `Int` are as large as it can be: they are out of every
    /// range, and nobody is told that they are none.
    static func number(_ text: Substring) -> Int? {
        guard !text.isEmpty, text.allSatisfy(isDigit) else { return nil }
        return Int(text) ?? .max
    }
}

/// As `Parse.percentage` reads it.
package func percentText(_ percent: Int) -> String { "\(percent)%" }
