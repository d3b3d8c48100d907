import CLinux

// What a route says of a request while its head lies at hand: where it goes, what is changed of it, and what is added to
// its answer. Later on only what was noted here is left of it.

extension Worker {
    /// What is to become of a request.
    enum Verdict: Equatable {
        /// What its route says.
        case serve
        case reply(OwnReply)
    }

    /// Finds the route of the request in `requestHead` and notes in `exchange` what it says; the rewritten head is there
    /// in any case, if only for the log.
    ///
    /// - Parameter bytes: what the head was parsed from.
    mutating func prepare(
        _ exchange: inout Exchange, _ session: Int, _ bytes: RawSpan, headLength: Int
    ) -> Verdict {
        let id = requestIDs.next()
        let facts = RequestFacts(
            bytes: bytes, path: bytes.extracting(requestHead.path(bytes)), captures: Captures(),
            client: sessions[session].peer, port: sessions[session].port, id: id)
        exchange.plan = plans.begin()
        let plan = Int(exchange.plan)
        let rule = route(bytes)
        exchange.rule = Int32(rule)
        exchange.traits = plans[plan].rules[rule].traits
        exchange.timeouts = plans[plan].rules[rule].timeouts
        exchange.destination = destination(plans[plan].rules[rule])
        if exchange.destination >= 0 {
            let service = Int(exchange.destination)
            exchange.retries = services[service].settings.retries
            exchange.seeker.key = services[service].key.value(requestHead, bytes, from: sessions[session].peer)
        }
        guard exchange.traits.isEmpty, plans[plan].rules[rule].kind != .redirect else {
            return prepareExtras(&exchange, facts, headLength)
        }
        writeHead(&exchange, facts, headLength, target: bytes.extracting(requestHead.target), lines: RawSpan())
        return .serve
    }

    /// The rule for the request in `requestHead`, the last one where no route takes it.
    private func route(_ bytes: RawSpan) -> Int {
        let current = plans.current
        return plans[current].routes.service(for: bytes, requestHead.target) ?? plans[current].rules.count - 1
    }

    /// The slot of the service that the request goes to if it is forwarded, -1 for none.
    private mutating func destination(_ rule: Rule) -> Int32 {
        switch rule.kind {
        case .forward: rule.service
        case .split: Int32(rule.details.split?.slot(clx_random()) ?? -1)
        case .files: Int32(rule.details.slotOfMissingFiles ?? -1)
        case .noRoute, .redirect, .reply: -1
        }
    }

    // ---- what a route has beyond its action ------------------------------------------------------------------------------

    private mutating func prepareExtras(
        _ exchange: inout Exchange, _ facts: borrowing RequestFacts, _ headLength: Int
    ) -> Verdict {
        let details = plans[Int(exchange.plan)].rules[Int(exchange.rule)].details
        if let retries = details.modifiers.retries { exchange.retries = retries }
        var lines = pool.takeLarge()
        let isWhole = writeLines(details.requestFields, facts, to: &lines)
        if !isWhole { lines.reset() }
        writeHead(
            &exchange, facts, headLength, target: facts.bytes.extracting(requestHead.target),
            changes: details.requestFields, lines: lines.bytes)
        pool.give(lines)
        guard isWhole, prepareAnswer(&exchange, details, facts) else { return .reply(.headTooLarge) }
        return .serve
    }

    /// Renders what is added to the answer, and an answer of ours that has variables.
    ///
    /// - Returns: false where it becomes too long.
    private mutating func prepareAnswer(
        _ exchange: inout Exchange, _ details: RuleDetails, _ facts: borrowing RequestFacts
    ) -> Bool {
        if details.responseFields != nil || details.location != nil {
            var lines = pool.takeLarge()
            var isWhole = writeLines(details.responseFields, facts, to: &lines)
            if isWhole, let location = details.location {
                lines.append("Location: ")
                isWhole = location.expand(requestHead, facts, to: &lines) && lines.room >= 2
                if isWhole { lines.append("\r\n") }
            }
            guard isWhole, lines.count <= Limits.addedLinesBytesMax else {
                pool.give(lines)
                return false
            }
            exchange.answerLines = pool.park(lines) ?? ByteBuffer()
        }
        if let template = details.reply?.template {
            var body = pool.takeLarge()
            guard template.expand(requestHead, facts, to: &body), body.count <= Limits.ownBodyBytesMax else {
                pool.give(body)
                return false
            }
            exchange.ownBody = pool.park(body) ?? ByteBuffer()
        }
        return true
    }

    /// - Returns: false where they become too long.
    private func writeLines(
        _ changes: FieldChanges?, _ facts: borrowing RequestFacts, to out: inout ByteBuffer
    ) -> Bool {
        guard let changes else { return true }
        for line in changes.lines {
            guard line.start.count + 2 <= out.room else { return false }
            unsafe out.append(line.start.span.bytes)
            guard line.value.expand(requestHead, facts, to: &out), out.room >= 2 else { return false }
            out.append("\r\n")
        }
        return out.count <= Limits.addedLinesBytesMax
    }

    // ---- the head for the upstream -----------------------------------------------------------------------------------------

    private mutating func writeHead(
        _ exchange: inout Exchange, _ facts: borrowing RequestFacts, _ headLength: Int, target: RawSpan,
        isRewritten: Bool = false, changes: FieldChanges? = nil, lines: RawSpan
    ) {
        let host = exchange.destination >= 0 ? services[Int(exchange.destination)].host : []
        let isPlain = !isRewritten && lines.isEmpty
        var head = pool.take(
            holding: isPlain
                ? HeadWriter.requestBytesMax(requestHead, length: headLength)
                : HeadWriter.requestBytesMax(
                    requestHead, length: headLength, target: target, lines: lines.byteCount))
        exchange.logged = HeadWriter.writeRequest(
            requestHead, facts.bytes, target: target, isRewritten: isRewritten, changes: changes, lines: lines,
            from: facts.client, defaultHost: host.span, freshID: facts.id, to: &head)
        exchange.head = consume head
        exchange.headSent = Int(exchange.logged.headStart)
    }
}
