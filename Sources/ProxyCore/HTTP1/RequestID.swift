import CLinux

/// The identifier that a request carries through all it passes: 128 random bits, written as 32 hexadecimal digits.
struct RequestID {
    let high: UInt64
    let low: UInt64

    func write(to out: inout ByteBuffer) {
        out.append(word: Self.hexDigits(of: high >> 32))
        out.append(word: Self.hexDigits(of: high))
        out.append(word: Self.hexDigits(of: low >> 32))
        out.append(word: Self.hexDigits(of: low))
    }

    /// The eight digits of the low half of `value`, the first in the lowest byte.
    private static func hexDigits(of value: UInt64) -> UInt64 {
        // Each nibble moves to a byte of its own, all eight at once.
        var digits = value & 0xFFFF_FFFF
        digits = (digits | digits << 16) & 0x0000_FFFF_0000_FFFF
        digits = (digits | digits << 8) & 0x00FF_00FF_00FF_00FF
        digits = (digits | digits << 4) & 0x0F0F_0F0F_0F0F_0F0F
        let isLetter = (digits &+ 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101
        return (digits &+ 0x3030_3030_3030_3030 &+ isLetter &* 0x27).byteSwapped
    }

    /// A client's identifier is kept where it can do no harm in a log: letters, digits, `.`, `_`, `-`, and not too long.
    static func isAcceptable(_ bytes: RawSpan, _ value: Range<Int>) -> Bool {
        guard !value.isEmpty, value.count <= Limits.requestIDBytesMax else { return false }
        for index in value {
            let byte = bytes.byte(index)
            let isLetter = (byte | 0x20) &- 0x61 < 26
            guard isLetter || ASCII.isDigit(byte) || byte == 0x2E || byte == 0x5F || byte == ASCII.dash else {
                return false
            }
        }
        return true
    }

    /// A worker's own sequence of identifiers (xoroshiro128+, seeded by the kernel): unique, not secret.
    struct Sequence {
        private var a = clx_random() | 1
        private var b = clx_random()

        mutating func next() -> RequestID { RequestID(high: step(), low: step()) }

        private mutating func step() -> UInt64 {
            let result = a &+ b
            b ^= a
            a = (a << 24 | a >> 40) ^ b ^ (b << 16)
            b = b << 37 | b >> 27
            return result
        }
    }
}
