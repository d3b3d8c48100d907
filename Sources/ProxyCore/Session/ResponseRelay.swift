// The answer on its way to the client: interim heads, the rewritten head with the first part of the body in one write,
// then the rest of the body, copied or spliced. While the client has not taken what it was sent, nothing more is read
// from the upstream.

extension Worker {
    /// Whether a step of the relay lets the next one follow.
    enum ResponseStep {
        case goesOn, stops
    }

    /// Room before the bytes of a read for the line that makes them a chunk, and behind them for its end.
    static let chunkLineRoom = 18
    static let chunkEndRoom = 8

    /// Passes on what there is of the answer, as far as both sides go.
    mutating func relayAnswer(_ session: Int) {
        let exchange = Int(sessions[session].exchange)
        if exchanges[exchange].fileBody >= 0 { return relayFile(session) }
        var moved = exchanges[exchange].bodyBytes
        while true {
            if sessions[session].output != nil {
                guard flushOutput(session) else { return }
                if exchanges[exchange].isAnswerComplete { return finishExchange(session) }
            }
            if exchanges[exchange].coding == .encode, !encodings.isHungry(Int(exchanges[exchange].encoding)) {
                if encodeOn(session, exchange) == .stops { return }
                continue
            }
            let upstream = Int(exchanges[exchange].upstream)
            guard upstream >= 0, upstreams[upstream].state == .active else { return }
            guard exchanges[exchange].pipe != nil || upstreams[upstream].edges.contains(.readable) else { return }
            if exchanges[exchange].bodyBytes - moved > Limits.turnBytesMax {
                moved = exchanges[exchange].bodyBytes
                return enqueue(session)
            }
            let step =
                if !exchanges[exchange].isAnswered {
                    readAnswerHead(session, exchange, upstream)
                } else if exchanges[exchange].pipe != nil {
                    spliceAnswer(session, exchange, upstream)
                } else if exchanges[exchange].coding == .encode {
                    readAnswerToEncode(session, exchange, upstream)
                } else {
                    readAnswerBody(session, exchange, upstream)
                }
            if step == .stops { return }
        }
    }

    // ---- head --------------------------------------------------------------------------------------------------------

    private mutating func readAnswerHead(_ session: Int, _ exchange: Int, _ upstream: Int) -> ResponseStep {
        var block = exchanges[exchange].answer.take() ?? pool.takeLarge()
        block = pool.enlarge(block)
        switch upstreams[upstream].transport.receive(into: &block, atMost: Limits.readBytes) {
        case .bytes(let count):
            if count < Limits.readBytes { upstreams[upstream].edges.noteDrained() }
        case .wouldBlock:
            upstreams[upstream].edges.remove(.readable)
            exchanges[exchange].answer = pool.park(block)
            return .stops
        case .end, .failed:
            pool.give(block)
            attemptFailed(session, .reset, .badGateway)
            return .stops
        }
        return takeAnswerHeads(session, exchange, upstream, block)
    }

    /// Parses the heads at the front of `block`: interim ones pass at once, the final one begins the answer.
    private mutating func takeAnswerHeads(
        _ session: Int, _ exchange: Int, _ upstream: Int, _ input: consuming ByteBuffer
    ) -> ResponseStep {
        var block = consume input
        while true {
            switch responseHead.parse(block.bytes) {
            case .complete(let length) where length <= Limits.headBytesMax:
                if responseHead.status == 101 { return beginTunnel(session, exchange, upstream, block, length) }
                guard responseHead.isInterim else {
                    noteAnswer(
                        exchange, status: responseHead.status, keepsConnection: responseHead.keepsConnection)
                    if triesAnother(session, insteadOf: responseHead.status) {
                        pool.give(block)
                        return .stops
                    }
                    exchanges[exchange].canReplay = false
                    if let page = errorPage(exchange, for: responseHead.status, ofUpstream: true) {
                        let status = responseHead.status
                        keepRequiredLines(exchange, block)
                        pool.give(block)
                        reply(session, page, to: status)
                        return .stops
                    }
                    return beginAnswer(session, exchange, upstream, block, length)
                }
                exchanges[exchange].canReplay = false
                let passed = passInterim(session, exchange, block, length)
                block.consume(length)
                guard passed else {
                    pool.give(block)
                    return .stops
                }
                if block.isEmpty {
                    pool.give(block)
                    return .goesOn
                }
            case .partial where block.count < Limits.headBytesMax:
                // It has begun to answer, so it has seen the request: no other endpoint gets it.
                exchanges[exchange].canReplay = false
                exchanges[exchange].answer = pool.park(block)
                return .goesOn
            case .complete, .partial, .refused:
                pool.give(block)
                replyToBadAnswer(session)
                return .stops
            }
        }
    }

    /// An interim answer (RFC 9110 section 15.2) goes to the client, unless that is one of HTTP/1.0, who knows none.
    private mutating func passInterim(
        _ session: Int, _ exchange: Int, _ block: borrowing ByteBuffer, _ length: Int
    ) -> Bool {
        guard exchanges[exchange].minorVersion >= 1 else { return true }
        var out = sessions[session].output.take() ?? pool.takeLarge()
        out = pool.enlarge(out)
        guard out.room >= length + Limits.headGrowthBytesMax else {
            sessions[session].output = consume out
            replyToBadAnswer(session)
            return false
        }
        HeadWriter.writeResponse(responseHead, block.bytes, chunked: false, connection: .unsaid, to: &out)
        sessions[session].output = consume out
        return flushOutput(session) || sessions[session].phase == .exchange
    }

    /// The final head goes out with what came behind it.
    private mutating func beginAnswer(
        _ session: Int, _ exchange: Int, _ upstream: Int, _ input: consuming ByteBuffer, _ length: Int
    ) -> ResponseStep {
        var block = consume input
        let isHTTP11 = exchanges[exchange].minorVersion >= 1
        exchanges[exchange].responseBody = responseHead.body(toHead: exchanges[exchange].isHead)
        exchanges[exchange].keepsUpstream = responseHead.keepsConnection
        exchanges[exchange].coding = .asIs
        switch exchanges[exchange].responseBody {
        case .length: break
        case .chunked: if !isHTTP11 { exchanges[exchange].coding = .unchunk }
        case .untilClose:
            exchanges[exchange].keepsUpstream = false
            if isHTTP11 { exchanges[exchange].coding = .chunk }
        }
        let edits =
            exchanges[exchange].traits.isDisjoint(with: [.compression, .cors])
            ? AnswerEdits() : beginEncoding(exchange, block.bytes)
        noteIdleTime(upstream)
        // An answer that does not wait for the end of the request, or a body without a length for HTTP/1.0, is the last
        // on its connection.
        let endsByClosing = !isHTTP11 && !exchanges[exchange].responseBody.hasLength
        if drain != nil || endsByClosing || !isRequestSent(exchange) || hasLivedLong(session) {
            exchanges[exchange].closesClient = true
        }
        let connection: HeadWriter.ConnectionField =
            exchanges[exchange].closesClient ? .close : isHTTP11 ? .unsaid : .keepAlive
        let coding = exchanges[exchange].coding
        let isChunked =
            switch exchanges[exchange].responseBody {
            case .chunked: coding == .asIs || coding == .encode
            default: coding == .chunk || coding == .encode
            }
        let lines = exchanges[exchange].answerLines.count
        var out = pool.take(holding: length + lines + Limits.headGrowthBytesMax + Limits.joinedBodyBytesMax)
        HeadWriter.writeResponse(
            responseHead, block.bytes, chunked: isChunked, connection: connection, cookie: stickyCookie(exchange),
            edits: edits, changes: answerChanges(exchange), lines: exchanges[exchange].answerLines.bytes, to: &out)
        exchanges[exchange].status = responseHead.status
        exchanges[exchange].answered = now
        block.consume(length)
        guard takeBody(exchange, &block) else {
            pool.give(block)
            pool.give(out)
            exchanges[exchange].status = 0
            replyToBadAnswer(session)
            return .stops
        }
        exchanges[exchange].isAnswered = true
        // A client that has ended its direction is there after all.
        if exchanges[exchange].requestBody.isFinished { sessionTimers.set(session, nil) }
        // No other attempt can follow, so nothing is kept for one.
        consumeBody(session, exchange, exchanges[exchange].bodySent)
        upstreamTimers.set(upstream, now + exchanges[exchange].timeouts.responseMilliseconds)
        let sent: Bool
        if block.count <= Limits.joinedBodyBytesMax {
            out.append(block.bytes)
            pool.give(block)
            sent = send(session, out, nil)
        } else {
            sent = send(session, out, block)
        }
        return afterSending(session, exchange, sent)
    }

    /// Which lines of the upstream's head the route leaves out.
    private func answerChanges(_ exchange: Int) -> FieldChanges? {
        guard exchanges[exchange].traits.contains(.responseFields) else { return nil }
        return rule(of: exchange).details.responseFields
    }

    /// What the client is told where it has not come with its endpoint's token.
    private func stickyCookie(_ exchange: Int) -> StickyCookie? {
        let token = endpoints[Int(exchanges[exchange].endpoint)].stickyToken
        guard token != 0, token != exchanges[exchange].seeker.key else { return nil }
        return StickyCookie(
            start: services[exchanges[exchange].service].stickyCookieStart, token: token)
    }

    /// The client is to make another connection, maybe to another worker or machine.
    @inline(__always)
    func hasLivedLong(_ session: Int) -> Bool {
        let requestsMax = clientConnectionLife.requestsMax
        return now >= sessions[session].retires || requestsMax > 0 && sessions[session].requests >= requestsMax
    }

    /// How long the server keeps an idle connection, if it says so: we close first, by a second.
    private mutating func noteIdleTime(_ upstream: Int) {
        guard let seconds = responseHead.keepAliveSeconds else { return }
        let promised = Milliseconds(seconds) * 1000 - 1000
        upstreams[upstream].idleMilliseconds = min(timeouts.upstreamIdleMilliseconds, max(promised, 0))
    }

    // ---- body --------------------------------------------------------------------------------------------------------

    private mutating func readAnswerBody(_ session: Int, _ exchange: Int, _ upstream: Int) -> ResponseStep {
        var block = pool.takeLarge()
        block.reset(startingAt: Self.chunkLineRoom)
        switch upstreams[upstream].transport.receive(into: &block, atMost: Limits.readBytes) {
        case .bytes(let count):
            if count < Limits.readBytes { upstreams[upstream].edges.noteDrained() }
        case .wouldBlock:
            upstreams[upstream].edges.remove(.readable)
            pool.give(block)
            return .stops
        case .end:
            guard case .untilClose = exchanges[exchange].responseBody else {
                pool.give(block)
                cut(session)
                return .stops
            }
            block.reset()
            if exchanges[exchange].coding == .chunk { block.append("0\r\n\r\n") }
            exchanges[exchange].responseBody = .length(0)
            let sent = send(session, block, nil)
            return afterSending(session, exchange, sent)
        case .failed:
            pool.give(block)
            cut(session)
            return .stops
        }
        upstreamTimers.set(upstream, now + exchanges[exchange].timeouts.responseMilliseconds)
        guard takeBody(exchange, &block) else {
            pool.give(block)
            cut(session)
            return .stops
        }
        let sent = send(session, block, nil)
        return afterSending(session, exchange, sent)
    }

    /// Follows the body through `block` and recodes it for the client.
    ///
    /// - Returns: false where its framing is malformed.
    private mutating func takeBody(_ exchange: Int, _ block: inout ByteBuffer) -> Bool {
        switch exchanges[exchange].coding {
        case .asIs, .chunk: break
        case .unchunk:
            guard unchunk(exchange, &block) else { return false }
            exchanges[exchange].bodyBytes += block.count
            return true
        case .encode:
            let upstream = Int(exchanges[exchange].upstream)
            return takeBodyToEncode(exchange, &block, pauses: !upstreams[upstream].edges.contains(.readable))
        }
        guard case .body(let count) = exchanges[exchange].responseBody.scan(block.bytes, from: 0) else { return false }
        if count < block.count {
            // Bytes that nobody asked for follow the answer: they go nowhere, and the connection is not used again.
            exchanges[exchange].keepsUpstream = false
            block.truncate(to: count)
        }
        exchanges[exchange].bodyBytes += count
        if exchanges[exchange].coding == .chunk, count > 0 { block.makeChunk() }
        return true
    }

    /// Leaves of a chunked body what is content.
    mutating func unchunk(_ exchange: Int, _ block: inout ByteBuffer) -> Bool {
        guard case .chunked(var decoder) = exchanges[exchange].responseBody else { return true }
        var data = pool.takeLarge()
        var index = 0
        while index < block.count, !decoder.isFinished {
            switch decoder.step(block.bytes, from: index) {
            case .framing(let end): index = end
            case .data(let end):
                data.append(block.bytes.extracting(index..<end))
                index = end
            case .malformed:
                pool.give(data)
                return false
            }
        }
        if index < block.count { exchanges[exchange].keepsUpstream = false }
        exchanges[exchange].responseBody = .chunked(decoder)
        swap(&block, &data)
        pool.give(data)
        return true
    }

    /// What follows when bytes of the answer were handed to the client's connection.
    private mutating func afterSending(_ session: Int, _ exchange: Int, _ sent: Bool) -> ResponseStep {
        guard sent else { return .stops }
        if exchanges[exchange].coding == .encode { return afterSendingEncoded(session, exchange, sent) }
        if exchanges[exchange].responseBody.isFinished {
            completeAnswer(session)
            return .stops
        }
        if case .length(let remaining) = exchanges[exchange].responseBody, remaining > Limits.spliceThresholdBytes,
            !sessions[session].transport.isSink
        {
            exchanges[exchange].pipe = pipes.take(now)
        }
        return .goesOn
    }

    /// Moves the body through a pipe, without copying it.
    private mutating func spliceAnswer(_ session: Int, _ exchange: Int, _ upstream: Int) -> ResponseStep {
        guard var pipe = exchanges[exchange].pipe, case .length(var remaining) = exchanges[exchange].responseBody else {
            return .stops
        }
        if pipe.count > 0 {
            switch pipe.drain(to: sessions[session].transport) {
            case .bytes(let count): exchanges[exchange].bodyBytes += count
            case .wouldBlock:
                sessions[session].edges.remove(.writable)
                waitForClient(session, upstream)
                return .stops
            case .failed:
                abort(session)
                return .stops
            }
            exchanges[exchange].pipe = pipe
            if pipe.count > 0 { return .goesOn }
            sessionTimers.set(session, nil)
            if remaining > 0 { return .goesOn }
            completeAnswer(session)
            return .stops
        }
        switch pipe.fill(from: upstreams[upstream].transport, atMost: min(remaining, Limits.pipeBytes)) {
        case .bytes(let count):
            remaining -= count
            exchanges[exchange].pipe = pipe
            exchanges[exchange].responseBody = .length(remaining)
            upstreamTimers.set(upstream, now + exchanges[exchange].timeouts.responseMilliseconds)
            return .goesOn
        case .wouldBlock:
            upstreams[upstream].edges.remove(.readable)
            return .stops
        case .end, .failed:
            cut(session)
            return .stops
        }
    }
}

extension BodyFraming {
    /// The body's end is known before it comes.
    fileprivate var hasLength: Bool {
        if case .length = self { return true }
        return false
    }
}

extension ByteBuffer {
    /// Puts the size line before the content and the line end behind it (RFC 9112 section 7.1).
    mutating func makeChunk() {
        var size = UInt64(count)
        prepend(ASCII.lf)
        prepend(ASCII.cr)
        repeat {
            prepend(ASCII.hexDigit(size))
            size >>= 4
        } while size > 0
        append("\r\n")
    }
}
