import CLinux

// The way of a request, from top to bottom: accept -> read head -> route -> (UpstreamFlow) pick endpoint -> connect or
// reuse -> (RequestRelay, ResponseRelay) relay -> (Ending) log, next request or close. Each step hands on to the next.

extension Worker {
    // ---- events ------------------------------------------------------------------------------------------------------

    mutating func clientReady(_ token: Token, _ readiness: Readiness) {
        let session = token.slot
        guard session < sessions.highWater, sessions[session].phase != .vacant,
            token.isFor(generation: sessions[session].generation)
        else { return }
        sessions[session].edges.note(readiness)
        advance(session)
    }

    /// Does what can be done for a session now.
    mutating func advance(_ session: Int) {
        switch sessions[session].phase {
        case .vacant: break
        case .idle, .head: readHead(session)
        case .exchange:
            if sessions[session].edges.contains(.broken) { return abort(session) }
            if exchanges[Int(sessions[session].exchange)].ticket != 0 { return }
            if hasBytesBeforeUpgrade(session) { return refuseBytesBeforeUpgrade(session) }
            if sessions[session].edges.contains(.peerEnded) { limitHalfClosed(session) }
            if exchanges[Int(sessions[session].exchange)].isWaiting { return attachAgain(session) }
            relayRequest(session)
            if sessions[session].phase == .exchange { relayAnswer(session) }
        case .tunnel: relayTunnel(session)
        case .flushing: flushAndClose(session)
        case .lingering: discardInput(session)
        }
    }

    // ---- read head ---------------------------------------------------------------------------------------------------

    /// Reads until a head is complete, and goes on with it.
    private mutating func readHead(_ session: Int) {
        var input = sessions[session].input.take() ?? pool.takeLarge()
        // What a pipelining client sent ahead may hold a whole request already.
        if sessions[session].phase == .idle, !input.isEmpty {
            sessions[session].phase = .head
            sessionTimers.set(session, now + timeouts.headerMilliseconds)
            guard let rest = takeHead(session, input, newFrom: 0) else { return }
            input = rest
        }
        while sessions[session].edges.contains(.readable) {
            input = pool.enlarge(input)
            let before = input.count
            switch sessions[session].transport.receive(into: &input, atMost: Limits.readBytes) {
            case .bytes(let count):
                if count < Limits.readBytes { sessions[session].edges.noteDrained() }
            case .wouldBlock:
                sessions[session].edges.remove(.readable)
                continue
            case .end, .failed:
                // No request can become complete any more.
                pool.give(input)
                return closeSession(session)
            }
            if sessions[session].phase == .idle {
                sessions[session].phase = .head
                sessionTimers.set(session, now + timeouts.headerMilliseconds)
            }
            guard let rest = takeHead(session, input, newFrom: before) else { return }
            input = rest
        }
        sessions[session].input = pool.park(input)
    }

    /// Parses the head at the front of `input` and begins its exchange.
    ///
    /// - Parameter old: how many of the bytes an earlier call has seen.
    /// - Returns: `input` again where the head is not complete.
    private mutating func takeHead(_ session: Int, _ input: consuming ByteBuffer, newFrom old: Int) -> ByteBuffer? {
        // A head that drips in is not parsed again for every drop, only when it has an end or has become too long.
        sessions[session].headReads &+= 1
        let isWorthParsing =
            sessions[session].headReads <= Limits.headReparsesMax || input.bytes.hasEmptyLine(from: max(0, old - 3))
            || input.count >= Limits.headBytesMax
        guard isWorthParsing else {
            sessions[session].headReads = Limits.headReparsesMax
            return input
        }
        switch requestHead.parse(input.bytes) {
        case .complete(let length) where length <= Limits.headBytesMax:
            beginExchange(session, input, headLength: length)
        case .partial where input.count < Limits.headBytesMax: return input
        case .refused(let refusal): refuse(session, input, OwnReply(refusal))
        case .complete, .partial: refuse(session, input, .headTooLarge)
        }
        return nil
    }

    // ---- route -------------------------------------------------------------------------------------------------------

    /// Makes an exchange of the parsed head, and goes on with it.
    private mutating func beginExchange(_ session: Int, _ input: consuming ByteBuffer, headLength: Int) {
        let wantsUpgrade = requestHead.wantsUpgrade
        // Who sends more before the 101 means it for somebody behind us (RFC 9110 section 7.8).
        if wantsUpgrade, input.count > headLength { return refuse(session, input, .badRequest) }
        var body = requestHead.body
        guard case .body(let bodyReady) = body.scan(input.bytes, from: headLength) else {
            return refuse(session, input, .badRequest)
        }
        sessions[session].headReads = 0
        var exchange = Exchange()
        exchange.session = Int32(session)
        exchange.minorVersion = requestHead.minorVersion
        exchange.isHead = requestHead.method == .head
        exchange.isIdempotent = requestHead.method.isIdempotent
        exchange.wantsUpgrade = wantsUpgrade
        exchange.closesClient = !requestHead.keepsConnection
        exchange.requestBody = body
        exchange.bodyReady = bodyReady
        exchange.began = now
        let verdict = prepare(&exchange, session, input.bytes, headLength: headLength)
        let bodyDeadline = body.isFinished ? nil : now + exchange.timeouts.bodyMilliseconds

        input.consume(headLength)
        if input.isEmpty { pool.give(input) } else { sessions[session].input = consume input }
        let plan = Int(exchange.plan)
        guard let place = exchanges.insert(exchange) else {
            plans.end(plan)
            return closeSession(session)
        }
        sessions[session].exchange = Int32(place)
        sessions[session].requests &+= 1
        sessions[session].phase = .exchange
        sessionTimers.set(session, bodyDeadline)
        serve(session, verdict)
    }

    // ---- serve -------------------------------------------------------------------------------------------------------

    mutating func serve(_ session: Int, _ verdict: Verdict) {
        switch verdict {
        case .serve: break
        case .reply(let reply): return self.reply(session, reply)
        case .preflight: return reply(session, status: 204, contentType: [], body: [])
        case .wait: return waitForVerdict(session)
        }
        let exchange = Int(sessions[session].exchange)
        switch plans[Int(exchanges[exchange].plan)].rules[Int(exchanges[exchange].rule)].kind {
        case .forward, .split: forward(session)
        case .redirect, .reply: replyAsRouteSays(session)
        case .files: serveFile(session)
        case .noRoute: reply(session, .notFound)
        }
    }

    /// Sends the request to the service that it is destined for.
    mutating func forward(_ session: Int) {
        let exchange = Int(sessions[session].exchange)
        let service = Int(exchanges[exchange].destination)
        guard service >= 0 else { return reply(session, .notFound) }
        exchanges[exchange].service = service
        traffic[service].budget.requestBegan()
        if exchanges[exchange].traits.contains(.mirror), exchanges[exchange].requestBody.isFinished { mirror(session) }
        if sessions[session].edges.contains(.peerEnded) { limitHalfClosed(session) }
        attachUpstream(session)
    }

    func rule(of exchange: Int) -> Rule {
        plans[Int(exchanges[exchange].plan)].rules[Int(exchanges[exchange].rule)]
    }

    /// The exchange ends, or needs no rules any more.
    mutating func letGoOfPlan(_ exchange: Int) {
        let plan = Int(exchanges[exchange].plan)
        guard plan >= 0 else { return }
        exchanges[exchange].plan = -1
        plans.end(plan)
    }

    private mutating func limitHalfClosed(_ session: Int) {
        let exchange = Int(sessions[session].exchange)
        guard !exchanges[exchange].isAnswered, !exchanges[exchange].isWaiting,
            exchanges[exchange].requestBody.isFinished, sessions[session].output == nil
        else { return }
        sessionTimers.set(session, now + timeouts.halfClosedMilliseconds)
    }

    /// A read that filled its limit leaves the socket's state open, so it is asked.
    private func hasBytesBeforeUpgrade(_ session: Int) -> Bool {
        let exchange = Int(sessions[session].exchange)
        return exchanges[exchange].wantsUpgrade && !exchanges[exchange].isAnswered
            && sessions[session].edges.contains(.readable) && sessions[session].transport.hasInput
    }

    private mutating func refuseBytesBeforeUpgrade(_ session: Int) {
        exchanges[Int(sessions[session].exchange)].closesClient = true
        reply(session, .badRequest)
    }
}

extension RawSpan {
    /// True where a line feed from `start` on is followed by an empty line: where a head may end, well-formed or not.
    fileprivate func hasEmptyLine(from start: Int) -> Bool {
        var index = start
        while index + 1 < byteCount {
            if byte(index) == ASCII.lf {
                let next = byte(index + 1)
                if next == ASCII.lf { return true }
                if next == ASCII.cr, index + 2 < byteCount, byte(index + 2) == ASCII.lf { return true }
            }
            index += 1
        }
        return false
    }
}
