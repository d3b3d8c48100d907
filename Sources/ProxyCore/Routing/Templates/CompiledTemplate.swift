/// What a template is expanded with: a request while its head lies at hand.
struct RequestFacts: ~Escapable {
    /// What the head was parsed from.
    let bytes: RawSpan
    /// Normalised, without the query.
    let path: RawSpan
    let captures: Captures
    let client: SocketAddress
    let port: UInt16
    let id: RequestID

    @_lifetime(copy bytes, copy path)
    init(
        bytes: RawSpan, path: RawSpan, captures: Captures, client: SocketAddress, port: UInt16, id: RequestID
    ) {
        self.bytes = bytes
        self.path = path
        self.captures = captures
        self.client = client
        self.port = port
        self.id = id
    }
}

/// A template whose parts can be written without looking anything up by name.
///
/// What a request brings was parsed from a head, so it holds no line end and no NUL: no value can end a field line.
struct CompiledTemplate: Sendable {
    private enum Part: Sendable {
        case text([UInt8])
        case method, scheme, host, authority, path, query, uri, client, port, requestID
        /// In lower case.
        case field([UInt8])
        case cookie([UInt8])
        case parameter([UInt8])
        case group(Int)
    }

    private let parts: [Part]
    /// The whole text where it has no variables.
    let constant: [UInt8]?

    /// - Parameter groups: the numbers of the named groups of the route's expression.
    init(_ template: Template, groups: [String: Int] = [:]) {
        parts = template.parts.map { part in
            switch part {
            case .text(let text): .text(Array(text.utf8))
            case .variable(let variable): Self.part(variable, groups)
            }
        }
        var text: [UInt8]? = []
        for part in parts {
            if case .text(let bytes) = part { text?.append(contentsOf: bytes) } else { text = nil }
        }
        constant = text
    }

    private static func part(_ variable: Variable, _ groups: [String: Int]) -> Part {
        switch variable {
        case .method: .method
        case .scheme: .scheme
        case .host: .host
        case .authority: .authority
        case .path: .path
        case .query: .query
        case .uri: .uri
        case .client: .client
        case .port: .port
        case .requestID: .requestID
        case .field(let name): .field(Array(name.lowercased().utf8))
        case .cookie(let name): .cookie(Array(name.utf8))
        case .parameter(let name): .parameter(Array(name.utf8))
        case .group(let number): .group(number)
        case .namedGroup(let name): .group(groups[name] ?? -1)
        }
    }

    /// Appends the text for a request.
    ///
    /// - Returns: false where `out` has no room for it; a part may have been appended.
    func expand(
        _ head: borrowing RequestHead, _ facts: borrowing RequestFacts, to out: inout ByteBuffer
    ) -> Bool {
        for index in parts.indices {
            switch parts[index] {
            case .text(let text): guard unsafe append(text.span.bytes, to: &out) else { return false }
            case .method: guard append(facts.bytes, head.methodRange, to: &out) else { return false }
            case .scheme:
                guard out.room >= 4 else { return false }
                out.append("http")
            case .host: guard append(facts.bytes, hostName(head, facts), to: &out) else { return false }
            case .authority:
                guard append(facts.bytes, head.authority ?? head.host ?? 0..<0, to: &out) else { return false }
            case .path: guard append(facts.path, to: &out) else { return false }
            case .query: guard append(facts.bytes, head.query(facts.bytes), to: &out) else { return false }
            case .uri: guard append(facts.bytes, head.target, to: &out) else { return false }
            case .client:
                guard out.room >= Limits.addressBytesMax else { return false }
                facts.client.appendIP(to: &out)
            case .port:
                guard out.room >= 5 else { return false }
                out.append(decimal: Int(facts.port))
            case .requestID:
                guard out.room >= Limits.requestIDBytesMax else { return false }
                appendID(head, facts, to: &out)
            case .field(let name):
                guard append(facts.bytes, head.field(name, facts.bytes) ?? 0..<0, to: &out) else { return false }
            case .cookie(let name):
                guard append(facts.bytes, head.cookie(name, facts.bytes) ?? 0..<0, to: &out) else { return false }
            case .parameter(let name):
                guard append(facts.bytes, head.parameter(name, facts.bytes) ?? 0..<0, to: &out) else { return false }
            case .group(let number):
                guard append(facts.path, facts.captures[number] ?? 0..<0, to: &out) else { return false }
            }
        }
        return true
    }

    private func append(_ bytes: RawSpan, _ range: Range<Int>, to out: inout ByteBuffer) -> Bool {
        append(bytes.extracting(range), to: &out)
    }

    private func append(_ bytes: RawSpan, to out: inout ByteBuffer) -> Bool {
        guard bytes.byteCount <= out.room else { return false }
        out.append(bytes)
        return true
    }

    /// The host without its port.
    private func hostName(_ head: borrowing RequestHead, _ facts: borrowing RequestFacts) -> Range<Int> {
        guard let authority = head.authority ?? head.host else { return 0..<0 }
        var index = authority.upperBound
        while index > authority.lowerBound, ASCII.isDigit(facts.bytes.byte(index - 1)) { index -= 1 }
        guard index > authority.lowerBound, facts.bytes.byte(index - 1) == ASCII.colon else { return authority }
        return authority.lowerBound..<index - 1
    }

    /// The one that the upstream sees.
    private func appendID(
        _ head: borrowing RequestHead, _ facts: borrowing RequestFacts, to out: inout ByteBuffer
    ) {
        for index in 0..<head.fields.count where head.fields[index].name == .xRequestID {
            let value = head.fields[index].value
            guard RequestID.isAcceptable(facts.bytes, value) else { continue }
            return out.append(facts.bytes.extracting(value))
        }
        facts.id.write(to: &out)
    }
}
