/// Where one field line stands in the bytes of a head: offsets from the head's first byte.
struct FieldLine {
    fileprivate var nameStart: UInt16 = 0
    fileprivate var nameEnd: UInt16 = 0
    fileprivate var valueStart: UInt16 = 0
    fileprivate var valueEnd: UInt16 = 0
    fileprivate var lineEnd: UInt16 = 0
    fileprivate(set) var name = FieldName.other

    var nameRange: Range<Int> { Int(nameStart)..<Int(nameEnd) }
    /// The value without the blanks around it.
    var value: Range<Int> { Int(valueStart)..<Int(valueEnd) }
    /// The line with its CRLF.
    var line: Range<Int> { Int(nameStart)..<Int(lineEnd) }
}

/// What a parser says of the bytes that are there so far.
enum ParseOutcome: Equatable {
    /// The head is complete and takes this many bytes.
    case complete(Int)
    /// All is well so far, and more bytes are needed.
    case partial
    case refused(Refusal)
}

/// Why a head is refused. The status is for a client; of an upstream's answer each makes a 502.
enum Refusal: UInt16, Error {
    case malformed = 400
    case requestLineTooLong = 414
    case headTooLarge = 431
    case notImplemented = 501
    case versionNotSupported = 505
}

/// The field lines of a head, in one table that a worker reuses for every head.
@safe
struct FieldLines: ~Copyable {
    private let lines: UnsafeMutablePointer<FieldLine>
    private(set) var count = 0

    init() {
        unsafe lines = .allocate(capacity: Limits.fieldLinesMax)
        unsafe lines.initialize(repeating: FieldLine(), count: Limits.fieldLinesMax)
    }

    deinit { unsafe lines.deallocate() }

    subscript(index: Int) -> FieldLine {
        @inline(__always) get {
            precondition(index >= 0 && index < count)
            return unsafe lines[index]
        }
    }

    /// Parses the field lines and the empty line that ends them (RFC 9112 section 5), from `start` on.
    ///
    /// Stricter than the grammar for recipients, because what two parsers read differently is how requests are smuggled:
    /// lines end in CRLF only, names are tokens directly before the colon, and a line that begins with a blank
    /// (obs-fold) is refused.
    mutating func parse(_ bytes: RawSpan, from start: Int) -> ParseOutcome {
        count = 0
        let end = bytes.byteCount
        var index = start
        while true {
            guard index < end else { return .partial }
            if bytes.byte(index) == ASCII.cr {
                guard index + 1 < end else { return .partial }
                guard bytes.byte(index + 1) == ASCII.lf else { return .refused(.malformed) }
                return .complete(index + 2)
            }
            var line = FieldLine()
            let nameStart = index
            while index < end, ASCII.isToken(bytes.byte(index)) { index &+= 1 }
            guard index < end else { return .partial }
            guard bytes.byte(index) == ASCII.colon, index > nameStart else { return .refused(.malformed) }
            let nameEnd = index
            index += 1
            while index < end, ASCII.isBlank(bytes.byte(index)) { index &+= 1 }
            let valueStart = index
            index = bytes.indexOfControl(from: index)
            guard index + 1 < end else {
                return index < end && bytes.byte(index) != ASCII.cr ? .refused(.malformed) : .partial
            }
            guard bytes.byte(index) == ASCII.cr, bytes.byte(index + 1) == ASCII.lf else { return .refused(.malformed) }
            var valueEnd = index
            while valueEnd > valueStart, ASCII.isBlank(bytes.byte(valueEnd - 1)) { valueEnd &-= 1 }
            index += 2
            guard count < Limits.fieldLinesMax, index <= Limits.headBytesMax else { return .refused(.headTooLarge) }
            line.nameStart = UInt16(nameStart)
            line.nameEnd = UInt16(nameEnd)
            line.valueStart = UInt16(valueStart)
            line.valueEnd = UInt16(valueEnd)
            line.lineEnd = UInt16(index)
            line.name = FieldName(bytes, nameStart..<nameEnd)
            unsafe lines[count] = line
            count += 1
        }
    }
}

/// The names that a message's Connection fields list besides the options we know: they go no further (RFC 9110 section
/// 7.6.1).
struct ConnectionOptions {
    private var starts = InlineArray<16, UInt16>(repeating: 0)
    private var counts = InlineArray<16, UInt16>(repeating: 0)
    private var count = 0
    var close = false
    var keepAlive = false
    var upgrade = false

    var isEmpty: Bool { count == 0 }

    /// Takes in the value of one Connection field.
    ///
    /// - Returns: false where there are more names than we keep.
    mutating func note(_ bytes: RawSpan, _ value: Range<Int>) -> Bool {
        bytes.forEachListElement(in: value) { element in
            // What is no token names no field.
            for index in element where !ASCII.isToken(bytes.byte(index)) { return true }
            if bytes.equals(element, ignoringCase: "close") {
                close = true
            } else if bytes.equals(element, ignoringCase: "keep-alive") {
                keepAlive = true
            } else if bytes.equals(element, ignoringCase: "upgrade") {
                upgrade = true
            } else {
                guard count < Limits.connectionOptionsMax else { return false }
                starts[count] = UInt16(element.lowerBound)
                counts[count] = UInt16(element.count)
                count += 1
            }
            return true
        }
    }

    /// True where the field of this name was listed.
    func lists(_ bytes: RawSpan, _ name: Range<Int>) -> Bool {
        for index in 0..<count {
            let start = Int(starts[index])
            if bytes.equalsIgnoringCase(start..<start + Int(counts[index]), name) { return true }
        }
        return false
    }
}

/// What a message's Transfer-Encoding and Content-Length fields say together (RFC 9112 section 6).
struct FramingFields {
    private(set) var contentLength: Int?
    private(set) var hasTransferEncoding = false
    /// The last coding named so far is `chunked`.
    private(set) var endsInChunked = false
    /// A coding other than `chunked` was named.
    private(set) var hasOtherCoding = false

    /// Takes in one Content-Length field.
    ///
    /// - Returns: false where it is no number that we can count to, or differs from an earlier one.
    mutating func noteContentLength(_ bytes: RawSpan, _ value: Range<Int>) -> Bool {
        guard !value.isEmpty else { return false }
        var number = 0
        for index in value {
            let digit = bytes.byte(index)
            guard ASCII.isDigit(digit), number < 100_000_000_000_000_000 else { return false }
            number = number &* 10 &+ Int(digit &- ASCII.zero)
        }
        if let contentLength, contentLength != number { return false }
        contentLength = number
        return true
    }

    /// Takes in one Transfer-Encoding field.
    ///
    /// - Returns: false where a coding is no plain token, `chunked` is not the last, or the list is empty.
    mutating func noteTransferEncoding(_ bytes: RawSpan, _ value: Range<Int>) -> Bool {
        hasTransferEncoding = true
        var named = false
        let valid = bytes.forEachListElement(in: value) { element in
            if endsInChunked { return false }
            named = true
            if bytes.equals(element, ignoringCase: "chunked") {
                endsInChunked = true
                return true
            }
            hasOtherCoding = true
            return isCoding(bytes, element)
        }
        return valid && named
    }

    /// `token *( OWS ";" OWS parameter )`; what stands in parameters is not looked at, since no such coding is served.
    private func isCoding(_ bytes: RawSpan, _ element: Range<Int>) -> Bool {
        var index = element.lowerBound
        while index < element.upperBound, ASCII.isToken(bytes.byte(index)) { index += 1 }
        guard index > element.lowerBound else { return false }
        let rest = bytes.trimmingBlanks(index..<element.upperBound)
        return rest.isEmpty || bytes.byte(rest.lowerBound) == ASCII.semicolon
    }
}
