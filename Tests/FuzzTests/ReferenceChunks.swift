/// A slow and plain reading of the chunked coding (RFC 9112 section 7.1). Sizes are not looked at.
struct ReferenceChunks {
    enum Outcome: Equatable {
        /// The data, and how many bytes the body takes.
        case whole([UInt8], Int)
        case partial
        case malformed
    }

    private enum Stop: Error {
        case outOfBytes, malformed
    }

    private let bytes: [UInt8]
    private var index = 0
    private var data: [UInt8] = []

    static func read(_ bytes: [UInt8]) -> Outcome {
        var reader = ReferenceChunks(bytes: bytes)
        do throws(Stop) {
            try reader.body()
            return .whole(reader.data, reader.index)
        } catch {
            return error == .malformed ? .malformed : .partial
        }
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    // ---- the grammar, rule by rule ----------------------------------------------------------------------------------

    private mutating func body() throws(Stop) {
        while true {
            let size = try size()
            try extensions()
            try lineEnd()
            if size == 0 { break }
            for _ in 0..<size { data.append(try take()) }
            try lineEnd()
        }
        while try peek() != 0x0D {
            try token()
            try take(UInt8(ascii: ":"))
            while try peek() != 0x0D { try take(Grammar.visible.union(Grammar.blank)) }
            try lineEnd()
        }
        try lineEnd()
    }

    private mutating func size() throws(Stop) -> Int {
        var size = 0
        var digits = 0
        repeat {
            let digit = try take(Grammar.hexDigit)
            guard digits < 16, size < 1 << 56, let value = Int(String(Unicode.Scalar(digit)), radix: 16) else {
                throw .malformed
            }
            size = size * 16 + value
            digits += 1
        } while try Grammar.hexDigit.contains(peek())
        return size
    }

    private mutating func extensions() throws(Stop) {
        while try peek() != 0x0D {
            try blanks()
            try take(UInt8(ascii: ";"))
            try blanks()
            try token()
            // What comes behind blanks tells to which rule they belong, and the end of the line is no part of it.
            guard try isAhead(UInt8(ascii: "=")) else { continue }
            try blanks()
            try take(UInt8(ascii: "="))
            try blanks()
            if try peek() == UInt8(ascii: "\"") { try quotedString() } else { try token() }
        }
    }

    private mutating func quotedString() throws(Stop) {
        try take(UInt8(ascii: "\""))
        while try peek() != UInt8(ascii: "\"") {
            if try peek() == UInt8(ascii: "\\") { _ = try take() }
            try take(Grammar.visible.union(Grammar.blank))
        }
        try take(UInt8(ascii: "\""))
    }

    private mutating func token() throws(Stop) {
        repeat { try take(Grammar.token) } while try Grammar.token.contains(peek())
    }

    private mutating func blanks() throws(Stop) {
        while try Grammar.blank.contains(peek()) { _ = try take() }
    }

    private mutating func lineEnd() throws(Stop) {
        try take(0x0D)
        try take(0x0A)
    }

    // ---- bytes ------------------------------------------------------------------------------------------------------

    private func peek() throws(Stop) -> UInt8 {
        guard index < bytes.count else { throw .outOfBytes }
        return bytes[index]
    }

    /// True where `byte` is the next one that is no blank.
    private func isAhead(_ byte: UInt8) throws(Stop) -> Bool {
        guard let next = bytes[index...].first(where: { !Grammar.blank.contains($0) }) else { throw .outOfBytes }
        return next == byte
    }

    private mutating func take() throws(Stop) -> UInt8 {
        let byte = try peek()
        index += 1
        return byte
    }

    @discardableResult
    private mutating func take(_ allowed: Set<UInt8>) throws(Stop) -> UInt8 {
        let byte = try take()
        guard allowed.contains(byte) else { throw .malformed }
        return byte
    }

    private mutating func take(_ byte: UInt8) throws(Stop) {
        try take([byte])
    }
}
