extension RouteTable {
    /// The index of the route for the request target at `target` by its path alone, or nil where no prefix leads anywhere.
    func service(for bytes: RawSpan, _ target: Range<Int>) -> Int? {
        let end = bytes.index(of: ASCII.questionMark, from: target.lowerBound, before: target.upperBound)
        let route = prefixRoute(bytes.extracting(target.lowerBound..<end))
        return route >= 0 ? Int(route) : nil
    }
}
