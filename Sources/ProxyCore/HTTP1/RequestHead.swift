/// The head of a request (RFC 9112 sections 3 and 5) as offsets into its bytes, and what follows from it.
///
/// A worker has one and fills it anew for every request; nothing in it outlives the handling of one read.
struct RequestHead: ~Copyable {
    /// The methods that a proxy has to tell apart.
    enum Method: UInt8 {
        case get, head, put, delete, options, trace, connect, other

        /// Sending it twice does what sending it once does (RFC 9110 section 9.2.2).
        var isIdempotent: Bool { self != .other && self != .connect }
    }

    /// Empty lines before the request line are skipped (RFC 9112 section 2.2): where the request line begins.
    private(set) var start = 0
    private(set) var method = Method.other
    private(set) var methodRange = 0..<0
    /// The request target as it goes on: in origin form or `*` (RFC 9112 section 3.2).
    private(set) var target = 0..<0
    /// The authority of a target in absolute form, which replaces the Host.
    private(set) var authority: Range<Int>?
    private(set) var minorVersion: UInt8 = 1
    var fields = FieldLines()
    private(set) var options = ConnectionOptions()
    private(set) var framing = FramingFields()
    private(set) var host: Range<Int>?
    private(set) var hasUpgrade = false
    private var offersH2C = false

    /// Parses a head that begins at the first byte of `bytes`.
    mutating func parse(_ bytes: RawSpan) -> ParseOutcome {
        var index = 0
        while index + 1 < bytes.byteCount, bytes.byte(index) == ASCII.cr, bytes.byte(index + 1) == ASCII.lf {
            index += 2
        }
        // One empty line is tolerated; a flood of them is no request.
        guard index <= 8 else { return .refused(.malformed) }
        start = index
        if index < bytes.byteCount, bytes.byte(index) == ASCII.cr {
            return index + 1 < bytes.byteCount ? .refused(.malformed) : .partial
        }
        let lineEnd: Int
        switch parseRequestLine(bytes, from: index) {
        case .complete(let end): lineEnd = end
        case let other: return other
        }
        let outcome = fields.parse(bytes, from: lineEnd)
        guard case .complete(let length) = outcome else { return outcome }
        if let refusal = interpretFields(bytes) { return .refused(refusal) }
        return .complete(length)
    }

    /// The client wants the connection to stay (RFC 9112 section 9.3).
    var keepsConnection: Bool { minorVersion >= 1 ? !options.close : options.keepAlive && !options.close }

    /// A request to change the protocol that we carry out: one without a body, and not to cleartext HTTP/2, behind which
    /// requests would pass unseen.
    var wantsUpgrade: Bool {
        hasUpgrade && !offersH2C && options.upgrade && minorVersion >= 1 && body.isFinished
    }

    /// How the body is framed (RFC 9112 section 6.3).
    var body: BodyFraming {
        if framing.endsInChunked { return .chunked(ChunkedDecoder()) }
        return .length(framing.contentLength ?? 0)
    }

    private mutating func parseRequestLine(_ bytes: RawSpan, from start: Int) -> ParseOutcome {
        let end = min(bytes.byteCount, start + Limits.requestLineBytesMax + 2)
        let atEnd: ParseOutcome = end < bytes.byteCount ? .refused(.requestLineTooLong) : .partial
        var index = start
        while index < end, ASCII.isToken(bytes.byte(index)) { index &+= 1 }
        guard index < end else { return atEnd }
        guard index > start, bytes.byte(index) == ASCII.space else { return .refused(.malformed) }
        methodRange = start..<index
        method = Self.method(bytes, methodRange)
        index += 1
        let targetStart = index
        while index < end {
            let byte = bytes.byte(index)
            // Visible ASCII but "#", which only separates a fragment and is never sent (RFC 9110 section 7.1).
            guard byte > ASCII.space, byte < 0x7F, byte != 0x23 else { break }
            index &+= 1
        }
        guard index < end else { return atEnd }
        guard bytes.byte(index) == ASCII.space, index > targetStart else { return .refused(.malformed) }
        let written = targetStart..<index
        index += 1
        guard index + 10 <= end else {
            return bytes.indexOfControl(from: index) < end - 1 ? .refused(.malformed) : atEnd
        }
        guard bytes.equals(index..<index + 5, "HTTP/"),
            ASCII.isDigit(bytes.byte(index + 5)), bytes.byte(index + 6) == 0x2E, ASCII.isDigit(bytes.byte(index + 7)),
            bytes.byte(index + 8) == ASCII.cr, bytes.byte(index + 9) == ASCII.lf
        else { return .refused(.malformed) }
        guard bytes.byte(index + 5) == ASCII.zero + 1 else { return .refused(.versionNotSupported) }
        minorVersion = bytes.byte(index + 7) &- ASCII.zero
        guard parseTarget(bytes, written) else { return .refused(.malformed) }
        return method == .connect ? .refused(.notImplemented) : .complete(index + 10)
    }

    /// Tells the four forms of a request target apart (RFC 9112 section 3.2).
    private mutating func parseTarget(_ bytes: RawSpan, _ written: Range<Int>) -> Bool {
        authority = nil
        target = written
        if bytes.byte(written.lowerBound) == ASCII.slash { return true }
        if method == .connect { return true }
        if written.count == 1, bytes.byte(written.lowerBound) == ASCII.asterisk { return method == .options }
        let schemeLength: Int
        if written.count > 7, bytes.equals(written.lowerBound..<written.lowerBound + 7, ignoringCase: "http://") {
            schemeLength = 7
        } else if written.count > 8, bytes.equals(written.lowerBound..<written.lowerBound + 8, ignoringCase: "https://")
        {
            schemeLength = 8
        } else {
            return false
        }
        let hostStart = written.lowerBound + schemeLength
        // The authority ends at a path or a query; user information is refused with its "@".
        var index = hostStart
        while index < written.upperBound, bytes.byte(index) != ASCII.slash, bytes.byte(index) != ASCII.questionMark {
            index += 1
        }
        guard index > hostStart, bytes.byte(hostStart) != ASCII.colon, index - hostStart <= Limits.hostBytesMax,
            bytes.isHostAndPort(hostStart..<index)
        else {
            return false
        }
        authority = hostStart..<index
        target = index..<written.upperBound
        return true
    }

    private mutating func interpretFields(_ bytes: RawSpan) -> Refusal? {
        options = ConnectionOptions()
        framing = FramingFields()
        host = nil
        hasUpgrade = false
        offersH2C = false
        for index in 0..<fields.count {
            let line = fields[index]
            var valid = true
            switch line.name {
            case .connection: valid = options.note(bytes, line.value)
            case .contentLength: valid = framing.noteContentLength(bytes, line.value)
            case .transferEncoding: valid = framing.noteTransferEncoding(bytes, line.value)
            case .upgrade:
                hasUpgrade = true
                _ = bytes.forEachListElement(in: line.value) { element in
                    if bytes.equals(element, ignoringCase: "h2c") { offersH2C = true }
                    return true
                }
            case .host:
                valid = host == nil && line.value.count <= Limits.hostBytesMax && bytes.isHostAndPort(line.value)
                host = line.value
            default: break
            }
            guard valid else { return .malformed }
        }
        if host == nil, minorVersion >= 1 { return .malformed }
        guard framing.hasTransferEncoding else { return nil }
        if minorVersion == 0 || framing.contentLength != nil || !framing.endsInChunked { return .malformed }
        return framing.hasOtherCoding ? .notImplemented : nil
    }

    /// Methods are case-sensitive (RFC 9110 section 9.1).
    private static func method(_ bytes: RawSpan, _ range: Range<Int>) -> Method {
        switch range.count {
        case 3:
            if bytes.equals(range, "GET") { return .get }
            if bytes.equals(range, "PUT") { return .put }
        case 4: if bytes.equals(range, "HEAD") { return .head }
        case 5: if bytes.equals(range, "TRACE") { return .trace }
        case 6: if bytes.equals(range, "DELETE") { return .delete }
        case 7:
            if bytes.equals(range, "OPTIONS") { return .options }
            if bytes.equals(range, "CONNECT") { return .connect }
        default: break
        }
        return .other
    }
}
