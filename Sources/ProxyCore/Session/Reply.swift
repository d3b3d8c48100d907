import CLinux

// The answers that the balancer gives itself: refusals, errors and their pages, and what a route says as it stands.

extension Worker {
    // ---- without an exchange -------------------------------------------------------------------------------------------

    /// Refuses a head that makes no exchange; the connection closes, because what follows cannot be told apart.
    mutating func refuse(_ session: Int, _ input: consuming ByteBuffer, _ reply: OwnReply) {
        pool.give(input)
        log.appendRefusal(UInt16(reply.status), from: sessions[session].peer, now)
        var out = pool.take(holding: Limits.headGrowthBytesMax)
        reply.write(to: &out, .close, lines: RawSpan(), withBody: true)
        sessions[session].output = consume out
        sessions[session].phase = .flushing
        sessionTimers.set(session, now + Self.lingerMilliseconds)
        flushAndClose(session)
    }

    // ---- instead of the upstream's answer ------------------------------------------------------------------------------

    /// Answers the session's exchange ourselves, with the page that its route has for that. No part of another answer was
    /// sent.
    mutating func reply(_ session: Int, _ reply: OwnReply) {
        let exchange = Int(sessions[session].exchange)
        if let page = errorPage(exchange, for: reply.status, ofUpstream: false) {
            return self.reply(session, page, to: reply.status)
        }
        guard var out = beginReply(session, status: reply.status, bodyBytes: 0) else { return }
        exchanges[exchange].bodyBytes = reply.write(
            to: &out, connectionField(exchange), lines: exchanges[exchange].answerLines.bytes,
            withBody: !exchanges[exchange].isHead)
        finishReply(session, out)
    }

    /// The upstream's answer cannot be understood.
    mutating func replyToBadAnswer(_ session: Int) {
        noteFailure(Int(sessions[session].exchange), .malformed)
        reply(session, .badGateway)
    }

    /// The page that the route has for an answer of this status, if any.
    func errorPage(_ exchange: Int, for status: Int, ofUpstream: Bool) -> CompiledErrorPage? {
        guard exchanges[exchange].traits.contains(.errorPages) else { return nil }
        return rule(of: exchange).details.errorPages.first { $0.covers(status, ofUpstream: ofUpstream) }
    }

    /// Sends an error page instead of an answer of `status`.
    mutating func reply(_ session: Int, _ page: CompiledErrorPage, to status: Int) {
        reply(session, status: page.status ?? status, contentType: page.contentType, body: page.body)
    }

    /// An error page takes over from the upstream's answer, at the front of `block`, what its status requires it to say: how
    /// to log in, which methods there are, how large the whole is, when to come back, where it went.
    mutating func keepRequiredLines(_ exchange: Int, _ block: borrowing ByteBuffer) {
        for index in 0..<responseHead.fields.count {
            let line = responseHead.fields[index]
            if block.bytes.isRequiredName(line.nameRange) {
                addAnswerLines(exchange, block.bytes.extracting(line.line))
            }
        }
    }

    /// Adds lines to those that the route adds to the answer, as far as there is room.
    mutating func addAnswerLines(_ exchange: Int, _ lines: RawSpan) {
        guard !lines.isEmpty, exchanges[exchange].answerLines.count + lines.byteCount <= Limits.addedLinesBytesMax
        else {
            return
        }
        var joined = pool.takeLarge()
        joined.append(exchanges[exchange].answerLines.bytes)
        joined.append(lines)
        pool.give(exchanges[exchange].answerLines.take())
        exchanges[exchange].answerLines = pool.park(joined) ?? ByteBuffer()
    }

    // ---- as the route says ---------------------------------------------------------------------------------------------

    mutating func replyAsRouteSays(_ session: Int) {
        let exchange = Int(sessions[session].exchange)
        guard let reply = rule(of: exchange).details.reply else { return self.reply(session, .notFound) }
        if reply.closesSilently {
            exchanges[exchange].status = reply.status
            return abort(session)
        }
        if reply.isBare, let page = errorPage(exchange, for: reply.status, ofUpstream: false) {
            return self.reply(session, page, to: reply.status)
        }
        self.reply(session, status: reply.status, contentType: reply.contentType, body: reply.body)
    }

    /// Sends a whole answer. Where the exchange has a body of its own, rendered for this request, that is sent.
    mutating func reply(_ session: Int, status: Int, contentType: [UInt8], body: [UInt8]) {
        let exchange = Int(sessions[session].exchange)
        let length = exchanges[exchange].ownBody.isEmpty ? body.count : exchanges[exchange].ownBody.count
        let edits =
            exchanges[exchange].traits.contains(.compression)
            ? beginEncoding(exchange, status: status, contentType: contentType, length: length) : AnswerEdits()
        guard var out = beginReply(session, status: status, bodyBytes: length) else { return }
        let mayHaveBody = status >= 200 && status != 204 && status != 304
        let hasLength = mayHaveBody && edits.coding == nil
        unsafe OwnHead.begin(
            status: status, contentType: contentType.span.bytes, length: hasLength ? length : nil, to: &out)
        // Who answers without an upstream is the origin (RFC 9110 section 6.6.1).
        date.update(now, second: clx_realtime_seconds())
        date.write(to: &out)
        out.append(exchanges[exchange].answerLines.bytes)
        edits.writeOwn(withBody: !exchanges[exchange].isHead, to: &out)
        OwnHead.end(connectionField(exchange), to: &out)
        guard mayHaveBody, !exchanges[exchange].isHead else { return finishReply(session, out) }
        guard edits.coding == nil else {
            var content = pool.take(holding: length)
            exchanges[exchange].writeOwnBody(or: body, to: &content)
            return finishReply(session, out, encoding: content)
        }
        exchanges[exchange].writeOwnBody(or: body, to: &out)
        exchanges[exchange].bodyBytes = length
        finishReply(session, out)
    }

    // ---- the two ends of a reply ---------------------------------------------------------------------------------------

    /// Ends what else the exchange was about.
    ///
    /// - Returns: what the answer is to be appended to; nil where the session had to end.
    mutating func beginReply(_ session: Int, status: Int, bodyBytes: Int) -> ByteBuffer? {
        let exchange = Int(sessions[session].exchange)
        detachUpstream(session, reusable: false)
        stopWaiting(exchange)
        // The rest of a body that nobody reads would be taken for the next request.
        if drain != nil || !exchanges[exchange].requestBody.isFinished { exchanges[exchange].closesClient = true }
        exchanges[exchange].isAnswered = true
        exchanges[exchange].isAnswerComplete = true
        exchanges[exchange].status = status
        let needed = Limits.headGrowthBytesMax + exchanges[exchange].answerLines.count + bodyBytes
        // Interim answers that the client has not taken yet go first.
        guard let waiting = sessions[session].output.take() else { return pool.take(holding: needed) }
        let out = pool.enlarge(waiting)
        guard out.room >= needed else {
            pool.give(out)
            cut(session)
            return nil
        }
        return out
    }

    mutating func finishReply(_ session: Int, _ out: consuming ByteBuffer) {
        sessions[session].output = consume out
        if flushOutput(session) { finishExchange(session) }
    }

    /// What an answer says of the client's connection.
    func connectionField(_ exchange: Int) -> HeadWriter.ConnectionField {
        if exchanges[exchange].closesClient { return .close }
        return exchanges[exchange].minorVersion == 0 ? .keepAlive : .unsaid
    }
}

extension Exchange {
    /// Appends the body that was rendered for this request; where there is none, `body`.
    fileprivate func writeOwnBody(or body: [UInt8], to out: inout ByteBuffer) {
        if ownBody.isEmpty { unsafe out.append(body.span.bytes) } else { out.append(ownBody.bytes) }
    }
}

extension RawSpan {
    /// RFC 9110 sections 10.2, 11.6, 11.7 and 15: fields that say what an answer of some status is about.
    fileprivate func isRequiredName(_ name: Range<Int>) -> Bool {
        equals(name, ignoringCase: "www-authenticate") || equals(name, ignoringCase: "proxy-authenticate")
            || equals(name, ignoringCase: "allow") || equals(name, ignoringCase: "content-range")
            || equals(name, ignoringCase: "retry-after") || equals(name, ignoringCase: "location")
    }
}
