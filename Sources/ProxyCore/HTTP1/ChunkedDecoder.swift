/// Follows the chunked coding (RFC 9112 section 7.1) over any cutting of its bytes, and says which are data.
///
/// Strict where laxness lets two parsers disagree: sizes are hexadecimal digits alone, lines end in CRLF, extensions have
/// the grammar's form, trailer lines hold no control characters, trailer names are tokens.
struct ChunkedDecoder: Equatable {
    private enum State: UInt8 {
        case sizeStart, size, sizeLF
        case extensionStart, extensionName, extensionNameGap, extensionEquals, extensionValue, extensionGap
        case quoted, quotedPair, quotedEnd
        case data, dataCR, dataLF
        case trailerStart, trailerName, trailerValue, trailerLF, endLF
        case end
    }

    private var state = State.sizeStart
    /// Bytes of the current chunk that are still to come, or the size as far as it was read.
    private var remaining = 0
    /// Digits of the size that were read.
    private var digits: UInt8 = 0
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
            if let digit = ASCII.hexValue(byte) {
                // More than 16 digits, zeros or not, only serve to make a number overflow.
                guard digits < 16, remaining < 1 << 56 else { return false }
                digits += 1
                remaining = remaining << 4 | Int(digit)
                state = .size
                return true
            }
            return state == .size && takeExtension(byte)
        case .extensionStart, .extensionName, .extensionNameGap, .extensionEquals, .extensionValue, .extensionGap,
            .quoted, .quotedPair, .quotedEnd:
            return lineBytes <= Limits.chunkLineBytesMax && takeExtension(byte)
        case .sizeLF:
            guard byte == ASCII.lf else { return false }
            lineBytes = 0
            digits = 0
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

    /// `*( BWS ";" BWS token [ BWS "=" BWS ( token / quoted-string ) ] )` (RFC 9112 section 7.1.1), after the size.
    private mutating func takeExtension(_ byte: UInt8) -> Bool {
        switch state {
        case .extensionGap:
            // Blanks belong to the next ";"; before the end of the line there are none.
            if byte == ASCII.semicolon { state = .extensionStart }
            return byte == ASCII.semicolon || ASCII.isBlank(byte)
        case .extensionStart:
            if ASCII.isToken(byte) { state = .extensionName }
            return ASCII.isToken(byte) || ASCII.isBlank(byte)
        case .extensionName, .extensionNameGap:
            if byte == ASCII.equals {
                state = .extensionEquals
                return true
            }
            if state == .extensionName, ASCII.isToken(byte) { return true }
            guard state == .extensionName || byte != ASCII.cr, endExtension(byte) else { return false }
            if state == .extensionGap { state = .extensionNameGap }
            return true
        case .extensionEquals:
            state = byte == ASCII.quote ? .quoted : ASCII.isToken(byte) ? .extensionValue : .extensionEquals
            return byte == ASCII.quote || ASCII.isToken(byte) || ASCII.isBlank(byte)
        case .extensionValue: return ASCII.isToken(byte) || endExtension(byte)
        case .quoted:
            if byte == ASCII.quote { state = .quotedEnd }
            if byte == ASCII.backslash { state = .quotedPair }
            return ASCII.isVisible(byte) || ASCII.isBlank(byte)
        case .quotedPair:
            state = .quoted
            return ASCII.isVisible(byte) || ASCII.isBlank(byte)
        default:
            // After the size, or after a quoted string, which ends like one.
            return endExtension(byte)
        }
    }

    private mutating func endExtension(_ byte: UInt8) -> Bool {
        switch byte {
        case ASCII.semicolon: state = .extensionStart
        case ASCII.space, ASCII.tab: state = .extensionGap
        case ASCII.cr: state = .sizeLF
        default: return false
        }
        return true
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
