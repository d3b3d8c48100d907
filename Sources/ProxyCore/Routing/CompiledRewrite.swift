/// How a route changes the path of its requests, compiled.
final class CompiledRewrite: Sendable {
    private enum Kind: Sendable {
        /// So many bytes of the path go, and these come.
        case prefix(count: Int, replacement: [UInt8])
        case path(CompiledTemplate)
        case expression(CompiledTemplate)
    }

    private let kind: Kind
    private let expression: RegularExpression?

    /// What has become of a target.
    enum Outcome {
        /// The rewrite has nothing to change.
        case asIs
        /// The buffer holds the new target.
        case changed
        /// It has become too long.
        case tooLong
    }

    /// - Parameters:
    ///   - path: what the route has matched.
    ///   - groups: the numbers of the named groups of the route's expression.
    /// - Throws: `RegularExpression.Mistake` where the rewrite's expression is none.
    init(
        _ rewrite: PathRewrite, of path: PathPattern, groups: [String: Int]
    ) throws(RegularExpression.Mistake) {
        switch rewrite {
        case .stripPrefix:
            kind = .prefix(count: Self.prefix(of: path).count, replacement: [])
            expression = nil
        case .replacePrefix(let replacement):
            var bytes = Array(replacement.utf8)
            while bytes.last == ASCII.slash { bytes.removeLast() }
            kind = .prefix(count: Self.prefix(of: path).count, replacement: bytes)
            expression = nil
        case .path(let template):
            kind = .path(CompiledTemplate(template, groups: groups))
            expression = nil
        case .regex(let pattern, let replacement):
            let compiled = try RegularExpression(pattern)
            var own: [String: Int] = [:]
            for group in compiled.groupNames { own[group.name] = group.number }
            kind = .expression(CompiledTemplate(replacement, groups: own))
            expression = consume compiled
        }
    }

    /// Without the slash at its end.
    private static func prefix(of path: PathPattern) -> [UInt8] {
        var bytes: [UInt8] =
            switch path {
            case .prefix(let text, _), .exact(let text): Array(text.utf8)
            case .regex: []
            }
        while bytes.last == ASCII.slash { bytes.removeLast() }
        return bytes
    }

    /// Appends the new target, with the query of the request unless the rewrite brings its own. What a target cannot hold
    /// as it is has been percent-encoded.
    ///
    /// - Parameters:
    ///   - facts: of a request that the route has matched.
    ///   - scratch: is empty, and emptied again.
    func apply(
        _ head: borrowing RequestHead, _ facts: borrowing RequestFacts, _ memory: inout MatchMemory,
        scratch: inout ByteBuffer, to out: inout ByteBuffer
    ) -> Outcome {
        switch kind {
        case .prefix(let count, let replacement):
            unsafe out.append(replacement.span.bytes)
            let rest = min(count, facts.path.byteCount)..<facts.path.byteCount
            if rest.isEmpty ? replacement.isEmpty : facts.path.byte(rest.lowerBound) != ASCII.slash {
                out.append(ASCII.slash)
            }
            out.append(facts.path.extracting(rest))
        case .path(let template):
            guard template.expand(head, facts, to: &scratch) else { return .tooLong }
        case .expression(let template):
            guard let found = find(facts.path, &memory) else { return .asIs }
            let whole = found[0] ?? 0..<0
            let own = RequestFacts(
                bytes: facts.bytes, path: facts.path, captures: found, client: facts.client, port: facts.port,
                id: facts.id)
            scratch.append(facts.path.extracting(0..<whole.lowerBound))
            guard template.expand(head, own, to: &scratch) else { return .tooLong }
            let rest = facts.path.extracting(whole.upperBound..<facts.path.byteCount)
            guard rest.byteCount <= scratch.room else { return .tooLong }
            scratch.append(rest)
        }
        guard scratch.count * 3 <= out.room else { return .tooLong }
        let bringsQuery = out.appendEncoded(scratch.bytes)
        scratch.reset()
        let query = bringsQuery ? 0..<0 : head.query(facts.bytes)
        guard out.count + query.count <= Limits.requestLineBytesMax else { return .tooLong }
        out.append(facts.bytes.extracting(query))
        return .changed
    }

    private func find(_ path: RawSpan, _ memory: inout MatchMemory) -> Captures? {
        var captures = Captures()
        let groups: Int? =
            switch expression {
            case .some(let expression):
                expression.find(in: path, with: &memory) == .found ? expression.groupCount + 1 : nil
            case .none: nil
            }
        guard let groups else { return nil }
        memory.readCaptures(groups, into: &captures)
        return captures
    }
}

extension ByteBuffer {
    /// Appends a target in which what it cannot hold as it is gets percent-encoded.
    ///
    /// - Returns: whether it has a query.
    fileprivate mutating func appendEncoded(_ target: RawSpan) -> Bool {
        var hasQuery = false
        for index in 0..<target.byteCount {
            let byte = target.byte(index)
            if byte == ASCII.questionMark { hasQuery = true }
            if byte > ASCII.space, byte < 0x7F, byte != 0x23 {
                append(byte)
            } else {
                append(0x25)
                append(Self.upperHexDigit(byte >> 4))
                append(Self.upperHexDigit(byte & 15))
            }
        }
        return hasQuery
    }

    private static func upperHexDigit(_ value: UInt8) -> UInt8 { value < 10 ? ASCII.zero &+ value : 0x37 &+ value }
}
