import CLinux

// How exchanges and sessions end: with the whole answer, by a cut, by time, by a drain.

extension Worker {
    // ---- the end of an exchange ------------------------------------------------------------------------------------------

    /// The whole answer came: the upstream is free, and the exchange ends when the client has taken everything.
    mutating func completeAnswer(_ session: Int) {
        let exchange = Int(sessions[session].exchange)
        exchanges[exchange].isAnswerComplete = true
        releaseUpstream(session)
        if sessions[session].output == nil { finishExchange(session) }
    }

    /// Nothing more of the answer is to come from the upstream, which may serve another request.
    mutating func releaseUpstream(_ session: Int) {
        let exchange = Int(sessions[session].exchange)
        let isRequestComplete = isRequestSent(exchange) && !exchanges[exchange].requestAbandoned
        detachUpstream(session, reusable: exchanges[exchange].keepsUpstream && isRequestComplete)
    }

    /// The client has taken the whole answer: the next request, or the end of the connection.
    mutating func finishExchange(_ session: Int) {
        let exchange = Int(sessions[session].exchange)
        let isRequestComplete = exchanges[exchange].requestBody.isFinished
        let closes = exchanges[exchange].closesClient || !isRequestComplete
        consumeBody(session, exchange, exchanges[exchange].bodyReady)
        endExchange(session)
        guard !closes else { return closeAfterAnswer(session, moreMayCome: !isRequestComplete) }
        sessions[session].phase = .idle
        sessionTimers.set(
            session, now + (drain == nil ? timeouts.idleMilliseconds : Self.drainIdleMilliseconds))
        if sessions[session].input != nil || sessions[session].edges.contains(.readable) { enqueue(session) }
    }

    /// Logs the exchange and gives back what it held.
    mutating func endExchange(_ session: Int) {
        let place = Int(sessions[session].exchange)
        stopWaiting(place)
        settleBudget(place)
        letGoOfPlan(place)
        sessions[session].exchange = -1
        var exchange = exchanges.remove(place)
        if !exchange.traits.contains(.unlogged) { log.append(exchange, from: sessions[session].peer, now) }
        pool.give(exchange.head.take())
        pool.give(exchange.answer.take())
        pool.give(exchange.answerLines.take())
        pool.give(exchange.ownBody.take())
        endFileBody(exchange)
        if let pipe = exchange.pipe { pipes.give(pipe) }
        endEncoding(exchange.encoding)
    }

    /// A part of the answer was sent and the rest will not come: the client must not take it for the whole, so its
    /// connection is reset.
    mutating func cut(_ session: Int) {
        detachUpstream(session, reusable: false)
        endExchange(session)
        closeSession(session, withReset: true)
    }

    /// The client is gone.
    mutating func abort(_ session: Int) {
        if sessions[session].exchange >= 0 {
            detachUpstream(session, reusable: false)
            endExchange(session)
        }
        closeSession(session)
    }

    // ---- the end of a session --------------------------------------------------------------------------------------------

    /// How long a connection lingers for its client to take the answer.
    static let lingerMilliseconds: Milliseconds = 5_000
    /// How long a drain leaves an idle connection open: a request that is on its way then finds us.
    private static let drainIdleMilliseconds: Milliseconds = 500

    /// Closes at once where nothing is left that could turn the close into a reset, else lingers.
    private mutating func closeAfterAnswer(_ session: Int, moreMayCome: Bool) {
        let hasInput = sessions[session].input != nil || sessions[session].edges.contains(.readable)
        guard hasInput || moreMayCome || drain != nil else { return closeSession(session) }
        pool.give(sessions[session].input.take())
        sessions[session].transport.endSending()
        sessions[session].phase = .lingering
        sessionTimers.set(session, now + Self.lingerMilliseconds)
        discardInput(session)
    }

    mutating func flushAndClose(_ session: Int) {
        guard flushOutput(session) else { return }
        closeAfterAnswer(session, moreMayCome: true)
    }

    mutating func discardInput(_ session: Int) {
        while sessions[session].edges.contains(.readable) {
            var block = pool.takeLarge()
            let received = sessions[session].transport.receive(into: &block, atMost: Limits.readBytes)
            pool.give(block)
            switch received {
            case .bytes(let count):
                if count < Limits.readBytes { sessions[session].edges.noteDrained() }
                sessions[session].lingerBytes += Int32(count)
                if sessions[session].lingerBytes > Limits.lingerBytesMax { return closeSession(session) }
            case .wouldBlock: sessions[session].edges.remove(.readable)
            case .end, .failed: return closeSession(session)
            }
        }
    }

    mutating func closeSession(_ session: Int, withReset: Bool = false) {
        sessionTimers.set(session, nil)
        pool.give(sessions[session].input.take())
        pool.give(sessions[session].output.take())
        if withReset { sessions[session].transport.reset() } else { sessions[session].transport.close() }
        sessions.remove(session)
        team.sessionClosed(index)
        if acceptResumes != nil { resumeAccepting() }
    }

    // ---- time ------------------------------------------------------------------------------------------------------------

    mutating func expireDeadlines() {
        while let session = sessionTimers.nextExpired(now) { sessionExpired(session) }
        while let upstream = upstreamTimers.nextExpired(now) { upstreamExpired(upstream) }
    }

    private mutating func sessionExpired(_ session: Int) {
        switch sessions[session].phase {
        case .vacant: break
        case .idle, .lingering, .flushing: closeSession(session)
        case .head:
            let input = sessions[session].input.take() ?? pool.takeLarge()
            refuse(session, input, .requestTimeout)
        case .exchange:
            let exchange = Int(sessions[session].exchange)
            if exchanges[exchange].isWaiting { return attachAgain(session) }
            if exchanges[exchange].ticket != 0 { return stopWaitingForVerdict(session) }
            if exchanges[exchange].isAnswered || sessions[session].output != nil { return cut(session) }
            if sessions[session].edges.contains(.peerEnded) { return abort(session) }
            exchanges[exchange].closesClient = true
            reply(session, .requestTimeout)
        case .tunnel: cut(session)
        }
    }

    // ---- drain -----------------------------------------------------------------------------------------------------------

    /// Stops taking connections, lets running requests end, and idle clients go.
    mutating func beginDrain(_ milliseconds: Milliseconds) {
        guard drain == nil else { return }
        drain = Drain(began: now, deadline: now + milliseconds)
        closeListeners()
        for session in 0..<sessions.highWater where sessions[session].phase == .idle {
            sessionTimers.set(session, now + Self.drainIdleMilliseconds)
        }
        for upstream in 0..<upstreams.highWater where upstreams[upstream].state == .idle { closeUpstream(upstream) }
    }

    /// True where nothing is left to wait for. A process that ends takes along what the kernel has not sent yet, so
    /// connections that are closing are waited for until their clients have acknowledged everything.
    mutating func isDrained() -> Bool {
        guard let drain else { return false }
        for session in 0..<sessions.highWater where sessions[session].phase == .lingering {
            if sessions[session].transport.unsentCount == 0 { closeSession(session) }
        }
        return sessions.count == 0 || now >= drain.deadline
    }
}
