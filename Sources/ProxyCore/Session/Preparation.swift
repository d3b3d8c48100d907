import CLinux

// What a route says of a request while its head lies at hand: where it goes, what is changed of it, and what is added to
// its answer. Later on only what was noted here is left of it.

extension Worker {
    /// What is to become of a request.
    enum Verdict: Equatable {
        /// What its route says.
        case serve
        case reply(OwnReply)
        /// A browser's question, which `answerLines` answer.
        case preflight
        /// That depends on what comes of its password.
        case wait
    }

    /// Finds the route of the request in `requestHead` and notes in `exchange` what it says; the rewritten head is there
    /// in any case, if only for the log.
    ///
    /// - Parameter bytes: what the head was parsed from.
    mutating func prepare(
        _ exchange: inout Exchange, _ session: Int, _ bytes: RawSpan, headLength: Int
    ) -> Verdict {
        var normal = normalPath.take()
        let written = bytes.extracting(requestHead.path(bytes))
        // An absolute form without a path stands for the root, or for the server itself (RFC 9112 section 3.2.4).
        if written.isEmpty {
            normalPath = consume normal
            return prepare(&exchange, session, bytes, path: written, isNormal: true, headLength)
        }
        let verdict: Verdict
        switch PathNormalizer.normalize(written, into: &normal) {
        case .asIs: verdict = prepare(&exchange, session, bytes, path: written, isNormal: true, headLength)
        case .changed: verdict = prepare(&exchange, session, bytes, path: normal.bytes, isNormal: false, headLength)
        case .refused: verdict = refusePath(&exchange, session, bytes, headLength)
        }
        normalPath = consume normal
        return verdict
    }

    private mutating func prepare(
        _ exchange: inout Exchange, _ session: Int, _ bytes: RawSpan, path: RawSpan, isNormal: Bool,
        _ headLength: Int
    ) -> Verdict {
        let plan = plans.current
        var captures = Captures()
        let found = match(session, bytes, path, &captures)
        self.captures = captures
        // Another route might serve, or forbid, what a server behind this one makes of the path.
        guard isReadAlike(session, bytes, path, found) else { return refusePath(&exchange, session, bytes, headLength) }
        begin(&exchange, under: found >= 0 ? Int(found) : plans[plan].rules.count - 1)
        let facts = facts(session, bytes, path)
        if exchange.destination >= 0 {
            let service = Int(exchange.destination)
            exchange.retries = services[service].settings.retries
            exchange.seeker.key = services[service].key.value(requestHead, bytes, from: sessions[session].peer)
        }
        if isNormal, exchange.traits.isSubset(of: .laterOnly), plans[plan].rules[Int(exchange.rule)].isPlain {
            writeHead(&exchange, facts, headLength, target: bytes.extracting(requestHead.target), lines: RawSpan())
        } else if let verdict = prepareExtras(&exchange, facts, headLength, isNormal: isNormal) {
            return verdict
        }
        return found == RouteTable.undecided ? .reply(.serverError) : .serve
    }

    /// See `RouteTable.match`.
    @inline(__always)
    private mutating func match(
        _ session: Int, _ bytes: RawSpan, _ path: RawSpan, _ captures: inout Captures
    ) -> Int32 {
        let routes = plans[plans.current].routes
        let (client, port) = (sessions[session].peer, sessions[session].port)
        return routes.read {
            $0.match(
                bytes, requestHead, path: path, client: client, port: port, with: &matchMemory, captures: &captures)
        }
    }

    /// A path that servers read in different ways leads nowhere.
    private mutating func refusePath(
        _ exchange: inout Exchange, _ session: Int, _ bytes: RawSpan, _ headLength: Int
    ) -> Verdict {
        let facts = facts(session, bytes, bytes.extracting(requestHead.path(bytes)))
        begin(&exchange, under: plans[plans.current].rules.count - 1)
        writeHead(&exchange, facts, headLength, target: bytes.extracting(requestHead.target), lines: RawSpan())
        return .reply(.badRequest)
    }

    /// False where the request would have another route than `found` if its path were read in another way.
    private mutating func isReadAlike(_ session: Int, _ bytes: RawSpan, _ path: RawSpan, _ found: Int32) -> Bool {
        var other = otherPath.take()
        var isAlike = true
        if PathNormalizer.otherReading(of: path, into: &other) {
            var ignored = Captures()
            isAlike = match(session, bytes, other.bytes, &ignored) == found
        }
        otherPath = consume other
        return isAlike
    }

    /// Begins the exchange under a rule of the present plan.
    private mutating func begin(_ exchange: inout Exchange, under rule: Int) {
        exchange.plan = plans.begin()
        let plan = Int(exchange.plan)
        exchange.rule = Int32(rule)
        exchange.traits = plans[plan].rules[rule].traits
        exchange.timeouts = plans[plan].rules[rule].timeouts
        exchange.destination = destination(plan, rule)
    }

    @_lifetime(copy bytes, copy path)
    private mutating func facts(_ session: Int, _ bytes: RawSpan, _ path: RawSpan) -> RequestFacts {
        RequestFacts(
            bytes: bytes, path: path, captures: captures, client: sessions[session].peer,
            port: sessions[session].port, id: requestIDs.next())
    }

    /// The slot of the service that the request goes to if it is forwarded, -1 for none.
    private func destination(_ plan: Int, _ rule: Int) -> Int32 {
        switch plans[plan].rules[rule].kind {
        case .forward: plans[plan].rules[rule].service
        case .split: Int32(plans[plan].rules[rule].details.split?.slot(clx_random()) ?? -1)
        case .files: Int32(plans[plan].rules[rule].details.slotOfMissingFiles ?? -1)
        case .noRoute, .redirect, .reply: -1
        }
    }

    // ---- what a route has beyond its action ------------------------------------------------------------------------------

    /// - Returns: what is to become of a request whose route cannot be followed; nil where it can.
    private mutating func prepareExtras(
        _ exchange: inout Exchange, _ facts: borrowing RequestFacts, _ headLength: Int, isNormal: Bool
    ) -> Verdict? {
        let details = plans[Int(exchange.plan)].rules[Int(exchange.rule)].details
        if let retries = details.modifiers.retries { exchange.retries = retries }
        var target = pool.takeLarge()
        let rewritten = writeTarget(details, facts, isNormal: isNormal, to: &target)
        var lines = pool.takeLarge()
        let isWhole = writeLines(details.requestFields, facts, to: &lines)
        if !isWhole { lines.reset() }
        switch rewritten {
        case .changed:
            writeHead(
                &exchange, facts, headLength, target: target.bytes, isRewritten: true,
                changes: details.requestFields, lines: lines.bytes)
        case .asIs, .tooLong, .refused:
            writeHead(
                &exchange, facts, headLength, target: facts.bytes.extracting(requestHead.target),
                changes: details.requestFields, lines: lines.bytes)
        }
        pool.give(target)
        pool.give(lines)
        guard isWhole, prepareAnswer(&exchange, details, facts) else { return .reply(.headTooLarge) }
        switch rewritten {
        case .asIs, .changed: break
        case .tooLong: return .reply(.requestLineTooLong)
        case .refused: return .reply(.badRequest)
        }
        let verdict = admit(&exchange, details, facts, headLength)
        return verdict == .serve ? nil : verdict
    }

    private enum Rewritten {
        case asIs, changed, tooLong, refused
    }

    /// Writes the target as the upstream is to see it, where that differs from what the client wrote.
    private mutating func writeTarget(
        _ details: RuleDetails, _ facts: borrowing RequestFacts, isNormal: Bool, to out: inout ByteBuffer
    ) -> Rewritten {
        switch details.rewrite {
        case .some(let rewrite):
            switch rewrite.rewrite(requestHead, facts, with: &matchMemory, to: &out) {
            case .rewritten: return .changed
            case .refused: return .refused
            case .tooLong: return .tooLong
            }
        case .none: break
        }
        if isNormal { return .asIs }
        let query = requestHead.query(facts.bytes)
        guard facts.path.byteCount + query.count <= Limits.requestLineBytesMax else { return .tooLong }
        out.append(facts.path)
        out.append(facts.bytes.extracting(query))
        return .changed
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
