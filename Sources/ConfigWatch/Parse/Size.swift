extension Parse {
    /// `512`, `64KiB`, `1MiB`, `1GiB`: whole bytes, or units of 1,024, 1,024² and 1,024³.
    static func size(upTo largest: Int) -> (String) throws(Rejection) -> Int {
        { (text) throws(Rejection) in
            let amount = text.prefix(while: isDigit)
            guard let number = number(amount),
                let unit = units.first(where: { $0.name == text[amount.endIndex...] })
            else {
                throw Rejection("is no size; use bytes, or a number with KiB, MiB or GiB, such as 64KiB")
            }
            guard number <= largest / unit.bytes else {
                throw Rejection("is out of range; use a size from 0 to \(sizeText(largest))")
            }
            return number * unit.bytes
        }
    }
}

/// Largest first, so that `sizeText` finds the shortest way to write a size.
private let units: [(name: String, bytes: Int)] = [
    ("GiB", 1024 * 1024 * 1024), ("MiB", 1024 * 1024), ("KiB", 1024), ("", 1),
]

/// As `Parse.size` reads it, in the largest unit that fits: `64KiB`, `1000`, `0`.
package func sizeText(_ bytes: Int) -> String {
    guard bytes != 0, let unit = units.first(where: { bytes % $0.bytes == 0 }) else { return "0" }
    return "\(bytes / unit.bytes)\(unit.name)"
}
