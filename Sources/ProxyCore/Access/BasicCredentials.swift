/// The name and the password of a request (RFC 7617 section 2), decoded.
struct BasicCredentials {
    /// Longer ones are none of ours: libcrypt takes passwords of up to 511 bytes.
    static let bytesMax = 768

    /// Where they stand in the buffer that they were decoded into.
    let name: Range<Int>
    let password: Range<Int>

    /// Decodes the value of an Authorization field, and appends `name:password` to `out`, which is empty.
    ///
    /// - Returns: nil where the value is something else; `out` means nothing then.
    init?(_ bytes: RawSpan, _ value: Range<Int>, into out: inout ByteBuffer) {
        guard let coded = Self.token(bytes, value), coded.count <= (Self.bytesMax + 2) / 3 * 4,
            bytes.decodeBase64(coded, into: &out)
        else { return nil }
        let decoded = out.bytes
        var colon: Int?
        for index in 0..<out.count {
            let byte = decoded.byte(index)
            // Neither may hold control characters.
            guard byte >= 0x20, byte != 0x7F else { return nil }
            if byte == ASCII.colon, colon == nil { colon = index }
        }
        guard let colon else { return nil }
        name = 0..<colon
        password = colon + 1..<out.count
    }

    /// What stands behind the scheme's name, which has no case.
    private static func token(_ bytes: RawSpan, _ value: Range<Int>) -> Range<Int>? {
        let scheme = value.lowerBound..<min(value.lowerBound + 5, value.upperBound)
        guard value.count > 6, bytes.equals(scheme, ignoringCase: "basic"), bytes.byte(scheme.upperBound) == ASCII.space
        else { return nil }
        return bytes.trimmingBlanks(scheme.upperBound..<value.upperBound)
    }

    /// Where the name stands in the value of an Authorization field is known only decoded: appends it, at most `limit`
    /// bytes of it, and nothing where there is none.
    static func appendName(_ bytes: RawSpan, _ value: Range<Int>, atMost limit: Int, to out: inout ByteBuffer) {
        guard let coded = token(bytes, value) else { return }
        let end = min(coded.count, (limit + 2) / 3 * 4)
        guard bytes.decodeBase64(coded.lowerBound..<coded.lowerBound + end, into: &out) else { return out.reset() }
        for index in 0..<out.count where out.bytes.byte(index) == ASCII.colon { return out.truncate(to: index) }
        out.truncate(to: min(out.count, limit))
    }
}

extension RawSpan {
    /// Decodes base64 (RFC 4648 section 4), with its padding or without it.
    ///
    /// - Returns: false where `range` holds anything else, or more than there is room for.
    fileprivate func decodeBase64(_ range: Range<Int>, into out: inout ByteBuffer) -> Bool {
        var end = range.upperBound
        while end > range.lowerBound, range.upperBound - end < 2, byte(end - 1) == ASCII.equals { end -= 1 }
        let digits = end - range.lowerBound
        guard digits % 4 != 1, end == range.upperBound || range.count % 4 == 0, out.room >= digits * 3 / 4 else {
            return false
        }
        var bits: UInt32 = 0
        var count = 0
        for index in range.lowerBound..<end {
            guard let digit = Self.base64Value(byte(index)) else { return false }
            bits = bits << 6 | digit
            count += 6
            if count >= 8 {
                count -= 8
                out.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
            }
        }
        return true
    }

    private static func base64Value(_ byte: UInt8) -> UInt32? {
        switch byte {
        case 0x41...0x5A: UInt32(byte - 0x41)
        case 0x61...0x7A: UInt32(byte - 0x61) + 26
        case 0x30...0x39: UInt32(byte - 0x30) + 52
        case 0x2B: 62
        case 0x2F: 63
        default: nil
        }
    }
}
