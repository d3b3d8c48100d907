/// An entity tag of ours (RFC 9110 section 8.8.3), as text: `"SIZE-HASH"` in hexadecimal digits, and the coding of the
/// representation behind them.
struct EntityTag {
    /// The quoted part, without a `W/`.
    private var text = InlineArray<48, UInt8>(repeating: 0)
    private var count = 0
    let isWeak: Bool

    init(size: UInt64, hash: UInt64, coding: ContentCoding, isWeak: Bool) {
        self.isWeak = isWeak
        append(ASCII.quote)
        append(hex: size)
        append(ASCII.dash)
        append(hex: hash)
        if coding != .identity { append(coding) }
        append(ASCII.quote)
    }

    /// The tag of what is made of this representation by putting it into a coding: alike in meaning only, because it differs
    /// from time to time (RFC 9110 section 8.8.1).
    init(_ tag: EntityTag, in coding: ContentCoding) {
        text = tag.text
        count = tag.count - 1
        isWeak = true
        append(coding)
        append(ASCII.quote)
    }

    private mutating func append(_ coding: ContentCoding) {
        append(ASCII.dash)
        for index in 0..<coding.name.utf8CodeUnitCount { append(coding.name.byte(index)) }
    }

    private mutating func append(_ byte: UInt8) {
        text[count] = byte
        count += 1
    }

    private mutating func append(hex number: UInt64) {
        var shift = max(0, 63 - number.leadingZeroBitCount) / 4 * 4
        while shift >= 0 {
            append(ASCII.hexDigit(number >> UInt64(shift)))
            shift -= 4
        }
    }

    /// Appends it with its quotes, and `W/` before them where it is weak.
    func write(to out: inout ByteBuffer) {
        if isWeak { out.append("W/") }
        for index in 0..<count { out.append(text[index]) }
    }

    enum Comparison {
        /// For ranges and writing: both are strong and alike (RFC 9110 section 8.8.3.2).
        case strong
        /// For caches: alike but for their `W/`.
        case weak
    }

    /// Whether a list of entity tags, as If-Match and If-None-Match hold it, has one like this in it. What is no tag ends
    /// the list: a comma may stand inside of tags, so nothing behind it can be told apart.
    func isIn(_ bytes: RawSpan, _ list: Range<Int>, _ comparison: Comparison) -> Bool {
        var index = list.lowerBound
        while true {
            while index < list.upperBound, ASCII.isBlank(bytes.byte(index)) || bytes.byte(index) == ASCII.comma {
                index += 1
            }
            guard index < list.upperBound else { return false }
            let isOtherWeak = list.upperBound - index >= 2 && bytes.equals(index..<index + 2, "W/")
            if isOtherWeak { index += 2 }
            let start = index
            guard index < list.upperBound, bytes.byte(index) == ASCII.quote else { return false }
            index += 1
            while index < list.upperBound, bytes.byte(index) != ASCII.quote { index += 1 }
            guard index < list.upperBound else { return false }
            index += 1
            if comparison == .strong, isWeak || isOtherWeak { continue }
            if isWritten(bytes, start..<index) { return true }
        }
    }

    private func isWritten(_ bytes: RawSpan, _ range: Range<Int>) -> Bool {
        guard range.count == count else { return false }
        for index in 0..<count where bytes.byte(range.lowerBound + index) != text[index] { return false }
        return true
    }
}
