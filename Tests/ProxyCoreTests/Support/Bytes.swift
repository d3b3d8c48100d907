@testable import ProxyCore

extension Array where Element == UInt8 {
    /// Each character is one byte (ISO 8859-1), so that a table can hold obs-text: `\u{E9}` is the byte 0xE9.
    init(latin1 text: String) { self = text.unicodeScalars.map { UInt8($0.value) } }

    /// The bytes as the parsers see them.
    func withRaw<Result>(_ body: (RawSpan) -> Result) -> Result { unsafe body(span.bytes) }

    func text(_ range: Range<Int>) -> String { String(latin1: self[range]) }
}

extension String {
    init(latin1 bytes: some Sequence<UInt8>) {
        self.init(UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
    }
}

extension UInt8 {
    static let all = UInt8.min...UInt8.max
}

extension ByteBuffer {
    /// A buffer of just the size of its content.
    init(latin1 text: String) {
        let bytes = [UInt8](latin1: text)
        self.init(capacity: bytes.count)
        for byte in bytes { append(byte) }
    }

    /// What the buffer holds, one character for each byte.
    var text: String { String(latin1: array) }

    var array: [UInt8] {
        let bytes = bytes
        var copy: [UInt8] = []
        copy.reserveCapacity(count)
        for index in 0..<count { copy.append(bytes.byte(index)) }
        return copy
    }
}

/// What `write` appends to an empty buffer.
func written(room: Int = 4096, _ write: (inout ByteBuffer) -> Void) -> String {
    var out = ByteBuffer(capacity: room)
    write(&out)
    return out.text
}
