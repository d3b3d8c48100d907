// An answer whose body goes out in a content coding: what the upstream sends is freed of its framing, encoded, and sent in
// chunks. While the client has not taken what it was sent, nothing is encoded and nothing more is read. Files and answers
// of our own take the same way.

extension Worker {
    /// Judges the answer in `responseHead` by its route, and begins to encode its body where that is to be.
    ///
    /// - Returns: what becomes of its head besides what the route says of field lines.
    mutating func beginEncoding(_ exchange: Int, _ bytes: RawSpan) -> AnswerEdits {
        var edits = AnswerEdits()
        edits.hidesCORS = exchanges[exchange].traits.contains(.cors)
        guard exchanges[exchange].traits.contains(.compression),
            let compression = rule(of: exchange).details.compression,
            case .encode(let flushesAlways) = compression.verdict(responseHead, bytes)
        else { return edits }
        edits.variesByCoding = true
        edits.coding = takeEncoder(exchange, level: compression.level)
        exchanges[exchange].flushesAlways = flushesAlways
        return edits
    }

    /// Judges an answer of our own by its route, and begins to encode its body where that is to be.
    mutating func beginEncoding(_ exchange: Int, status: Int, contentType: [UInt8], length: Int) -> AnswerEdits {
        var edits = AnswerEdits()
        guard let compression = rule(of: exchange).details.compression,
            unsafe compression.covers(status: status, type: contentType.span.bytes, length: length)
        else { return edits }
        edits.variesByCoding = true
        edits.coding = takeEncoder(exchange, level: compression.level)
        return edits
    }

    /// Finds the coding for the body of the answer, and an encoder where a body is sent.
    ///
    /// - Returns: nil where it goes out as it is.
    mutating func takeEncoder(_ exchange: Int, level: Int) -> CompressionSettings.Coding? {
        // One may be left of an upstream's answer that proved bad before any of it was sent.
        if exchanges[exchange].encoding >= 0 {
            endEncoding(exchanges[exchange].encoding)
            exchanges[exchange].encoding = -1
            exchanges[exchange].coding = .asIs
        }
        var choice = exchanges[exchange].codings
        if exchanges[exchange].isHead { return choice.next() }
        guard let (place, coding) = encodings.begin(choice, level: level) else { return nil }
        exchanges[exchange].encoding = Int32(place)
        exchanges[exchange].coding = .encode
        return coding
    }

    /// Ends an answer of our own whose body goes through an encoder.
    mutating func finishReply(_ session: Int, _ head: consuming ByteBuffer, encoding body: consuming ByteBuffer) {
        let exchange = Int(sessions[session].exchange)
        exchanges[exchange].isAnswerComplete = false
        exchanges[exchange].responseBody = .length(0)
        encodings.feed(Int(exchanges[exchange].encoding), body, .finish)
        sessions[session].output = consume head
        // What comes out first joins the head in its packet.
        if flushOutput(session, moreFollows: true) { relayAnswer(session) }
    }

    /// Reads a part of the body, encodes it, and sends what comes out.
    mutating func readAnswerToEncode(_ session: Int, _ exchange: Int, _ upstream: Int) -> ResponseStep {
        var block = pool.takeLarge()
        var pauses = false
        switch upstreams[upstream].transport.receive(into: &block, atMost: Limits.readBytes) {
        case .bytes(let count):
            pauses = count < Limits.readBytes
            if pauses { upstreams[upstream].edges.noteDrained() }
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
            exchanges[exchange].responseBody = .length(0)
        case .failed:
            pool.give(block)
            cut(session)
            return .stops
        }
        upstreamTimers.set(upstream, now + exchanges[exchange].timeouts.responseMilliseconds)
        guard takeBodyToEncode(exchange, &block, pauses: pauses) else {
            pool.give(block)
            cut(session)
            return .stops
        }
        return sendEncoded(session, exchange, block)
    }

    /// Goes on with a part of the body for which there was no room.
    mutating func encodeOn(_ session: Int, _ exchange: Int) -> ResponseStep {
        var block = pool.takeLarge()
        guard encode(exchange, into: &block) else {
            pool.give(block)
            cut(session)
            return .stops
        }
        return sendEncoded(session, exchange, block)
    }

    /// Follows the body through `block`, and puts what the encoder makes of it in its place.
    ///
    /// - Parameter pauses: nothing more has come yet, so nothing is to be held back.
    /// - Returns: false where its framing is malformed, or it cannot be encoded.
    mutating func takeBodyToEncode(_ exchange: Int, _ block: inout ByteBuffer, pauses: Bool) -> Bool {
        guard removeFraming(exchange, &block) else { return false }
        let flushes = (pauses || exchanges[exchange].flushesAlways) && !block.isEmpty
        let operation: Encoder.Operation =
            exchanges[exchange].responseBody.isFinished ? .finish : flushes ? .flush : .goOn
        var part = pool.takeLarge()
        swap(&part, &block)
        encodings.feed(Int(exchanges[exchange].encoding), part, operation)
        return encode(exchange, into: &block)
    }

    /// Leaves of `block` what is content.
    private mutating func removeFraming(_ exchange: Int, _ block: inout ByteBuffer) -> Bool {
        if case .chunked = exchanges[exchange].responseBody { return unchunk(exchange, &block) }
        guard case .body(let count) = exchanges[exchange].responseBody.scan(block.bytes, from: 0) else { return false }
        if count < block.count {
            exchanges[exchange].keepsUpstream = false
            block.truncate(to: count)
        }
        return true
    }

    /// Fills `block`, which is empty, with what there is of the encoded body, as a chunk.
    private mutating func encode(_ exchange: Int, into block: inout ByteBuffer) -> Bool {
        let place = Int(exchanges[exchange].encoding)
        block.reset(startingAt: Self.chunkLineRoom)
        let limit = block.room - Self.chunkEndRoom
        guard encodings.encode(place, into: &block, atMost: limit, &pool) else { return false }
        exchanges[exchange].bodyBytes += block.count
        if block.count > 0 { block.makeChunk() }
        if encodings.isFinished(place) { block.append("0\r\n\r\n") }
        return true
    }

    mutating func sendEncoded(
        _ session: Int, _ exchange: Int, _ block: consuming ByteBuffer
    ) -> ResponseStep {
        var sent = true
        // What is held back to find better matches is nothing to send.
        if block.isEmpty { pool.give(block) } else { sent = send(session, block, nil) }
        return afterSendingEncoded(session, exchange, sent)
    }

    /// What follows when a part of the encoded answer was handed to the client's connection. One step in a turn has to do:
    /// to encode what one read brings takes longer than anything else.
    mutating func afterSendingEncoded(_ session: Int, _ exchange: Int, _ sent: Bool) -> ResponseStep {
        guard sent else { return .stops }
        let place = Int(exchanges[exchange].encoding)
        if encodings.isFinished(place) {
            completeAnswer(session)
            return .stops
        }
        // The upstream has done its part, however long the client takes.
        if exchanges[exchange].responseBody.isFinished { releaseUpstream(session) }
        if sessions[session].output == nil, !encodings.isHungry(place) || canReadOn(exchange) { enqueue(session) }
        return .stops
    }

    private func canReadOn(_ exchange: Int) -> Bool {
        let upstream = Int(exchanges[exchange].upstream)
        return exchanges[exchange].fileBody >= 0 || upstream >= 0 && upstreams[upstream].edges.contains(.readable)
    }

    /// The exchange has ended.
    mutating func endEncoding(_ place: Int32) {
        if place >= 0 { encodings.end(Int(place), &pool) }
    }
}
