import CLinux

// How an exchange gets a connection to an endpoint, and what happens to that connection.

extension Worker {
    /// Attempts over fresh connections that may fail after a part of the request was sent: a request that kills whoever
    /// gets it must not be shown to every endpoint, and one that meets replicas which are just being stopped must find
    /// another.
    private static let sentAttemptsMax = 6
    /// A connect that takes longer is left for another endpoint where there is a sound one: on a network that works a
    /// connection comes about in less time, and an address that is gone often answers nothing.
    private static let patienceMilliseconds: Milliseconds = 300

    /// Failures that only repeat what is known are reported no more often than this.
    private static let reportMilliseconds: Milliseconds = 100

    // ---- pick endpoint, connect or reuse -------------------------------------------------------------------------------

    /// Finds an endpoint for the session's exchange and begins to send, or answers that there is none.
    mutating func attachUpstream(_ session: Int, failure: OwnReply = .badGateway) {
        let exchange = Int(sessions[session].exchange)
        let service = exchanges[exchange].service
        while exchanges[exchange].tried.count < Limits.attemptsMax {
            let tried = exchanges[exchange].tried
            guard
                let place = (tried.count > 0 ? endpoints.pick(service, .proven, excluding: tried, now) : nil)
                    ?? endpoints.pick(service, .sound, excluding: tried, now)
                    ?? endpoints.pick(service, .untried, excluding: tried, now)
            else { break }
            exchanges[exchange].tried.insert(place)
            if !exchanges[exchange].needsFreshConnection, let upstream = takeIdle(place) {
                attach(upstream, to: session, place)
                return relayRequest(session)
            }
            if let upstream = openUpstream(place) {
                attach(upstream, to: session, place)
                if upstreams[upstream].state == .active { relayRequest(session) }
                return
            }
        }
        guard endpoints.hasEndpoints(service) else { return reply(session, .noEndpoint) }
        if !waitForEndpoint(session, exchange) { reply(session, failure) }
    }

    // ---- wait for an endpoint --------------------------------------------------------------------------------------------

    /// How often a waiting request tries again by itself.
    private static let retryMilliseconds: Milliseconds = 100

    /// Every endpoint was tried in vain: the request waits a while for another snapshot, or for one of them to come up.
    ///
    /// - Returns: false where it has waited long enough.
    private mutating func waitForEndpoint(_ session: Int, _ exchange: Int) -> Bool {
        let deadline = exchanges[exchange].waitDeadline ?? now + settings.timeouts.queueMilliseconds
        guard now < deadline, waitingRequests < Limits.waitingRequestsMax, drain == nil else { return false }
        // Requests that were sent and died unanswered are worth one more round, not many: it may be the request.
        if exchanges[exchange].sentAttempts > exchanges[exchange].sentAttemptsBeforeWait {
            if exchanges[exchange].hasWaitedAfterSending { return false }
            exchanges[exchange].hasWaitedAfterSending = true
            exchanges[exchange].sentAttemptsBeforeWait = exchanges[exchange].sentAttempts
        }
        exchanges[exchange].waitDeadline = deadline
        exchanges[exchange].isWaiting = true
        waitingRequests += 1
        sessionTimers.set(session, now + Self.retryMilliseconds)
        return true
    }

    /// Tries all endpoints anew.
    mutating func attachAgain(_ session: Int) {
        let exchange = Int(sessions[session].exchange)
        stopWaiting(exchange)
        exchanges[exchange].tried = TriedEndpoints()
        let isFinished = exchanges[exchange].requestBody.isFinished
        sessionTimers.set(session, isFinished ? nil : now + settings.timeouts.bodyMilliseconds)
        attachUpstream(session)
    }

    mutating func stopWaiting(_ exchange: Int) {
        guard exchanges[exchange].isWaiting else { return }
        exchanges[exchange].isWaiting = false
        waitingRequests -= 1
    }

    /// A new snapshot may know somebody for those that wait.
    mutating func wakeWaiting() {
        guard waitingRequests > 0 else { return }
        for session in 0..<sessions.highWater where sessions[session].phase == .exchange {
            if exchanges[Int(sessions[session].exchange)].isWaiting { enqueue(session) }
        }
    }

    private mutating func attach(_ upstream: Int, to session: Int, _ place: Int) {
        let exchange = Int(sessions[session].exchange)
        upstreams[upstream].session = Int32(session)
        exchanges[exchange].upstream = Int32(upstream)
        exchanges[exchange].endpoint = Int32(place)
        exchanges[exchange].endpointAddress = endpoints[place].address
        exchanges[exchange].isReused = upstreams[upstream].requests > 0
        exchanges[exchange].sentOnConnection = 0
        exchanges[exchange].sent = now
        upstreams[upstream].requests &+= 1
        endpoints.requestBegan(place)
    }

    /// Begins a connection to the endpoint, or notes that it cannot be had and answers nil.
    private mutating func openUpstream(_ place: Int) -> Int? {
        if descriptorsUsed >= settings.descriptorsMax { closeOneIdleUpstream() }
        let address = endpoints[place].address
        let descriptor = clx_socket(address.isIPv6 ? 1 : 0, Int32(SOCK_STREAM.rawValue))
        guard descriptor >= 0 else {
            sayOutOfDescriptors()
            return nil
        }
        _ = clx_set_option(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
        endpoints.connectBegan(place, until: now + Self.patienceMilliseconds)
        let result = clx_connect(descriptor, address.raw)
        guard result == 0 || result == -EINPROGRESS else {
            _ = clx_close(descriptor)
            noteConnectFailure(place, code: -result)
            return nil
        }
        var upstream = UpstreamConnection()
        upstream.transport = Transport(descriptor: descriptor)
        upstream.generation = nextGeneration()
        upstream.state = result == 0 ? .active : .connecting
        if result == 0 { upstream.edges = .writable }
        upstream.endpoint = Int32(place)
        upstream.idleMilliseconds = settings.timeouts.upstreamIdleMilliseconds
        upstream.connectDeadline = now + settings.timeouts.connectMilliseconds
        guard let slot = upstreams.insert(upstream) else {
            _ = clx_close(descriptor)
            return nil
        }
        endpoints.connectionOpened(place)
        if result == 0 { endpoints.connectSucceeded(place) }
        guard poller.watchConnection(descriptor, Token(.upstream, slot: slot, generation: upstream.generation))
        else {
            closeUpstream(slot)
            return nil
        }
        upstreamTimers.set(slot, now + min(Self.patienceMilliseconds, settings.timeouts.connectMilliseconds))
        return slot
    }

    private mutating func noteConnectFailure(_ place: Int, code: Int32) {
        let isFirst = endpoints.connectFailed(place, now)
        guard isFirst || now - lastConnectReport >= Self.reportMilliseconds else { return }
        lastConnectReport = now
        let reason = SystemError(call: "connect", code: code).reason
        reports.connectFailed(endpoints[place].service, endpoints[place].address, reason, isFirst)
    }

    // ---- events --------------------------------------------------------------------------------------------------------

    mutating func upstreamReady(_ token: Token, _ readiness: Readiness) {
        let upstream = token.slot
        guard upstream < upstreams.highWater, token.isFor(generation: upstreams[upstream].generation) else { return }
        upstreams[upstream].edges.note(readiness)
        let session = Int(upstreams[upstream].session)
        switch upstreams[upstream].state {
        case .vacant: break
        case .idle:
            // The server closes it, or sends what nobody asked for.
            if upstreams[upstream].edges.contains(.readable) { closeUpstream(upstream) }
        case .connecting: finishConnect(upstream, session)
        case .active:
            if sessions[session].phase == .tunnel { return relayTunnel(session) }
            if hasRequestToSend(session) { relayRequest(session) }
            if upstreams[upstream].session == Int32(session), sessions[session].phase == .exchange {
                relayAnswer(session)
            }
        }
    }

    /// Idle connections that end, or bring what nobody asked for, in this turn's events are closed before any request of
    /// the same turn can pick them.
    mutating func closeEndedIdleUpstreams(among count: Int) {
        for index in 0..<count {
            let (token, readiness) = poller[index]
            guard token.kind == .upstream, !readiness.isDisjoint(with: [.readable, .peerEnded, .broken]) else {
                continue
            }
            let upstream = token.slot
            if upstream < upstreams.highWater, token.isFor(generation: upstreams[upstream].generation),
                upstreams[upstream].state == .idle
            {
                closeUpstream(upstream)
            }
        }
    }

    private mutating func finishConnect(_ upstream: Int, _ session: Int) {
        guard !upstreams[upstream].edges.isDisjoint(with: [.writable, .broken]) else { return }
        let error = clx_get_option(upstreams[upstream].transport.descriptor, SOL_SOCKET, SO_ERROR)
        guard error == 0 else { return connectFailed(session, code: abs(error)) }
        endpoints.connectSucceeded(Int(upstreams[upstream].endpoint))
        upstreams[upstream].state = .active
        relayRequest(session)
    }

    private mutating func connectFailed(_ session: Int, code: Int32) {
        let exchange = Int(sessions[session].exchange)
        noteConnectFailure(Int(exchanges[exchange].endpoint), code: code)
        attemptFailed(session, code == ETIMEDOUT ? .gatewayTimeout : .badGateway)
    }

    // ---- time ----------------------------------------------------------------------------------------------------------

    mutating func upstreamExpired(_ upstream: Int) {
        let session = Int(upstreams[upstream].session)
        switch upstreams[upstream].state {
        case .vacant: break
        case .idle: closeUpstream(upstream)
        case .connecting:
            let exchange = Int(sessions[session].exchange)
            let service = exchanges[exchange].service
            let deadline = upstreams[upstream].connectDeadline
            if deadline > now, !endpoints.hasAlternative(service, excluding: exchanges[exchange].tried, now) {
                upstreamTimers.set(upstream, deadline)
            } else {
                connectFailed(session, code: ETIMEDOUT)
            }
        case .active:
            let exchange = Int(sessions[session].exchange)
            if exchanges[exchange].isAnswered { cut(session) } else { reply(session, .gatewayTimeout) }
        }
    }

    // ---- failure -------------------------------------------------------------------------------------------------------

    /// The present attempt has failed before an answer came: tries another endpoint where that cannot do a thing twice,
    /// else answers with `failure`.
    mutating func attemptFailed(_ session: Int, _ failure: OwnReply) {
        let exchange = Int(sessions[session].exchange)
        if exchanges[exchange].isAnswered { return cut(session) }
        let wasSent = exchanges[exchange].sentOnConnection > 0
        // A reused connection that was dead says little of its endpoint, which may be tried again, but not by another.
        if exchanges[exchange].isReused { exchanges[exchange].tried = TriedEndpoints() }
        exchanges[exchange].needsFreshConnection = true
        detachUpstream(session, reusable: false)
        pool.give(exchanges[exchange].answer.take())
        if wasSent, !exchanges[exchange].isReused { exchanges[exchange].sentAttempts += 1 }
        // RFC 9110 section 9.2.2: what was sent may have been processed, so only an idempotent request is sent again.
        let canRetry =
            exchanges[exchange].canReplay
            && (!wasSent
                || exchanges[exchange].isIdempotent && exchanges[exchange].sentAttempts < Self.sentAttemptsMax)
        guard canRetry else { return reply(session, failure) }
        exchanges[exchange].headSent = Int(exchanges[exchange].logged.headStart)
        exchanges[exchange].bodySent = 0
        exchanges[exchange].requestAbandoned = false
        attachUpstream(session, failure: failure)
    }

    // ---- release -------------------------------------------------------------------------------------------------------

    /// Ends the exchange's use of its connection, which becomes idle where it is `reusable`.
    mutating func detachUpstream(_ session: Int, reusable: Bool) {
        let exchange = Int(sessions[session].exchange)
        let upstream = Int(exchanges[exchange].upstream)
        guard upstream >= 0 else { return }
        exchanges[exchange].upstream = -1
        upstreams[upstream].session = -1
        let place = Int(upstreams[upstream].endpoint)
        endpoints.requestEnded(place)
        // The last read took just what was left of a body, so it did not show whether anything comes behind it.
        if reusable, upstreams[upstream].edges == [.readable, .writable], !upstreams[upstream].transport.hasInput {
            upstreams[upstream].edges.remove(.readable)
        }
        let staysOpen =
            reusable && drain == nil && !endpoints[place].isRetired
            && upstreams[upstream].edges.isDisjoint(with: [.readable, .peerEnded, .broken])
            && endpoints[place].idleCount < Limits.idleConnectionsPerEndpointMax
            && upstreams[upstream].idleMilliseconds > 0
        if staysOpen { putIdle(upstream, place) } else { closeUpstream(upstream) }
    }

    private mutating func putIdle(_ upstream: Int, _ place: Int) {
        let first = endpoints[place].firstIdle
        upstreams[upstream].state = .idle
        upstreams[upstream].nextIdle = first
        upstreams[upstream].previousIdle = -1
        if first >= 0 { upstreams[Int(first)].previousIdle = Int32(upstream) }
        endpoints[place].firstIdle = Int32(upstream)
        endpoints[place].idleCount += 1
        upstreamTimers.set(upstream, now + upstreams[upstream].idleMilliseconds)
    }

    /// The idle connection that was used last: the others can age and close.
    private mutating func takeIdle(_ place: Int) -> Int? {
        let upstream = Int(endpoints[place].firstIdle)
        guard upstream >= 0 else { return nil }
        unlinkIdle(upstream)
        upstreams[upstream].state = .active
        return upstream
    }

    private mutating func unlinkIdle(_ upstream: Int) {
        let place = Int(upstreams[upstream].endpoint)
        let next = upstreams[upstream].nextIdle
        let previous = upstreams[upstream].previousIdle
        if next >= 0 { upstreams[Int(next)].previousIdle = previous }
        if previous >= 0 { upstreams[Int(previous)].nextIdle = next } else { endpoints[place].firstIdle = next }
        endpoints[place].idleCount -= 1
    }

    /// Closes a connection that serves nobody.
    mutating func closeUpstream(_ upstream: Int) {
        if upstreams[upstream].state == .idle { unlinkIdle(upstream) }
        let place = Int(upstreams[upstream].endpoint)
        upstreamTimers.set(upstream, nil)
        upstreams[upstream].transport.close()
        upstreams.remove(upstream)
        endpoints.connectionClosed(place)
    }

    /// Makes room for a connection that is needed now.
    private mutating func closeOneIdleUpstream() {
        for upstream in 0..<upstreams.highWater where upstreams[upstream].state == .idle {
            return closeUpstream(upstream)
        }
    }
}
