/// Follows the chunked coding (RFC 9112 section 7.1) over any cutting of its bytes, and says which are data.
///
/// Strict where laxness lets two parsers disagree: sizes are hexadecimal digits alone, lines end in CRLF, extensions and
/// trailer lines hold no control characters, trailer names are tokens.
struct ChunkedDecoder: Equatable {
    private enum State: UInt8 {
        case sizeStart, size, extensionStart, extensions, sizeLF
        case data, dataCR, dataLF
        case trailerStart, trailerName, trailerValue, trailerLF, endLF
        case end
    }

    private var state = State.sizeStart
    /// Bytes of the current chunk that are still to come, or the size as far as it was read.
    private var remaining = 0
    /// Bytes of the current chunk line, or of the trailer section.
    private var lineBytes = 0

    /// The last chunk and the trailer section were seen.
    var isFinished: Bool { state == .end }

    /// What one step found in the bytes from an index on.
    enum Step: Equatable {
        /// Framing up to this index.
        case framing(upTo: Int)
        /// Data up to this index.
        case data(upTo: Int)
        case malformed
    }

    /// Takes bytes from `index` on, as far as they are of one kind. Call it while there are bytes and not `isFinished`.
    @inline(__always)
    mutating func step(_ bytes: RawSpan, from index: Int) -> Step {
        if state == .data {
            let count = min(remaining, bytes.byteCount - index)
            remaining -= count
            if remaining == 0 { state = .dataCR }
            return .data(upTo: index + count)
        }
        return stepFraming(bytes, from: index)
    }

    private mutating func stepFraming(_ bytes: RawSpan, from start: Int) -> Step {
        var index = start
        while index < bytes.byteCount, state != .data, state != .end {
            guard take(bytes.byte(index)) else { return .malformed }
            index += 1
        }
        return .framing(upTo: index)
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        lineBytes += 1
        switch state {
        case .sizeStart, .size:
            guard lineBytes <= Limits.chunkLineBytesMax else { return false }
            if let digit = ASCII.hexValue(byte) {
                // 15 digits count to a quintillion bytes; more only serve to make a number overflow.
                guard remaining < 1 << 56 else { return false }
                remaining = remaining << 4 | Int(digit)
                state = .size
                return true
            }
            guard state == .size else { return false }
            if byte == ASCII.semicolon {
                state = .extensions
                return true
            }
            if ASCII.isBlank(byte) {
                state = .extensionStart
                return true
            }
            return endSize(byte)
        case .extensionStart:
            // Blanks before the ";" are allowed to recipients (RFC 9112 section 7.1.1, BWS); blanks before CRLF are not.
            guard lineBytes <= Limits.chunkLineBytesMax else { return false }
            if byte == ASCII.semicolon { state = .extensions }
            return byte == ASCII.semicolon || ASCII.isBlank(byte)
        case .extensions:
            guard lineBytes <= Limits.chunkLineBytesMax else { return false }
            return ASCII.isVisible(byte) || ASCII.isBlank(byte) ? true : endSize(byte)
        case .sizeLF:
            guard byte == ASCII.lf else { return false }
            lineBytes = 0
            state = remaining == 0 ? .trailerStart : .data
            return true
        case .dataCR:
            state = .dataLF
            return byte == ASCII.cr
        case .dataLF:
            lineBytes = 0
            state = .sizeStart
            return byte == ASCII.lf
        case .trailerStart, .trailerName, .trailerValue, .trailerLF, .endLF:
            guard lineBytes <= Limits.trailerBytesMax else { return false }
            return takeTrailer(byte)
        case .data, .end:
            return false
        }
    }

    private mutating func endSize(_ byte: UInt8) -> Bool {
        state = .sizeLF
        return byte == ASCII.cr
    }

    private mutating func takeTrailer(_ byte: UInt8) -> Bool {
        switch state {
        case .trailerStart:
            state = byte == ASCII.cr ? .endLF : .trailerName
            return byte == ASCII.cr || ASCII.isToken(byte)
        case .trailerName:
            if byte == ASCII.colon { state = .trailerValue }
            return byte == ASCII.colon || ASCII.isToken(byte)
        case .trailerValue:
            if byte == ASCII.cr { state = .trailerLF }
            return byte == ASCII.cr || ASCII.isVisible(byte) || ASCII.isBlank(byte)
        case .trailerLF:
            state = .trailerStart
            return byte == ASCII.lf
        default:
            state = .end
            return byte == ASCII.lf
        }
    }
}
