/// The CORS protocol (Fetch standard, section 3.3), spoken for the services behind us: which origins' scripts may read the
/// answers of a route.
struct CORSRule: Sendable {
    /// As browsers write them; empty where any may.
    private let origins: [[UInt8]]
    private let allowsAny: Bool
    private let allowsCredentials: Bool
    /// Whole field lines; nil where the browser is told what it has asked for.
    private let methods: [UInt8]?
    private let requestFields: [UInt8]?
    /// Whole field lines, or nothing.
    private let maxAge: [UInt8]
    private let exposed: [UInt8]

    init(_ settings: CORSSettings) {
        allowsAny = settings.origins == ["*"]
        origins = allowsAny ? [] : settings.origins.map { Array($0.utf8) }
        // Any origin with the user's cookies would be no protection at all; browsers refuse it too.
        allowsCredentials = settings.allowsCredentials && !allowsAny
        methods = Self.line("Access-Control-Allow-Methods", settings.methods)
        requestFields = Self.line("Access-Control-Allow-Headers", settings.requestFields)
        maxAge = Array("Access-Control-Max-Age: \(max(settings.maxAgeSeconds, 0))\r\n".utf8)
        exposed =
            settings.exposedFields.isEmpty
            ? [] : Array("Access-Control-Expose-Headers: \(settings.exposedFields.joined(separator: ", "))\r\n".utf8)
    }

    private static func line(_ name: String, _ values: [String]) -> [UInt8]? {
        if values == ["*"] { return nil }
        return values.isEmpty ? [] : Array("\(name): \(values.joined(separator: ", "))\r\n".utf8)
    }

    /// The browser asks whether it may send a request (Fetch standard, section 3.3.2). Such a question carries no
    /// credentials, and is answered by us.
    static func isPreflight(_ head: borrowing RequestHead, _ bytes: RawSpan) -> Bool {
        head.method == .options && head.value(of: "origin", bytes) != nil
            && head.value(of: "access-control-request-method", bytes) != nil
    }

    /// Appends what is added to the answer of a request.
    ///
    /// - Returns: false where there is no room for it.
    func writeAnswerLines(_ head: borrowing RequestHead, _ bytes: RawSpan, to out: inout ByteBuffer) -> Bool {
        // Caches must not give one origin the answer for another, nor that of a request without one.
        if !allowsAny {
            guard out.appendIfRoom("Vary: Origin\r\n") else { return false }
        }
        guard let origin = allowedOrigin(head, bytes) else { return true }
        return writeOrigin(bytes, origin, to: &out) && out.appendIfRoom(exposed)
    }

    /// Appends the lines of the answer to a preflight. An origin that is refused gets none of the protocol's.
    ///
    /// - Returns: false where there is no room for them.
    func writePreflightLines(_ head: borrowing RequestHead, _ bytes: RawSpan, to out: inout ByteBuffer) -> Bool {
        guard
            out.appendIfRoom(
                "Vary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers\r\n")
        else { return false }
        guard let origin = allowedOrigin(head, bytes) else { return true }
        guard writeOrigin(bytes, origin, to: &out), out.appendIfRoom(maxAge) else { return false }
        let isRoomForMethods =
            if let methods {
                out.appendIfRoom(methods)
            } else {
                writeEcho(
                    "Access-Control-Allow-Methods: ", bytes, head.value(of: "access-control-request-method", bytes),
                    to: &out)
            }
        guard isRoomForMethods else { return false }
        guard let requestFields else {
            return writeEcho(
                "Access-Control-Allow-Headers: ", bytes, head.value(of: "access-control-request-headers", bytes),
                to: &out)
        }
        return out.appendIfRoom(requestFields)
    }

    /// The request's origin, where it may read the answer.
    private func allowedOrigin(_ head: borrowing RequestHead, _ bytes: RawSpan) -> Range<Int>? {
        guard let origin = head.value(of: "origin", bytes), !origin.isEmpty else { return nil }
        if allowsAny { return origin }
        for index in origins.indices where bytes.isEqual(origin, origins[index]) { return origin }
        return nil
    }

    private func writeOrigin(_ bytes: RawSpan, _ origin: Range<Int>, to out: inout ByteBuffer) -> Bool {
        if allowsAny { return out.appendIfRoom("Access-Control-Allow-Origin: *\r\n") }
        guard out.appendIfRoom("Access-Control-Allow-Origin: "), out.room >= origin.count + 2 else { return false }
        out.append(bytes.extracting(origin))
        out.append("\r\n")
        return !allowsCredentials || out.appendIfRoom("Access-Control-Allow-Credentials: true\r\n")
    }

    /// Says what was asked for, where that is a list of tokens; nothing else would mean anything.
    private func writeEcho(
        _ name: StaticString, _ bytes: RawSpan, _ asked: Range<Int>?, to out: inout ByteBuffer
    ) -> Bool {
        guard let asked, !asked.isEmpty, bytes.isListOfTokens(asked) else { return true }
        guard out.appendIfRoom(name), out.room >= asked.count + 2 else { return false }
        out.append(bytes.extracting(asked))
        out.append("\r\n")
        return true
    }

    /// Whether a field of the upstream's answer is one that we answer for.
    static func isOurs(_ bytes: RawSpan, _ name: Range<Int>) -> Bool {
        name.count > 15 && bytes.equals(name.lowerBound..<name.lowerBound + 15, ignoringCase: "access-control-")
    }
}

extension RequestHead {
    /// The value of the only field of this name, given in lower case; nil where there is none, or more than one.
    func value(of name: StaticString, _ bytes: RawSpan) -> Range<Int>? {
        var found: Range<Int>?
        for index in 0..<fields.count where bytes.equals(fields[index].nameRange, ignoringCase: name) {
            if found != nil { return nil }
            found = fields[index].value
        }
        return found
    }
}

extension RawSpan {
    fileprivate func isEqual(_ range: Range<Int>, _ text: [UInt8]) -> Bool {
        guard range.count == text.count else { return false }
        for offset in text.indices where byte(range.lowerBound + offset) != text[offset] { return false }
        return true
    }

    fileprivate func isListOfTokens(_ range: Range<Int>) -> Bool {
        forEachListElement(in: range) { element in
            for index in element where !ASCII.isToken(byte(index)) { return false }
            return true
        }
    }
}

extension ByteBuffer {
    /// - Returns: false where there is no room, and nothing was appended.
    fileprivate mutating func appendIfRoom(_ text: StaticString) -> Bool {
        guard room >= text.utf8CodeUnitCount else { return false }
        append(text)
        return true
    }

    fileprivate mutating func appendIfRoom(_ bytes: [UInt8]) -> Bool {
        guard room >= bytes.count else { return false }
        unsafe append(bytes.span.bytes)
        return true
    }
}
