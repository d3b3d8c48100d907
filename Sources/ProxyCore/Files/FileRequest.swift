/// What the rewritten head of a request says about the file that it wants. It is a head that we wrote ourselves, so its
/// form is sure.
struct FileRequest {
    enum Method {
        case get, head, other
    }

    /// The field lines that a file's answer depends on.
    struct Fields: OptionSet {
        let rawValue: UInt8

        static let ifMatch = Fields(rawValue: 1 << 0)
        static let ifNoneMatch = Fields(rawValue: 1 << 1)
        static let ifModifiedSince = Fields(rawValue: 1 << 2)
        static let ifUnmodifiedSince = Fields(rawValue: 1 << 3)
        static let ifRange = Fields(rawValue: 1 << 4)
        static let range = Fields(rawValue: 1 << 5)

        static let conditions: Fields = [.ifMatch, .ifNoneMatch, .ifModifiedSince, .ifUnmodifiedSince]
    }

    private(set) var method = Method.other
    private(set) var path = 0..<0
    /// With its `?`.
    private(set) var query = 0..<0
    private(set) var codings = AcceptedCodings()
    private(set) var fields: Fields = []
    /// Where the field lines begin.
    private(set) var fieldsStart = 0

    /// - Parameter start: where the request line begins in `bytes`, which end with the head.
    init(_ bytes: RawSpan, from start: Int) {
        let lineEnd = bytes.indexOfControl(from: start)
        fieldsStart = min(lineEnd + 2, bytes.byteCount)
        readRequestLine(bytes, start..<lineEnd)
        var found: Fields = []
        var codings = AcceptedCodings()
        bytes.forEachFieldLine(from: fieldsStart) { name, value in
            switch name.count {
            case 5: if bytes.equals(name, ignoringCase: "range") { found.insert(.range) }
            case 8:
                if bytes.equals(name, ignoringCase: "if-match") {
                    found.insert(.ifMatch)
                } else if bytes.equals(name, ignoringCase: "if-range") {
                    found.insert(.ifRange)
                }
            case 13: if bytes.equals(name, ignoringCase: "if-none-match") { found.insert(.ifNoneMatch) }
            case 15: if bytes.equals(name, ignoringCase: "accept-encoding") { codings.note(bytes, value) }
            case 17: if bytes.equals(name, ignoringCase: "if-modified-since") { found.insert(.ifModifiedSince) }
            case 19: if bytes.equals(name, ignoringCase: "if-unmodified-since") { found.insert(.ifUnmodifiedSince) }
            default: break
            }
        }
        fields = found
        self.codings = codings
    }

    private mutating func readRequestLine(_ bytes: RawSpan, _ line: Range<Int>) {
        guard let space = bytes.firstIndex(of: ASCII.space, in: line) else { return }
        let target = space + 1..<(bytes.firstIndex(of: ASCII.space, in: space + 1..<line.upperBound) ?? line.upperBound)
        if bytes.equals(line.lowerBound..<space, "GET") {
            method = .get
        } else if bytes.equals(line.lowerBound..<space, "HEAD") {
            method = .head
        }
        let pathEnd = bytes.firstIndex(of: ASCII.questionMark, in: target) ?? target.upperBound
        path = target.lowerBound..<pathEnd
        query = pathEnd..<target.upperBound
    }

    /// What stands behind the last slash of the path in `METHOD TARGET`.
    static func lastName(_ bytes: RawSpan, _ line: Range<Int>) -> Range<Int> {
        let target = (bytes.firstIndex(of: ASCII.space, in: line) ?? line.lowerBound)..<line.upperBound
        let end = bytes.firstIndex(of: ASCII.questionMark, in: target) ?? target.upperBound
        var start = end
        while start > target.lowerBound, bytes.byte(start - 1) != ASCII.slash { start -= 1 }
        return start > target.lowerBound ? start..<end : end..<end
    }

    /// The query of `METHOD TARGET`, with its `?`.
    static func query(_ bytes: RawSpan, _ line: Range<Int>) -> Range<Int> {
        (bytes.firstIndex(of: ASCII.questionMark, in: line) ?? line.upperBound)..<line.upperBound
    }

    /// The value of a field that may stand only once; nil where it is missing or stands twice.
    func single(_ bytes: RawSpan, _ name: StaticString) -> Range<Int>? {
        var found: Range<Int>?
        var count = 0
        bytes.forEachFieldLine(from: fieldsStart) { line, value in
            guard bytes.equals(line, ignoringCase: name) else { return }
            found = value
            count += 1
        }
        return count == 1 ? found : nil
    }

    /// True where a line of this field has a value that `test` finds to hold. Several lines are one list.
    func any(_ bytes: RawSpan, _ name: StaticString, _ test: (Range<Int>) -> Bool) -> Bool {
        var holds = false
        bytes.forEachFieldLine(from: fieldsStart) { line, value in
            if !holds, bytes.equals(line, ignoringCase: name) { holds = test(value) }
        }
        return holds
    }
}

extension RawSpan {
    /// What `range` holds, as far as it is UTF-8.
    func text(_ range: Range<Int>) -> String {
        String(decoding: range.map { byte($0) }, as: UTF8.self)
    }

    /// True where both hold the same bytes.
    func equals(_ other: RawSpan) -> Bool {
        guard byteCount == other.byteCount else { return false }
        for index in 0..<byteCount where byte(index) != other.byte(index) { return false }
        return true
    }

    /// The first place of a byte in `range`.
    func firstIndex(of byte: UInt8, in range: Range<Int>) -> Int? {
        for index in range where self.byte(index) == byte { return index }
        return nil
    }

    /// Calls `body` with name and value of each field line from `start` on, of a head that is well-formed.
    @inline(__always)
    fileprivate func forEachFieldLine(from start: Int, _ body: (Range<Int>, Range<Int>) -> Void) {
        var index = start
        while index < byteCount, byte(index) != ASCII.cr {
            let lineEnd = indexOfControl(from: index)
            var colon = index
            while colon < lineEnd, byte(colon) != ASCII.colon { colon &+= 1 }
            if colon < lineEnd { body(index..<colon, trimmingBlanks(colon + 1..<lineEnd)) }
            index = lineEnd + 2
        }
    }
}
