/// The parts of a representation that a Range field asks for (RFC 9110 section 14), in ascending order and without
/// overlaps: whoever asks for the same bytes a hundred times gets them once.
struct ByteRanges {
    private var lows = InlineArray<16, Int>(repeating: 0)
    private var highs = InlineArray<16, Int>(repeating: 0)
    private(set) var count = 0

    init() {}

    /// One that holds everything.
    init(whole size: Int) {
        if size > 0 { append(0..<size) }
    }

    subscript(index: Int) -> Range<Int> { lows[index]..<highs[index] }

    /// What becomes of a Range field.
    enum Reading {
        /// It means nothing: another unit, malformed, or with more parts than anybody needs. The whole is sent, as a server
        /// may always do (RFC 9110 section 14.2).
        case ignored
        case ranges(ByteRanges)
        /// No byte that it asks for exists.
        case unsatisfiable
    }

    /// Reads the value of the one Range field of a request.
    static func read(_ bytes: RawSpan, _ value: Range<Int>, size: Int) -> Reading {
        let unit = "bytes=" as StaticString
        let start = value.lowerBound + unit.utf8CodeUnitCount
        guard start <= value.upperBound, bytes.equals(value.lowerBound..<start, ignoringCase: unit) else {
            return .ignored
        }
        var ranges = ByteRanges()
        var asked = 0
        let valid = bytes.forEachListElement(in: start..<value.upperBound) { element in
            asked += 1
            guard asked <= Limits.rangesMax else { return false }
            switch readOne(bytes, element, size: size) {
            case .malformed: return false
            case .outside: return true
            case .range(let range):
                ranges.insert(range)
                return true
            }
        }
        guard valid, asked > 0 else { return .ignored }
        return ranges.count > 0 ? .ranges(ranges) : .unsatisfiable
    }

    private enum One {
        case malformed, outside
        case range(Range<Int>)
    }

    /// `FIRST-LAST`, `FIRST-` or `-LENGTH` (RFC 9110 section 14.1.2).
    private static func readOne(_ bytes: RawSpan, _ element: Range<Int>, size: Int) -> One {
        var index = element.lowerBound
        let first = number(bytes, &index, element.upperBound)
        guard index < element.upperBound, bytes.byte(index) == ASCII.dash else { return .malformed }
        index += 1
        let last = number(bytes, &index, element.upperBound)
        guard index == element.upperBound else { return .malformed }
        switch (first, last) {
        case (nil, nil): return .malformed
        case (nil, let length?):
            guard length > 0, size > 0 else { return .outside }
            return .range(max(0, size - length)..<size)
        case (let first?, let last):
            if let last, last < first { return .malformed }
            guard first < size else { return .outside }
            return .range(first..<min(size, (last ?? size - 1) + 1))
        }
    }

    /// Digits from `index` on, nil where there are none. Numbers beyond any file stay there.
    private static func number(_ bytes: RawSpan, _ index: inout Int, _ end: Int) -> Int? {
        let start = index
        var number = 0
        while index < end, ASCII.isDigit(bytes.byte(index)) {
            number = min(number &* 10 &+ Int(bytes.byte(index) &- ASCII.zero), 100_000_000_000_000_000)
            index += 1
        }
        return index > start ? number : nil
    }

    /// Puts one in its place, joined with those that it overlaps or touches.
    private mutating func insert(_ range: Range<Int>) {
        var merged = range
        var kept = ByteRanges()
        var isPlaced = false
        for index in 0..<count {
            let other = self[index]
            if other.upperBound < merged.lowerBound {
                kept.append(other)
            } else if other.lowerBound > merged.upperBound {
                if !isPlaced { kept.append(merged) }
                isPlaced = true
                kept.append(other)
            } else {
                merged = min(merged.lowerBound, other.lowerBound)..<max(merged.upperBound, other.upperBound)
            }
        }
        if !isPlaced { kept.append(merged) }
        self = kept
    }

    private mutating func append(_ range: Range<Int>) {
        lows[count] = range.lowerBound
        highs[count] = range.upperBound
        count += 1
    }
}
