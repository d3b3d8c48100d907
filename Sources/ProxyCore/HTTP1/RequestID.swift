import CLinux

/// The identifier that a request carries through all it passes: 128 random bits, written as 32 hexadecimal digits.
struct RequestID {
    let high: UInt64
    let low: UInt64

    func write(to out: inout ByteBuffer) {
        for shift in stride(from: UInt64(60), through: 0, by: -4) { out.append(ASCII.hexDigit(high &>> shift)) }
        for shift in stride(from: UInt64(60), through: 0, by: -4) { out.append(ASCII.hexDigit(low &>> shift)) }
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
