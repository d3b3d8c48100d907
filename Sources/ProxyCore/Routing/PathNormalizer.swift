/// Brings the path of a request into the one form that routes are compared with and upstreams get, so that no other
/// spelling of a path slips past a rule (RFC 3986 section 6.2.2).
///
/// What a path can hold as it is gets decoded where it was encoded, and what it cannot hold encoded where it was not; other
/// escapes get upper-case digits, `//` becomes `/`, and dot segments are removed, also where their dots were encoded. An
/// encoded slash or semicolon stays encoded and separates nothing. What servers behind us are known to read in different
/// ways is refused: see `Outcome.refused`; and `otherReading` says how else they may read what is left.
package enum PathNormalizer {
    package enum Outcome: Equatable, Sendable {
        /// The path is normal; what the buffer holds means nothing.
        case asIs
        /// The buffer holds the path.
        case changed
        /// A `%` without two hexadecimal digits behind it, `%00`, a path that climbs above its root, or a segment that
        /// would be a dot segment if a backslash, `%5C` or `%2F` separated segments or if what follows a `;` were cut
        /// off.
        case refused
    }

    /// - Parameters:
    ///   - path: of the target of a request, without its query: nothing, `*`, or what begins with a slash.
    ///   - out: is emptied, and has room for three times as many bytes as `path` has, and for one at least.
    static func normalize(_ path: RawSpan, into out: inout ByteBuffer) -> Outcome {
        if isPlainlyNormal(path) { return .asIs }
        return rewrite(path, into: &out)
    }

    /// The path that a person has written, in the form that requests' paths get; what a target cannot hold as it is gets
    /// percent-encoded.
    ///
    /// - Returns: nil for what does not begin with a slash, has a query or a fragment, or is refused in requests.
    package static func normalize(written path: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        for byte in path.utf8 {
            if byte == ASCII.questionMark || byte == ASCII.hash { return nil }
            if byte > ASCII.space, byte < 0x7F {
                bytes.append(byte)
            } else {
                bytes += [ASCII.percent, ASCII.upperHexDigit(byte >> 4), ASCII.upperHexDigit(byte & 15)]
            }
        }
        guard bytes.first == ASCII.slash else { return nil }
        var out = ByteBuffer(capacity: 3 * bytes.count)
        switch unsafe normalize(bytes.span.bytes, into: &out) {
        case .asIs: return bytes
        case .changed: return (0..<out.count).map { out.bytes.byte($0) }
        case .refused: return nil
        }
    }

    /// True where nothing is to be done and nothing to be looked at closely: the path has no escape, no backslash, and no
    /// slash before a slash or a dot. Eight bytes at a time, because that is what nearly all paths are like.
    @inline(__always)
    static func isPlainlyNormal(_ path: RawSpan) -> Bool {
        let count = path.byteCount
        guard count > 0, path.byte(0) == ASCII.slash else { return count == 1 && path.byte(0) == ASCII.asterisk }
        guard count > 8 else {
            for index in 1..<max(1, count) {
                let byte = path.byte(index)
                if !ASCII.isPath(byte), byte != ASCII.slash, byte != ASCII.semicolon { return false }
                if byte | 1 == ASCII.slash, path.byte(index - 1) == ASCII.slash { return false }
            }
            return true
        }
        var index = 0
        while index &+ 9 <= count {
            if hasSuspect(path, index) { return false }
            index &+= 8
        }
        // The last window overlaps the one before it.
        return !hasSuspect(path, count &- 9)
    }

    /// Looks at the pairs of bytes that begin at `index` and the seven behind it. It may suspect what is normal, and lets
    /// nothing pass that is not.
    @inline(__always)
    private static func hasSuspect(_ path: RawSpan, _ index: Int) -> Bool {
        let first = path.word(index)
        let second = path.word(index &+ 1)
        let escapes = Self.zeroes(second ^ Self.ones &* UInt64(ASCII.percent))
        // What a path cannot hold as it is: `"`, `#`, `<`, `>`, `[`, `{`, `\`, `]`, `|`, `}`, `^` and a backtick.
        let lower = second | Self.ones &* 0x20
        let strangers =
            Self.zeroes((second | Self.ones) ^ Self.ones &* 0x23)
            | Self.zeroes((second | Self.ones &* 2) ^ Self.ones &* 0x3E)
            | Self.zeroes(lower ^ Self.ones &* 0x7B) | Self.zeroes((lower | Self.ones) ^ Self.ones &* 0x7D)
            | Self.zeroes(second ^ Self.ones &* 0x5E) | Self.zeroes(second ^ Self.ones &* 0x60)
        let slashes = Self.zeroes(first ^ Self.ones &* UInt64(ASCII.slash))
        let slashesAndDots = Self.zeroes((second | Self.ones) ^ Self.ones &* UInt64(ASCII.slash))
        return escapes | strangers | (slashes & slashesAndDots) != 0
    }

    private static let ones: UInt64 = 0x0101_0101_0101_0101

    /// The top bit of each byte that is zero; also that of a byte 1 behind one that is.
    @inline(__always)
    private static func zeroes(_ word: UInt64) -> UInt64 { (word &- ones) & ~word & (ones &* 0x80) }

    // ---- as others read it -------------------------------------------------------------------------------------------

    /// How servers behind us may read a normal path that has something in it of which they disagree: with encoded slashes
    /// and backslashes for slashes, and without parameters (RFC 3986 section 3.3).
    ///
    /// - Parameter out: is emptied, and has room for as many bytes as `path` has.
    /// - Returns: false where all read it alike; what the buffer holds means nothing then.
    static func otherReading(of path: RawSpan, into out: inout ByteBuffer) -> Bool {
        let count = path.byteCount
        var index = min(
            path.index(of: ASCII.percent, from: 0, before: count),
            path.index(of: ASCII.semicolon, from: 0, before: count))
        guard index < count else { return false }
        out.reset()
        out.append(path.extracting(0..<index))
        var isOther = false
        var isParameter = false
        while index < count {
            switch path.separator(at: index, before: count) {
            case .segment(let length):
                (isOther, isParameter) = (true, false)
                if out.isEmpty || out.bytes.byte(out.count - 1) != ASCII.slash { out.append(ASCII.slash) }
                index += length
            case .parameter(let length):
                (isOther, isParameter) = (true, true)
                index += length
            case .none:
                let byte = path.byte(index)
                if byte == ASCII.slash { isParameter = false }
                let isDouble = byte == ASCII.slash && out.count > 0 && out.bytes.byte(out.count - 1) == ASCII.slash
                if !isParameter, !isDouble { out.append(byte) }
                index += 1
            }
        }
        return isOther
    }

    // ---- segment by segment ------------------------------------------------------------------------------------------

    private static func rewrite(_ path: RawSpan, into out: inout ByteBuffer) -> Outcome {
        out.reset()
        out.append(ASCII.slash)
        if path.isEmpty { return .changed }
        guard path.byte(0) == ASCII.slash else { return .refused }
        var isChanged = false
        var index = 1
        // The content of `out` ends in a slash before each segment.
        while index < path.byteCount {
            let start = out.count
            var segment = Segment()
            while index < path.byteCount, path.byte(index) != ASCII.slash {
                guard let taken = segment.take(path, index, into: &out) else { return .refused }
                index += taken
            }
            isChanged = isChanged || segment.isChanged
            let hasNext = index < path.byteCount
            let written = start..<out.count
            if written.isEmpty {
                isChanged = isChanged || hasNext
            } else if out.bytes.isDots(written) {
                isChanged = true
                out.truncate(to: start)
                if written.count == 2, !dropSegment(of: &out) { return .refused }
            } else {
                if segment.isAmbiguous, out.bytes.hidesDots(written) { return .refused }
                if hasNext { out.append(ASCII.slash) }
            }
            index += 1
        }
        return isChanged ? .changed : .asIs
    }

    /// Takes the last segment and its slash off.
    ///
    /// - Returns: false where there is none.
    private static func dropSegment(of out: inout ByteBuffer) -> Bool {
        guard out.count > 1 else { return false }
        var end = out.count - 1
        while out.bytes.byte(end - 1) != ASCII.slash { end -= 1 }
        out.truncate(to: end)
        return true
    }

    private struct Segment {
        var isChanged = false
        /// It has something in it that others may take for a separator.
        var isAmbiguous = false

        /// Appends the character at `index` in its normal form.
        ///
        /// - Returns: how many bytes it takes, or nil where it is refused.
        mutating func take(_ path: RawSpan, _ index: Int, into out: inout ByteBuffer) -> Int? {
            let byte = path.byte(index)
            guard byte == ASCII.percent else {
                if byte == ASCII.backslash || byte == ASCII.semicolon { isAmbiguous = true }
                if ASCII.isPath(byte) || byte == ASCII.semicolon {
                    out.append(byte)
                } else {
                    isChanged = true
                    out.appendEscaped(byte)
                }
                return 1
            }
            guard index + 2 < path.byteCount, let high = ASCII.hexValue(path.byte(index + 1)),
                let low = ASCII.hexValue(path.byte(index + 2))
            else { return nil }
            let character = UInt8(high << 4 | low)
            if character == 0 { return nil }
            if ASCII.isPath(character) {
                isChanged = true
                out.append(character)
                return 3
            }
            isAmbiguous = true
            for offset in 0..<3 {
                let written = path.byte(index + offset)
                let upper = written &- 0x61 < 26 ? written & 0xDF : written
                if upper != written { isChanged = true }
                out.append(upper)
            }
            return 3
        }
    }
}

extension RawSpan {
    /// True where `range` is `.` or `..`.
    fileprivate func isDots(_ range: Range<Int>) -> Bool {
        guard range.count == 1 || range.count == 2 else { return false }
        return byte(range.lowerBound) == ASCII.point && byte(range.upperBound - 1) == ASCII.point
    }

    /// True where a part of the segment is a dot segment to somebody who separates at backslashes and decodes slashes, or
    /// who takes parameters off (RFC 3986 section 3.3), written as they are or encoded.
    fileprivate func hidesDots(_ segment: Range<Int>) -> Bool {
        var start = segment.lowerBound
        var index = start
        var end: Int?
        while index < segment.upperBound {
            switch separator(at: index, before: segment.upperBound) {
            case .none: index += 1
            case .parameter(let length):
                end = end ?? index
                index += length
            case .segment(let length):
                if isDots(start..<(end ?? index)) { return true }
                index += length
                start = index
                end = nil
            }
        }
        return isDots(start..<(end ?? segment.upperBound))
    }

    fileprivate enum Separator {
        case none
        case segment(Int)
        case parameter(Int)
    }

    fileprivate func separator(at index: Int, before end: Int) -> Separator {
        switch byte(index) {
        case ASCII.backslash: return .segment(1)
        case ASCII.semicolon: return .parameter(1)
        case ASCII.percent where index + 2 < end:
            switch (byte(index + 1), byte(index + 2)) {
            case (0x32, 0x46), (0x35, 0x43): return .segment(3)
            case (0x33, 0x42): return .parameter(3)
            default: return .none
            }
        default: return .none
        }
    }
}

extension ByteBuffer {
    /// Appends a percent sign and two digits.
    fileprivate mutating func appendEscaped(_ byte: UInt8) {
        append(ASCII.percent)
        append(ASCII.upperHexDigit(byte >> 4))
        append(ASCII.upperHexDigit(byte & 15))
    }
}
