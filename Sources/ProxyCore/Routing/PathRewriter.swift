/// Changes the path of a request before it goes on, as `PathRewrite` says.
struct PathRewriter: ~Copyable, Sendable {
    enum Outcome: Equatable {
        case rewritten
        /// What comes of it is no path for a request: 400.
        case refused
        /// 414.
        case tooLong
    }

    enum Kind: UInt8 {
        case prefix, path, expression
    }

    private let kind: Kind
    /// What is cut off the front of the path, in bytes.
    private let cut: Int
    /// What comes there instead, without a slash at its end.
    private let front: FixedArray<UInt8>
    private let template: CompiledTemplate
    private let expression: FixedArray<RegularExpression>

    /// - Parameter pattern: of the route.
    /// - Throws: where the expression of the rewrite is none.
    init(_ rewrite: PathRewrite, for pattern: PathPattern) throws(RegularExpression.Mistake) {
        switch rewrite {
        case .stripPrefix:
            kind = .prefix
            cut = pattern.prefixBytes
            front = FixedArray([])
            template = CompiledTemplate(Template(""))
            expression = FixedArray(count: 0) { _ in preconditionFailure("there is none") }
        case .replacePrefix(let path):
            kind = .prefix
            cut = pattern.prefixBytes
            var bytes = PathNormalizer.normalize(written: path) ?? []
            while bytes.last == ASCII.slash { bytes.removeLast() }
            front = FixedArray(bytes)
            template = CompiledTemplate(Template(""))
            expression = FixedArray(count: 0) { _ in preconditionFailure("there is none") }
        case .path(let text):
            kind = .path
            cut = 0
            front = FixedArray([])
            template = CompiledTemplate(text, groups: pattern.groupNumbers)
            expression = FixedArray(count: 0) { _ in preconditionFailure("there is none") }
        case .regex(let text, let replacement):
            kind = .expression
            cut = 0
            front = FixedArray([])
            let found = PathPattern.regex(text, ignoresCase: false)
            template = CompiledTemplate(replacement, groups: found.groupNumbers)
            expression = try FixedArray(count: 1) { _ throws(RegularExpression.Mistake) in
                try RegularExpression(text)
            }
        }
    }

    /// Fills `out`, which is emptied before, with the target to send: the path in its new form, and the query.
    ///
    /// - Parameter out: has room for `Limits.requestLineBytesMax`.
    func rewrite(
        _ head: borrowing RequestHead, _ facts: borrowing RequestFacts, with memory: inout MatchMemory,
        to out: inout ByteBuffer
    ) -> Outcome {
        out.reset()
        let path = facts.path
        switch kind {
        case .prefix:
            let rest = path.extracting(min(cut, path.byteCount)..<path.byteCount)
            guard front.count + 1 + rest.byteCount <= out.room else { return .tooLong }
            out.append(front.bytes)
            if rest.isEmpty ? front.count == 0 : rest.byte(0) != ASCII.slash { out.append(ASCII.slash) }
            out.append(rest)
        case .path:
            guard template.expand(head, facts, to: &out) else { return .tooLong }
        case .expression:
            switch expression[0].find(in: path, with: &memory) {
            case .undecided: return .refused
            case .notFound:
                guard path.byteCount <= out.room else { return .tooLong }
                out.append(path)
            case .found:
                var captures = Captures()
                memory.readCaptures(expression[0].groupCount + 1, into: &captures)
                let range = captures[0] ?? 0..<0
                let found = RequestFacts(
                    bytes: facts.bytes, path: path, captures: captures, client: facts.client, port: facts.port,
                    id: facts.id)
                guard range.lowerBound <= out.room else { return .tooLong }
                out.append(path.extracting(0..<range.lowerBound))
                guard template.expand(head, found, to: &out), path.byteCount - range.upperBound <= out.room else {
                    return .tooLong
                }
                out.append(path.extracting(range.upperBound..<path.byteCount))
            }
        }
        if kind == .prefix { return finish(head, facts, to: &out) }
        var raw = memory.decoded.take()
        let outcome = clean(head, facts, with: &raw, &out)
        memory.decoded = raw
        return outcome
    }

    /// Appends the query of the request.
    private func finish(
        _ head: borrowing RequestHead, _ facts: borrowing RequestFacts, to out: inout ByteBuffer
    ) -> Outcome {
        let query = head.query(facts.bytes)
        guard out.count + query.count <= Limits.requestLineBytesMax, query.count <= out.room else { return .tooLong }
        out.append(facts.bytes.extracting(query))
        return .rewritten
    }

    /// What variables brought into a path is as little to be trusted as a path that came: what no target can hold is
    /// percent-encoded, and the path normalised again.
    ///
    /// - Parameter raw: a buffer to work with.
    private func clean(
        _ head: borrowing RequestHead, _ facts: borrowing RequestFacts, with raw: inout ByteBuffer,
        _ out: inout ByteBuffer
    ) -> Outcome {
        raw.reset()
        // A path that lacks its first slash gets it.
        if out.isEmpty || out.bytes.byte(0) != ASCII.slash { raw.append(ASCII.slash) }
        for index in 0..<out.count {
            guard raw.room >= 3 else { return .tooLong }
            raw.appendForTarget(out.bytes.byte(index))
        }
        let mark = raw.bytes.index(of: ASCII.questionMark, from: 0, before: raw.count)
        switch PathNormalizer.normalize(raw.bytes.extracting(0..<mark), into: &out) {
        case .refused: return .refused
        case .changed: break
        case .asIs:
            out.reset()
            out.append(raw.bytes.extracting(0..<mark))
        }
        guard mark < raw.count else { return finish(head, facts, to: &out) }
        guard raw.count - mark <= out.room else { return .tooLong }
        out.append(raw.bytes.extracting(mark..<raw.count))
        return .rewritten
    }
}

extension ByteBuffer {
    /// Appends a byte as a target can hold it.
    fileprivate mutating func appendForTarget(_ byte: UInt8) {
        guard byte <= ASCII.space || byte >= 0x7F || byte == ASCII.hash else { return append(byte) }
        append(ASCII.percent)
        for digit in [byte >> 4, byte & 15] { append(digit < 10 ? ASCII.zero + digit : 0x37 + digit) }
    }
}

extension PathPattern {
    /// How much of a path a route for this pattern knows beforehand, in bytes, without a slash at the end.
    fileprivate var prefixBytes: Int {
        switch self {
        case .regex: return 0
        case .exact(let path), .prefix(let path, _):
            var bytes = PathNormalizer.normalize(written: path) ?? []
            while bytes.last == ASCII.slash { bytes.removeLast() }
            return bytes.count
        }
    }

    /// The numbers of the named groups of an expression.
    var groupNumbers: [String: Int] {
        guard case .regex(let pattern, let ignoresCase) = self,
            let expression = try? RegularExpression(pattern, ignoresCase: ignoresCase)
        else { return [:] }
        return Dictionary(expression.groupNames.map { ($0.name, $0.number) }, uniquingKeysWith: min)
    }
}
