/// An expression of a route with what is known of it without matching.
struct RouteExpression: ~Copyable, Sendable {
    let expression: RegularExpression
    /// What every path begins with that it matches.
    let leading: FixedArray<UInt8>

    init(_ pattern: String, ignoresCase: Bool) throws(RegularExpression.Mistake) {
        expression = try RegularExpression(pattern, ignoresCase: ignoresCase)
        leading = FixedArray(LeadingText(pattern: pattern, ignoresCase: ignoresCase).text)
    }

    @inline(__always)
    func find(inPath path: RawSpan, with memory: inout MatchMemory) -> RegularExpression.Outcome {
        let count = leading.count
        if count > 0 {
            guard path.byteCount >= count, path.equals(0..<count, leading.bytes, 0..<count, ignoresCase: false) else {
                return .notFound
            }
        }
        return expression.find(in: path, with: &memory)
    }
}
