/// The parameters of a query, as forms write them: `name=value` between `&`, percent-encoded, with `+` for a space.
struct QueryParameters {
    private var index: Int
    private let end: Int

    /// - Parameter target: of a request, with or without a query.
    init(of bytes: RawSpan, _ target: Range<Int>) {
        let mark = bytes.index(of: ASCII.questionMark, from: target.lowerBound, before: target.upperBound)
        index = min(mark + 1, target.upperBound)
        end = target.upperBound
    }

    /// The next parameter as it is written, or nil at the end. A name without `=` has an empty value.
    mutating func next(_ bytes: RawSpan) -> (name: Range<Int>, value: Range<Int>)? {
        while index < end {
            let start = index
            let stop = bytes.index(of: ASCII.ampersand, from: start, before: end)
            index = stop + 1
            if stop == start { continue }
            let equals = bytes.index(of: ASCII.equals, from: start, before: stop)
            return (start..<equals, min(equals + 1, stop)..<stop)
        }
        return nil
    }

    /// The value of the first parameter of this name, as it is written.
    static func value(_ name: RawSpan, of bytes: RawSpan, _ target: Range<Int>) -> Range<Int>? {
        var parameters = QueryParameters(of: bytes, target)
        while let parameter = parameters.next(bytes) {
            if bytes.equalsDecoded(parameter.name, name) { return parameter.value }
        }
        return nil
    }
}

extension RawSpan {
    /// The character at `index` of something percent-encoded, and how many bytes it takes. A `%` without two digits is one.
    @inline(__always)
    private func decodedCharacter(_ index: Int, before end: Int) -> (UInt8, Int) {
        let byte = byte(index)
        if byte == ASCII.plus { return (ASCII.space, 1) }
        guard byte == ASCII.percent, index + 2 < end, let high = ASCII.hexValue(self.byte(index + 1)),
            let low = ASCII.hexValue(self.byte(index + 2))
        else { return (byte, 1) }
        return (UInt8(high << 4 | low), 3)
    }

    /// True where `range`, decoded, is `text`.
    func equalsDecoded(_ range: Range<Int>, _ text: RawSpan) -> Bool {
        var index = range.lowerBound
        var matched = 0
        while index < range.upperBound {
            let (character, length) = decodedCharacter(index, before: range.upperBound)
            guard matched < text.byteCount, text.byte(matched) == character else { return false }
            matched += 1
            index += length
        }
        return matched == text.byteCount
    }

    /// Fills `out`, which is emptied before, with `range` decoded, as much of it as there is room for.
    func decode(_ range: Range<Int>, into out: inout ByteBuffer) {
        out.reset()
        var index = range.lowerBound
        while index < range.upperBound, out.room > 0 {
            let (character, length) = decodedCharacter(index, before: range.upperBound)
            out.append(character)
            index += length
        }
    }
}
