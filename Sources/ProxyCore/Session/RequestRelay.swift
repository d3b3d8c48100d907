// The request on its way to the upstream: the rewritten head and the first part of the body in one write, then the rest
// of the body as it comes. What the upstream does not take stays in the session's input, and while something stays
// there, nothing more is read from the client: that is the back-pressure.

extension Worker {
    // Inlined, because a call that borrows the worker copies it first.

    /// A part of the request is there and was not taken yet, or more of it is to come.
    @inline(__always)
    func hasRequestToSend(_ session: Int) -> Bool {
        let exchange = Int(sessions[session].exchange)
        guard exchange >= 0 else { return false }
        return !isRequestSent(exchange)
    }

    /// The whole request was taken by the present connection.
    @inline(__always)
    func isRequestSent(_ exchange: Int) -> Bool {
        exchanges[exchange].requestBody.isFinished && exchanges[exchange].bodySent == exchanges[exchange].bodyReady
            && exchanges[exchange].headSent == exchanges[exchange].head.count
    }

    /// Sends what there is of the request, and reads more of its body from the client, as far as both go.
    mutating func relayRequest(_ session: Int) {
        let exchange = Int(sessions[session].exchange)
        let upstream = Int(exchanges[exchange].upstream)
        guard upstream >= 0, upstreams[upstream].state == .active, !exchanges[exchange].requestAbandoned else { return }
        var moved = 0
        while true {
            if exchanges[exchange].headSent < exchanges[exchange].head.count
                || exchanges[exchange].bodySent < exchanges[exchange].bodyReady
            {
                guard upstreams[upstream].edges.contains(.writable) else { return }
                guard sendRequestBytes(session, exchange, upstream) else { return }
            } else if exchanges[exchange].requestBody.isFinished {
                return
            } else {
                guard moved < Limits.turnBytesMax else { return enqueue(session) }
                guard readBody(session, exchange) else { return }
                moved += exchanges[exchange].bodyReady
            }
        }
    }

    /// One write of the unsent part of head and body.
    ///
    /// - Returns: false where the upstream takes no more for now, or the attempt has ended.
    private mutating func sendRequestBytes(_ session: Int, _ exchange: Int, _ upstream: Int) -> Bool {
        let head = exchanges[exchange].head.take()
        let headSent = exchanges[exchange].headSent
        let bodyRange = exchanges[exchange].bodySent..<exchanges[exchange].bodyReady
        let outcome: Transport.Sent
        if let input = sessions[session].input.take() {
            outcome = upstreams[upstream].transport.send(head, from: headSent, input, bodyRange)
            sessions[session].input = consume input
        } else {
            outcome = upstreams[upstream].transport.send(head, from: headSent)
        }
        let headLeft = head.count - headSent
        exchanges[exchange].head = consume head
        switch outcome {
        case .bytes(let count):
            exchanges[exchange].headSent += min(count, headLeft)
            exchanges[exchange].bodySent += max(0, count - headLeft)
            exchanges[exchange].sentOnConnection += count
            exchanges[exchange].sent = now
            dropSentBody(session, exchange)
            let isAllTaken = count == headLeft + bodyRange.count
            if !isAllTaken { upstreams[upstream].edges.remove(.writable) }
            // While the client owes the next part of the body, its time runs and not the upstream's.
            let waitsForClient = isAllTaken && !exchanges[exchange].requestBody.isFinished
            upstreamTimers.set(upstream, waitsForClient ? nil : answerDeadline(exchange))
            return isAllTaken
        case .wouldBlock:
            upstreams[upstream].edges.remove(.writable)
            return false
        case .failed:
            requestSendFailed(session, exchange, upstream)
            return false
        }
    }

    /// The sent part of a body makes room for the next one, unless it is kept for another attempt.
    private mutating func dropSentBody(_ session: Int, _ exchange: Int) {
        let sent = exchanges[exchange].bodySent
        guard sent > 0 else { return }
        if exchanges[exchange].canReplay,
            exchanges[exchange].requestBody.isFinished || exchanges[exchange].bodyReady < keptBodyBytesMax(exchange)
        {
            return
        }
        exchanges[exchange].canReplay = false
        consumeBody(session, exchange, sent)
    }

    private func keptBodyBytesMax(_ exchange: Int) -> Int {
        min(exchanges[exchange].retries.bodyBytesMax, Limits.keptBodyBytesMax)
    }

    /// Takes bytes of the body off the session's input.
    mutating func consumeBody(_ session: Int, _ exchange: Int, _ count: Int) {
        guard count > 0, var input = sessions[session].input.take() else { return }
        input.consume(count)
        if input.isEmpty { pool.give(input) } else { sessions[session].input = consume input }
        exchanges[exchange].bodyReady -= count
        exchanges[exchange].bodySent = max(0, exchanges[exchange].bodySent - count)
    }

    /// The upstream takes no more. It may have answered before: a server that refuses a body closes behind its answer.
    private mutating func requestSendFailed(_ session: Int, _ exchange: Int, _ upstream: Int) {
        guard exchanges[exchange].sentOnConnection > 0 else { return attemptFailed(session, .reset, .badGateway) }
        exchanges[exchange].requestAbandoned = true
        upstreams[upstream].edges.insert(.readable)
        relayAnswer(session)
    }

    /// One read of the body from the client. What was read before has all been sent.
    ///
    /// - Returns: false where nothing has come, or the exchange has ended.
    private mutating func readBody(_ session: Int, _ exchange: Int) -> Bool {
        guard sessions[session].edges.contains(.readable) else { return false }
        // What is there is kept for another attempt, and the next part joins it.
        var input = sessions[session].input.take() ?? pool.takeLarge()
        input = pool.enlarge(input)
        let kept = input.count
        let limit = kept == 0 ? Limits.readBytes : min(Limits.readBytes, keptBodyBytesMax(exchange) - kept)
        switch sessions[session].transport.receive(into: &input, atMost: limit) {
        case .bytes(let count):
            if count < limit { sessions[session].edges.noteDrained() }
        case .wouldBlock:
            sessions[session].edges.remove(.readable)
            if kept > 0 { sessions[session].input = consume input } else { pool.give(input) }
            return false
        case .end, .failed:
            // The rest of the request will not come, and a part must not look like the whole.
            pool.give(input)
            abort(session)
            return false
        }
        if exchanges[exchange].traits.contains(.bodyLimit),
            !countBody(exchange, input.bytes.extracting(kept..<input.count))
        {
            pool.give(input)
            refuseBody(session, exchange, .contentTooLarge)
            return false
        }
        let scan = exchanges[exchange].requestBody.scan(input.bytes, from: kept)
        guard case .body(let count) = scan else {
            pool.give(input)
            refuseBody(session, exchange, .badRequest)
            return false
        }
        sessions[session].input = consume input
        exchanges[exchange].bodyReady = kept + count
        let isFinished = exchanges[exchange].requestBody.isFinished
        sessionTimers.set(session, isFinished ? nil : now + exchanges[exchange].timeouts.bodyMilliseconds)
        if isFinished, exchanges[exchange].traits.contains(.mirror) { mirror(session) }
        return true
    }

    /// What has come of the body cannot go on.
    private mutating func refuseBody(_ session: Int, _ exchange: Int, _ reason: OwnReply) {
        guard !exchanges[exchange].isAnswered else { return cut(session) }
        exchanges[exchange].closesClient = true
        reply(session, reason)
    }
}
