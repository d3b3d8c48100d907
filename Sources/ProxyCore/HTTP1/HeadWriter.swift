/// Where in a rewritten request head the parts stand that the access log names.
struct LoggedParts {
    /// Where the head itself begins: before it stands the request line of an absolute form, which the log keeps.
    var headStart: UInt16 = 0

    struct Part {
        var start: UInt16 = 0
        var count: UInt16 = 0

        init() {}
        init(_ range: Range<Int>) {
            start = UInt16(range.lowerBound)
            count = UInt16(range.count)
        }
        var range: Range<Int> { Int(start)..<Int(start) + Int(count) }
    }

    /// Method and target.
    var request = Part()
    /// The value of an Authorization field.
    var authorization = Part()
    var referer = Part()
    var userAgent = Part()
    var requestID = Part()
}

/// Rewrites heads for the other side: hop-by-hop fields go, ours come, everything else passes byte for byte and in its
/// order, copied in runs (RFC 9110 section 7.6).
enum HeadWriter {
    // ---- requests --------------------------------------------------------------------------------------------------

    /// What a head of `length` bytes may take when it is written as it stands.
    static func requestBytesMax(_ head: borrowing RequestHead, length: Int) -> Int {
        length + Limits.headGrowthBytesMax + (head.authority == nil ? 0 : Limits.requestLineBytesMax)
    }

    /// The same where its target is replaced, or `lines` bytes of further lines come.
    static func requestBytesMax(_ head: borrowing RequestHead, length: Int, target: RawSpan, lines: Int) -> Int {
        length + Limits.headGrowthBytesMax + Limits.requestLineBytesMax
            + max(0, target.byteCount - head.target.count) + lines
    }

    /// Appends the request as the upstream is to see it, its target as it stands.
    static func writeRequest(
        _ head: borrowing RequestHead, _ bytes: RawSpan, from peer: SocketAddress, defaultHost: Span<UInt8>,
        freshID: RequestID, to out: inout ByteBuffer
    ) -> LoggedParts {
        writeRequest(
            head, bytes, target: bytes.extracting(head.target), isRewritten: false, changes: nil, lines: RawSpan(),
            from: peer, defaultHost: defaultHost, freshID: freshID, to: &out)
    }

    /// Appends the request as the upstream is to see it.
    ///
    /// - Parameters:
    ///   - bytes: what `head` was parsed from.
    ///   - peer: the client's address.
    ///   - target: the origin form that goes on. Where it `isRewritten`, it differs from what the client wrote.
    ///   - changes: the lines that go besides hop-by-hop ones; nil for none.
    ///   - lines: those that come, each with its CRLF.
    ///   - defaultHost: the Host of a request that names none, at most `Limits.hostBytesMax` long.
    ///   - freshID: the identifier for a request that brings none of its own.
    ///   - out: is empty and has room for `requestBytesMax`.
    static func writeRequest(
        _ head: borrowing RequestHead, _ bytes: RawSpan, target: RawSpan, isRewritten: Bool, changes: FieldChanges?,
        lines: RawSpan, from peer: SocketAddress, defaultHost: Span<UInt8>, freshID: RequestID,
        to out: inout ByteBuffer
    ) -> LoggedParts {
        var parts = LoggedParts()
        writeRequestLine(head, bytes, target, isRewritten, &parts, to: &out)
        let dropsHost = changes?.drop(.host) ?? false
        if dropsHost {
            // Another is among `lines`, or it falls back on the name that the upstream has for us.
            if !(changes?.sets("host") ?? false) { unsafe writeField("Host: ", defaultHost.bytes, to: &out) }
        } else if let authority = head.authority {
            writeField("Host: ", bytes.extracting(authority), to: &out)
        } else if head.host == nil {
            // HTTP/1.0 may lack the Host that HTTP/1.1 must have: the upstream is then asked by its own name.
            unsafe writeField("Host: ", defaultHost.bytes, to: &out)
        }
        let upgrades = head.wantsUpgrade
        var run = Run(start: head.fields.count > 0 ? head.fields[0].line.lowerBound : 0)
        var keptID = false
        var keptLength = false
        for index in 0..<head.fields.count {
            let line = head.fields[index]
            let position = out.count + line.value.lowerBound - run.start
            let keeps: Bool
            switch line.name {
            case .connection, .keepAlive, .proxyConnection, .te, .transferEncoding, .xForwardedFor, .xForwardedHost,
                .xForwardedProto:
                keeps = false
            case .host: keeps = head.authority == nil && !dropsHost
            case .upgrade: keeps = upgrades
            case .contentLength:
                keeps = !keptLength
                keptLength = true
            case .xRequestID:
                keeps =
                    !keptID && RequestID.isAcceptable(bytes, line.value)
                    && !head.options.lists(bytes, line.nameRange) && !(changes?.drop(.xRequestID) ?? false)
                if keeps {
                    keptID = true
                    parts.requestID = .init(position..<position + line.value.count)
                }
            case .authorization, .userAgent, .referer, .via, .other:
                keeps =
                    (head.options.isEmpty || !head.options.lists(bytes, line.nameRange))
                    && !(changes?.drop(bytes, line.nameRange) ?? false)
                guard keeps else { break }
                if line.name == .userAgent { parts.userAgent = .init(position..<position + line.value.count) }
                if line.name == .authorization { parts.authorization = .init(position..<position + line.value.count) }
                if line.name == .referer { parts.referer = .init(position..<position + line.value.count) }
            }
            if !keeps { run.skip(line.line, bytes, to: &out) }
        }
        run.flush(upTo: head.fields.count > 0 ? head.fields[head.fields.count - 1].line.upperBound : 0, bytes, to: &out)
        if head.framing.endsInChunked { out.append("Transfer-Encoding: chunked\r\n") }
        if upgrades { out.append("Connection: upgrade\r\n") }
        writeForwarded(head, bytes, changes, from: peer, to: &out)
        if !(changes?.drop(.via) ?? false) {
            out.append(head.minorVersion == 0 ? "Via: 1.0 balancer\r\n" : "Via: 1.1 balancer\r\n")
        }
        out.append(lines)
        if !keptID, !(changes?.drop(.xRequestID) ?? false) {
            out.append("X-Request-Id: ")
            let start = out.count
            freshID.write(to: &out)
            parts.requestID = .init(start..<out.count)
            out.append("\r\n")
        }
        out.append("\r\n")
        return parts
    }

    private static func writeRequestLine(
        _ head: borrowing RequestHead, _ bytes: RawSpan, _ target: RawSpan, _ isRewritten: Bool,
        _ parts: inout LoggedParts, to out: inout ByteBuffer
    ) {
        let isKept = head.authority != nil || isRewritten
        if isKept {
            // The target as it was written is kept for the log, before what is sent.
            out.append(bytes.extracting(head.methodRange.lowerBound..<head.target.upperBound))
            parts.request = .init(0..<out.count)
            parts.headStart = UInt16(out.count)
        }
        out.append(bytes.extracting(head.methodRange))
        out.append(ASCII.space)
        // An absolute form may lack a path: "/" is meant then, or "*" with OPTIONS (RFC 9112 section 3.2.4).
        if target.isEmpty {
            out.append(head.method == .options ? ASCII.asterisk : ASCII.slash)
        } else {
            if target.byte(0) == ASCII.questionMark { out.append(ASCII.slash) }
            out.append(target)
        }
        if !isKept { parts.request = .init(0..<out.count) }
        out.append(" HTTP/1.1\r\n")
    }

    private static func writeForwarded(
        _ head: borrowing RequestHead, _ bytes: RawSpan, _ changes: FieldChanges?, from peer: SocketAddress,
        to out: inout ByteBuffer
    ) {
        if !(changes?.drop(.xForwardedFor) ?? false) {
            out.append("X-Forwarded-For: ")
            for index in 0..<head.fields.count where head.fields[index].name == .xForwardedFor {
                let value = head.fields[index].value
                guard !value.isEmpty else { continue }
                out.append(bytes.extracting(value))
                out.append(", ")
            }
            peer.appendIP(to: &out)
            out.append("\r\n")
        }
        if !(changes?.drop(.xForwardedProto) ?? false) { out.append("X-Forwarded-Proto: http\r\n") }
        if let host = head.authority ?? head.host, !host.isEmpty, !(changes?.drop(.xForwardedHost) ?? false) {
            writeField("X-Forwarded-Host: ", bytes.extracting(host), to: &out)
        }
    }

    // ---- responses -------------------------------------------------------------------------------------------------

    /// How the client's connection goes on, as far as the answer has to say so (RFC 9112 section 9.3).
    enum ConnectionField {
        case unsaid, close, keepAlive, upgrade
    }

    /// Appends the response as the client is to see it.
    ///
    /// - Parameters:
    ///   - chunked: its body goes out in chunks.
    ///   - cookie: is set beside those of the upstream.
    ///   - edits: what changes with the coding of the body.
    ///   - changes: the lines that go besides hop-by-hop ones; nil for none.
    ///   - lines: those that come, each with its CRLF.
    static func writeResponse(
        _ head: borrowing ResponseHead, _ bytes: RawSpan, chunked: Bool, connection: ConnectionField,
        cookie: StickyCookie? = nil, edits: AnswerEdits = AnswerEdits(), changes: FieldChanges? = nil,
        lines: RawSpan = RawSpan(), to out: inout ByteBuffer
    ) {
        out.append("HTTP/1.1 ")
        out.append(bytes.extracting(head.statusAndReason))
        // The space before an absent reason is required of us (RFC 9112 section 4).
        if head.statusAndReason.count == 3 { out.append(ASCII.space) }
        out.append("\r\n")
        // 204 and 1xx have no content, so a length would only mislead (RFC 9110 section 8.6).
        var keepsLength = head.status >= 200 && head.status != 204 && edits.coding == nil
        let hasEdits = !edits.isNone
        var run = Run(start: head.fields.count > 0 ? head.fields[0].line.lowerBound : 0)
        for index in 0..<head.fields.count {
            let line = head.fields[index]
            let keeps: Bool
            switch line.name {
            case .connection, .keepAlive, .proxyConnection, .te, .transferEncoding: keeps = false
            case .upgrade: keeps = head.status == 101 || head.status == 426
            case .contentLength:
                keeps = keepsLength
                keepsLength = false
            default:
                keeps =
                    (head.options.isEmpty || !head.options.lists(bytes, line.nameRange))
                    && !(changes?.drop(bytes, line.nameRange) ?? false)
                    && !(hasEdits && edits.drops(bytes, line.nameRange))
            }
            if !keeps { run.skip(line.line, bytes, to: &out) }
        }
        run.flush(upTo: head.fields.count > 0 ? head.fields[head.fields.count - 1].line.upperBound : 0, bytes, to: &out)
        if hasEdits { edits.write(head, bytes, changes, to: &out) }
        cookie?.write(to: &out)
        if chunked { out.append("Transfer-Encoding: chunked\r\n") }
        // RFC 9110 section 7.8: who sends Upgrade names it in Connection.
        if head.status == 426, head.hasUpgrade { out.append("Connection: upgrade\r\n") }
        write(connection, to: &out)
        out.append(lines)
        out.append(head.minorVersion == 0 ? "Via: 1.0 balancer\r\n\r\n" : "Via: 1.1 balancer\r\n\r\n")
    }

    static func write(_ connection: ConnectionField, to out: inout ByteBuffer) {
        switch connection {
        case .unsaid: break
        case .close: out.append("Connection: close\r\n")
        case .keepAlive: out.append("Connection: keep-alive\r\n")
        case .upgrade: out.append("Connection: upgrade\r\n")
        }
    }

    // ---- shared ----------------------------------------------------------------------------------------------------

    private static func writeField(_ name: StaticString, _ value: RawSpan, to out: inout ByteBuffer) {
        out.append(name)
        out.append(value)
        out.append("\r\n")
    }

    /// Consecutive lines that pass, copied at once when one that does not pass ends the run.
    private struct Run {
        var start: Int

        mutating func skip(_ line: Range<Int>, _ bytes: RawSpan, to out: inout ByteBuffer) {
            flush(upTo: line.lowerBound, bytes, to: &out)
            start = line.upperBound
        }

        func flush(upTo end: Int, _ bytes: RawSpan, to out: inout ByteBuffer) {
            if end > start { out.append(bytes.extracting(start..<end)) }
        }
    }
}
