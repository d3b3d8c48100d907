// Whether a request may pass its route: by its client's address, its user's password, its length, and whether it is a
// browser's question that is answered here. In this order, because each is cheaper than the next or says less.

extension Worker {
    /// Notes in `exchange` what its route wants to know of the request later on, and decides whether it may pass.
    mutating func admit(
        _ exchange: inout Exchange, _ details: RuleDetails, _ facts: borrowing RequestFacts, _ headLength: Int
    ) -> Verdict {
        if exchange.traits.contains(.access), !details.access.allows(facts.client) { return .reply(.forbidden) }
        if let compression = details.compression, exchange.minorVersion >= 1 {
            exchange.codings = CodingChoice(requestHead, facts.bytes, offered: compression.codings)
        }
        if let cors = details.cors {
            let isPreflight = CORSRule.isPreflight(requestHead, facts.bytes)
            guard addCORSLines(cors, isPreflight, &exchange, facts.bytes) else { return .reply(.headTooLarge) }
            // It carries no credentials, so it comes before them.
            if isPreflight { return .preflight }
        }
        if let limit = details.modifiers.bodyBytesMax {
            exchange.bodyBytesLeft = limit
            guard isWithinLimit(&exchange, facts, headLength) else { return .reply(.contentTooLarge) }
        }
        guard let realm = details.realm else { return .serve }
        return authenticate(&exchange, realm, facts)
    }

    private mutating func addCORSLines(
        _ cors: CORSRule, _ isPreflight: Bool, _ exchange: inout Exchange, _ bytes: RawSpan
    ) -> Bool {
        var lines = pool.enlarge(exchange.answerLines.take())
        let isWhole =
            isPreflight
            ? cors.writePreflightLines(requestHead, bytes, to: &lines)
            : cors.writeAnswerLines(requestHead, bytes, to: &lines)
        guard isWhole, lines.count <= Limits.addedLinesBytesMax else {
            pool.give(lines)
            return false
        }
        exchange.answerLines = pool.park(lines) ?? ByteBuffer()
        return true
    }

    // ---- the length of the body ----------------------------------------------------------------------------------------

    /// Whether the body's length, or what has come of one without, is within the limit of the route.
    private func isWithinLimit(_ exchange: inout Exchange, _ facts: borrowing RequestFacts, _ headLength: Int) -> Bool {
        if let length = requestHead.framing.contentLength { return length <= exchange.bodyBytesLeft }
        guard case .chunked = requestHead.body, exchange.bodyReady > 0 else { return true }
        let content = requestHead.body.contentBytes(
            facts.bytes.extracting(headLength..<headLength + exchange.bodyReady))
        exchange.bodyBytesLeft -= content
        return exchange.bodyBytesLeft >= 0
    }

    /// Counts a part of the body that has come and was not followed through yet.
    ///
    /// - Returns: false where the body has become too long.
    mutating func countBody(_ exchange: Int, _ part: RawSpan) -> Bool {
        exchanges[exchange].bodyBytesLeft -= exchanges[exchange].requestBody.contentBytes(part)
        return exchanges[exchange].bodyBytesLeft >= 0
    }
}

extension BodyFraming {
    /// How much of `bytes` is content of a chunked body that has come so far; 0 for a body whose length is known.
    func contentBytes(_ bytes: RawSpan) -> Int {
        guard case .chunked(var decoder) = self else { return 0 }
        var content = 0
        var index = 0
        while index < bytes.byteCount, !decoder.isFinished {
            switch decoder.step(bytes, from: index) {
            case .framing(let end): index = end
            case .data(let end):
                content += end - index
                index = end
            case .malformed: return content
            }
        }
        return content
    }
}
