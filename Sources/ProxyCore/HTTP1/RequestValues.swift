// What is looked up in a request's head by name.

extension RequestHead {
    /// The path of the target, without the query.
    func path(_ bytes: RawSpan) -> Range<Int> { target.lowerBound..<pathEnd(bytes) }

    /// The query with its `?`; empty where there is none.
    func query(_ bytes: RawSpan) -> Range<Int> { pathEnd(bytes)..<target.upperBound }

    private func pathEnd(_ bytes: RawSpan) -> Int {
        for index in target where bytes.byte(index) == ASCII.questionMark { return index }
        return target.upperBound
    }

    /// The value of the first field of this name.
    ///
    /// - Parameter name: in lower case.
    func field(_ name: [UInt8], _ bytes: RawSpan) -> Range<Int>? {
        for index in 0..<fields.count where bytes.equals(fields[index].nameRange, lowercase: name) {
            return fields[index].value
        }
        return nil
    }

    /// The value of a cookie (RFC 6265 section 5.4). A client may send several Cookie fields where it speaks through
    /// HTTP/2 (RFC 9113 section 8.2.3).
    func cookie(_ name: [UInt8], _ bytes: RawSpan) -> Range<Int>? {
        for index in 0..<fields.count where bytes.equals(fields[index].nameRange, ignoringCase: "cookie") {
            if let value = bytes.cookieValue(name, in: fields[index].value) { return value }
        }
        return nil
    }

    /// The value of the first parameter of this name in the query, as it was written.
    func parameter(_ name: [UInt8], _ bytes: RawSpan) -> Range<Int>? {
        let query = query(bytes)
        var start = query.lowerBound + 1
        while start < query.upperBound {
            var end = start
            while end < query.upperBound, bytes.byte(end) != 0x26 { end += 1 }
            if end - start >= name.count, bytes.equals(start..<start + name.count, name) {
                if end - start == name.count { return end..<end }
                if bytes.byte(start + name.count) == ASCII.equals { return start + name.count + 1..<end }
            }
            start = end + 1
        }
        return nil
    }
}
