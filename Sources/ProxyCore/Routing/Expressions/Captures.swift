/// What the groups of an expression have found: offsets into what was searched. Group 0 is the whole of it.
struct Captures: BitwiseCopyable {
    private static let unset: UInt16 = .max

    private var starts = InlineArray<16, UInt16>(repeating: Captures.unset)
    private var ends = InlineArray<16, UInt16>(repeating: Captures.unset)
    private(set) var count = 0

    init() {}

    mutating func removeAll() { count = 0 }

    /// The range of a group, or nil where it took no part in the match.
    subscript(group: Int) -> Range<Int>? {
        guard group >= 0, group < count, starts[group] != Self.unset else { return nil }
        return Int(starts[group])..<Int(ends[group])
    }

    mutating func append(_ range: Range<Int>?) {
        guard count < Limits.captureGroupsMax else { return }
        starts[count] = range.map { UInt16(clamping: $0.lowerBound) } ?? Self.unset
        ends[count] = range.map { UInt16(clamping: $0.upperBound) } ?? Self.unset
        count += 1
    }
}
