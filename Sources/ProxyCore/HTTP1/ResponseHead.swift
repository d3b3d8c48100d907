/// The head of a response (RFC 9112 sections 4 and 5) as offsets into its bytes, and what follows from it.
struct ResponseHead: ~Copyable {
    private(set) var minorVersion: UInt8 = 1
    private(set) var status = 0
    /// Status code and reason phrase, as they stand in the status line.
    private(set) var statusAndReason = 0..<0
    var fields = FieldLines()
    private(set) var options = ConnectionOptions()
    private(set) var framing = FramingFields()
    private(set) var hasUpgrade = false
    /// The time-out that a Keep-Alive field announces for the connection, in seconds.
    private(set) var keepAliveSeconds: Int?

    /// Parses a head that begins at the first byte of `bytes`. A refusal means that the answer cannot be trusted.
    mutating func parse(_ bytes: RawSpan) -> ParseOutcome {
        let lineEnd: Int
        switch parseStatusLine(bytes) {
        case .complete(let end): lineEnd = end
        case let other: return other
        }
        let outcome = fields.parse(bytes, from: lineEnd)
        guard case .complete(let length) = outcome else { return outcome }
        return interpretFields(bytes) ? .complete(length) : .refused(.malformed)
    }

    var isInterim: Bool { status < 200 }

    /// The upstream keeps the connection for another request (RFC 9112 section 9.3).
    var keepsConnection: Bool { minorVersion >= 1 ? !options.close : options.keepAlive && !options.close }

    /// How the body of this answer to a request is framed (RFC 9112 section 6.3).
    func body(toHead isHead: Bool) -> BodyFraming {
        if isHead || status < 200 || status == 204 || status == 304 { return .length(0) }
        if framing.endsInChunked { return .chunked(ChunkedDecoder()) }
        if let length = framing.contentLength { return .length(length) }
        return .untilClose
    }

    /// `HTTP/1.x SP 3DIGIT [SP reason] CRLF`; the space before an absent reason is often left out.
    private mutating func parseStatusLine(_ bytes: RawSpan) -> ParseOutcome {
        let end = bytes.byteCount
        // Garbage is told at once; a true beginning waits for its rest.
        let known = min(end, 12)
        for index in 0..<known {
            let byte = bytes.byte(index)
            let fits =
                switch index {
                case 0: byte == 0x48
                case 1, 2: byte == 0x54
                case 3: byte == 0x50
                case 4: byte == ASCII.slash
                case 5: byte == ASCII.zero + 1
                case 6: byte == 0x2E
                case 8: byte == ASCII.space
                default: ASCII.isDigit(byte)
                }
            guard fits else { return .refused(.malformed) }
        }
        guard end > 12 else { return .partial }
        minorVersion = bytes.byte(7) &- ASCII.zero
        status = (9..<12).reduce(0) { $0 * 10 + Int(bytes.byte($1) &- ASCII.zero) }
        guard status >= 100 else { return .refused(.malformed) }
        let lineEnd = bytes.indexOfControl(from: 12)
        guard lineEnd + 1 < end else {
            return lineEnd < end && bytes.byte(lineEnd) != ASCII.cr ? .refused(.malformed) : .partial
        }
        guard bytes.byte(12) == ASCII.space || lineEnd == 12, bytes.byte(lineEnd) == ASCII.cr,
            bytes.byte(lineEnd + 1) == ASCII.lf
        else { return .refused(.malformed) }
        statusAndReason = 9..<lineEnd
        return .complete(lineEnd + 2)
    }

    private mutating func interpretFields(_ bytes: RawSpan) -> Bool {
        options = ConnectionOptions()
        framing = FramingFields()
        hasUpgrade = false
        keepAliveSeconds = nil
        for index in 0..<fields.count {
            let line = fields[index]
            var valid = true
            switch line.name {
            case .connection: valid = options.note(bytes, line.value)
            case .contentLength: valid = framing.noteContentLength(bytes, line.value)
            case .transferEncoding: valid = framing.noteTransferEncoding(bytes, line.value)
            case .upgrade: hasUpgrade = true
            case .keepAlive: noteKeepAlive(bytes, line.value)
            default: break
            }
            guard valid else { return false }
        }
        guard framing.hasTransferEncoding else { return true }
        return minorVersion >= 1 && framing.contentLength == nil && framing.endsInChunked && !framing.hasOtherCoding
    }

    /// `Keep-Alive: timeout=5` (RFC 2068 section 19.7.1.1), which many servers send.
    private mutating func noteKeepAlive(_ bytes: RawSpan, _ value: Range<Int>) {
        _ = bytes.forEachListElement(in: value) { element in
            let nameEnd = element.lowerBound + 8
            guard element.count > 8, element.count < 16,
                bytes.equals(element.lowerBound..<nameEnd, ignoringCase: "timeout=")
            else { return true }
            var seconds = 0
            for index in nameEnd..<element.upperBound {
                guard ASCII.isDigit(bytes.byte(index)) else { return true }
                seconds = seconds * 10 + Int(bytes.byte(index) &- ASCII.zero)
            }
            keepAliveSeconds = seconds
            return true
        }
    }
}
