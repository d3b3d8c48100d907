extension RawSpan {
    /// The value of the first cookie of this name in a Cookie field (RFC 6265 section 5.4: `a=b; c=d`).
    ///
    /// - Parameters:
    ///   - name: compared letter for letter.
    ///   - field: the field's value.
    /// - Returns: the value without quotes around it (section 4.1.1), or nil where there is no such cookie.
    func cookieValue(_ name: [UInt8], in field: Range<Int>) -> Range<Int>? {
        var start = field.lowerBound
        while start < field.upperBound {
            var end = start
            while end < field.upperBound, byte(end) != ASCII.semicolon { end &+= 1 }
            let pair = trimmingBlanks(start..<end)
            if pair.count > name.count, holds(name, at: pair.lowerBound),
                byte(pair.lowerBound + name.count) == ASCII.equals
            {
                return withoutQuotes(pair.lowerBound + name.count + 1..<pair.upperBound)
            }
            start = end + 1
        }
        return nil
    }

    private func holds(_ name: [UInt8], at start: Int) -> Bool {
        for offset in name.indices where byte(start &+ offset) != name[offset] { return false }
        return true
    }

    private func withoutQuotes(_ value: Range<Int>) -> Range<Int> {
        guard value.count >= 2, byte(value.lowerBound) == ASCII.quote, byte(value.upperBound - 1) == ASCII.quote else {
            return value
        }
        return value.lowerBound + 1..<value.upperBound - 1
    }
}
