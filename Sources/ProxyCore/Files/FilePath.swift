/// The path of a request as one below a directory: without the slash at its front, decoded, and ended by a zero byte as
/// the kernel wants it. A worker has one, and writes each in its turn.
struct FilePath: ~Copyable {
    private var text = ByteBuffer(capacity: 4096)

    init() {}

    /// Reads the path of a request.
    ///
    /// A path that has come through the normaliser names no `.` or `..`; it is looked at again all the same, because here
    /// is where the harm would be done.
    ///
    /// - Parameter hidesDotFiles: names with a dot at their front name nothing, but for `.well-known` at the root
    ///   (RFC 8615).
    /// - Returns: false where no file can have this path.
    mutating func read(_ bytes: RawSpan, _ path: Range<Int>, hidesDotFiles: Bool) -> Bool {
        text.reset()
        guard !path.isEmpty, path.count <= Limits.filePathBytesMax, bytes.byte(path.lowerBound) == ASCII.slash else {
            return false
        }
        var index = path.lowerBound + 1
        while index < path.upperBound {
            let start = text.count
            while index < path.upperBound, bytes.byte(index) != ASCII.slash {
                guard let byte = bytes.decoded(&index, path.upperBound), byte != 0, byte != ASCII.slash else {
                    return false
                }
                text.append(byte)
            }
            guard isName(start..<text.count, hidesDotFiles: hidesDotFiles) else { return false }
            if index < path.upperBound {
                text.append(ASCII.slash)
                index += 1
            }
        }
        return true
    }

    /// A name that a file may have, and that may be seen.
    private func isName(_ range: Range<Int>, hidesDotFiles: Bool) -> Bool {
        let bytes = text.bytes
        guard !range.isEmpty else { return false }
        guard bytes.byte(range.lowerBound) == ASCII.point else { return true }
        if range.count == 1 || bytes.equals(range, "..") { return false }
        return !hidesDotFiles || range.lowerBound == 0 && bytes.equals(range, ".well-known")
    }

    /// It ends in a slash, or is that of the root.
    var isDirectory: Bool { text.isEmpty || text.bytes.byte(text.count - 1) == ASCII.slash }

    var count: Int { text.count }
    var bytes: RawSpan {
        @_lifetime(borrow self)
        get { text.bytes }
    }

    mutating func appendSlash() { text.append(ASCII.slash) }

    /// Takes over a path that the configuration says.
    mutating func set(_ path: [UInt8]) {
        text.reset()
        unsafe text.append(path.span.bytes)
    }

    /// Lends the path with `suffix` and a zero byte behind it.
    mutating func withSuffix<Result>(_ suffix: [UInt8], _ body: (RawSpan) -> Result) -> Result {
        let count = text.count
        unsafe text.append(suffix.span.bytes)
        text.append(0)
        let result = body(text.bytes)
        text.truncate(to: count)
        return result
    }
}

extension RawSpan {
    /// The byte that stands at `index`, percent-encoded or not; `index` goes behind it.
    fileprivate func decoded(_ index: inout Int, _ end: Int) -> UInt8? {
        let byte = byte(index)
        index += 1
        guard byte == ASCII.percent else { return byte }
        guard index + 2 <= end, let high = ASCII.hexValue(self.byte(index)),
            let low = ASCII.hexValue(self.byte(index + 1))
        else { return nil }
        index += 2
        return UInt8(high << 4 | low)
    }
}
