/// Byte classes and comparisons of HTTP's ASCII grammar (RFC 9110 section 5.6, RFC 5234 appendix B).
enum ASCII {
    static let tab: UInt8 = 0x09
    static let lf: UInt8 = 0x0A
    static let cr: UInt8 = 0x0D
    static let space: UInt8 = 0x20
    static let quote: UInt8 = 0x22
    static let hash: UInt8 = 0x23
    static let percent: UInt8 = 0x25
    static let ampersand: UInt8 = 0x26
    static let asterisk: UInt8 = 0x2A
    static let plus: UInt8 = 0x2B
    static let comma: UInt8 = 0x2C
    static let dash: UInt8 = 0x2D
    static let point: UInt8 = 0x2E
    static let slash: UInt8 = 0x2F
    static let zero: UInt8 = 0x30
    static let colon: UInt8 = 0x3A
    static let semicolon: UInt8 = 0x3B
    static let equals: UInt8 = 0x3D
    static let questionMark: UInt8 = 0x3F
    static let openBracket: UInt8 = 0x5B
    static let closeBracket: UInt8 = 0x5D
    static let backslash: UInt8 = 0x5C
    static let openBrace: UInt8 = 0x7B
    static let closeBrace: UInt8 = 0x7D

    /// The 128 ASCII characters as two words of bits.
    private struct CharacterSet {
        var low: UInt64 = 0
        var high: UInt64 = 0

        @inline(__always)
        func contains(_ byte: UInt8) -> Bool {
            let word = byte < 64 ? low : high
            return byte < 128 && (word &>> UInt64(byte & 63)) & 1 != 0
        }
    }

    /// `tchar`: ``!#$%&'*+-.^_`|~``, digits and letters.
    private static let token = CharacterSet(low: 0x03FF_6CFA_0000_0000, high: 0x57FF_FFFF_C7FF_FFFE)
    /// What a host name may hold: unreserved, percent-encoded and sub-delims (RFC 3986 section 3.2.2).
    private static let host = CharacterSet(low: 0x2BFF_7FF2_0000_0000, high: 0x47FF_FFFE_87FF_FFFE)
    /// What a path may hold as it is: `pchar` (RFC 3986 section 3.3) without the percent sign, and without the semicolon,
    /// which separates parameters where it is not encoded.
    private static let path = CharacterSet(low: 0x27FF_7FD2_0000_0000, high: 0x47FF_FFFE_87FF_FFFF)

    /// `tchar` (RFC 9110 section 5.6.2).
    @inline(__always)
    static func isToken(_ byte: UInt8) -> Bool { token.contains(byte) }

    @inline(__always)
    static func isHost(_ byte: UInt8) -> Bool { host.contains(byte) }

    @inline(__always)
    static func isPath(_ byte: UInt8) -> Bool { path.contains(byte) }

    @inline(__always)
    static func isDigit(_ byte: UInt8) -> Bool { byte &- zero < 10 }

    @inline(__always)
    static func isBlank(_ byte: UInt8) -> Bool { byte == space || byte == tab }

    /// A visible character or a byte above ASCII (obs-text): what a field value may hold besides blanks.
    @inline(__always)
    static func isVisible(_ byte: UInt8) -> Bool { byte > space && byte != 0x7F }

    /// The value of a hexadecimal digit, or nil.
    @inline(__always)
    static func hexValue(_ byte: UInt8) -> UInt64? {
        if isDigit(byte) { return UInt64(byte &- zero) }
        let letter = (byte | 0x20) &- 0x61
        return letter < 6 ? UInt64(letter) + 10 : nil
    }

    /// The upper-case hexadecimal digit of a value below 16.
    static func upperHexDigit(_ value: UInt8) -> UInt8 { value < 10 ? zero &+ value : 0x37 &+ value }

    /// The lower-case hexadecimal digit of `value & 15`.
    @inline(__always)
    static func hexDigit(_ value: UInt64) -> UInt8 {
        let digit = UInt8(truncatingIfNeeded: value & 15)
        return digit < 10 ? zero &+ digit : 0x57 &+ digit
    }
}

extension StaticString {
    /// The byte at `index`, bounds-checked.
    @inline(__always)
    func byte(_ index: Int) -> UInt8 {
        precondition(index >= 0 && index < utf8CodeUnitCount)
        return unsafe utf8Start[index]
    }
}

extension RawSpan {
    /// The byte at `index`, bounds-checked.
    @inline(__always)
    func byte(_ index: Int) -> UInt8 { unsafe unsafeLoad(fromByteOffset: index, as: UInt8.self) }

    /// Eight bytes from `index` on, bounds-checked, the first in the lowest bits.
    @inline(__always)
    func word(_ index: Int) -> UInt64 {
        UInt64(littleEndian: unsafe unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self))
    }

    /// True where `range` holds `text` in any letter case. `text` is given in lower case.
    @inline(__always)
    func equals(_ range: Range<Int>, ignoringCase text: StaticString) -> Bool {
        guard range.count == text.utf8CodeUnitCount else { return false }
        for offset in 0..<range.count {
            let found = byte(range.lowerBound &+ offset)
            let isUpper = found &- 0x41 < 26
            guard (isUpper ? found | 0x20 : found) == text.byte(offset) else { return false }
        }
        return true
    }

    /// True where `range` holds `text` letter for letter.
    @inline(__always)
    func equals(_ range: Range<Int>, _ text: StaticString) -> Bool {
        guard range.count == text.utf8CodeUnitCount else { return false }
        for offset in 0..<range.count where byte(range.lowerBound &+ offset) != text.byte(offset) { return false }
        return true
    }

    /// True where both ranges hold the same text in any letter case.
    func equalsIgnoringCase(_ left: Range<Int>, _ right: Range<Int>) -> Bool {
        guard left.count == right.count else { return false }
        for offset in 0..<left.count {
            let a = byte(left.lowerBound + offset)
            let b = byte(right.lowerBound + offset)
            let isLetter = (a | 0x20) &- 0x61 < 26
            guard a == b || (isLetter && a ^ b == 0x20) else { return false }
        }
        return true
    }

    /// The first index from `start` on whose byte is a control character other than the tab, or the count of bytes:
    /// where a field value ends. Eight bytes at a time, because values are most of what a head consists of.
    @inline(__always)
    func indexOfControl(from start: Int) -> Int {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let tops: UInt64 = 0x8080_8080_8080_8080
        let count = byteCount
        var index = start
        while index &+ 8 <= count {
            let word = word(index)
            let below = (word &- ones &* 0x20) & ~word
            let delete = word ^ (ones &* 0x7F)
            let hits = (below | ((delete &- ones) & ~delete)) & tops
            guard hits != 0 else {
                index &+= 8
                continue
            }
            index &+= hits.trailingZeroBitCount &>> 3
            guard byte(index) == ASCII.tab else { return index }
            index &+= 1
        }
        while index < count, ASCII.isVisible(byte(index)) || ASCII.isBlank(byte(index)) { index &+= 1 }
        return index
    }

    /// True where `range` is `uri-host [ ":" port ]` (RFC 9110 section 7.2), which may be empty.
    func isHostAndPort(_ range: Range<Int>) -> Bool {
        var index = range.lowerBound
        let end = range.upperBound
        if index < end, byte(index) == ASCII.openBracket {
            index += 1
            while index < end, ASCII.isHost(byte(index)) || byte(index) == ASCII.colon { index += 1 }
            guard index < end, byte(index) == ASCII.closeBracket else { return false }
            index += 1
        } else {
            while index < end, ASCII.isHost(byte(index)) { index += 1 }
        }
        guard index < end else { return true }
        guard byte(index) == ASCII.colon else { return false }
        index += 1
        while index < end, ASCII.isDigit(byte(index)) { index += 1 }
        return index == end
    }

    /// `range` without the blanks at its ends.
    func trimmingBlanks(_ range: Range<Int>) -> Range<Int> {
        var low = range.lowerBound
        var high = range.upperBound
        while low < high, ASCII.isBlank(byte(low)) { low += 1 }
        while high > low, ASCII.isBlank(byte(high - 1)) { high -= 1 }
        return low..<high
    }

    /// Calls `body` with each non-empty element of a comma-separated list (RFC 9110 section 5.6.1), until it says false.
    func forEachListElement(in range: Range<Int>, _ body: (Range<Int>) -> Bool) -> Bool {
        var start = range.lowerBound
        while start <= range.upperBound {
            var end = start
            while end < range.upperBound, byte(end) != ASCII.comma { end += 1 }
            let element = trimmingBlanks(start..<end)
            if !element.isEmpty, !body(element) { return false }
            start = end + 1
        }
        return true
    }

    /// True where the bytes of `range` are `name`, which is in lower case, whatever their own case.
    func equals(_ range: Range<Int>, lowercase name: [UInt8]) -> Bool {
        guard range.count == name.count else { return false }
        for offset in name.indices {
            let byte = byte(range.lowerBound + offset)
            let isUpper = byte &- 0x41 < 26
            guard (isUpper ? byte | 0x20 : byte) == name[offset] else { return false }
        }
        return true
    }

    func equals(_ range: Range<Int>, _ text: [UInt8]) -> Bool {
        guard range.count == text.count else { return false }
        for offset in text.indices where byte(range.lowerBound + offset) != text[offset] { return false }
        return true
    }
}
