import CLinux

// How an exchange gets a connection to an endpoint, and what happens to that connection.

extension Worker {
    /// A connect that takes longer is left for another endpoint where there is a sound one: on a network that works a
    /// connection comes about in less time, and an address that is gone often answers nothing.
    private static let patienceMilliseconds: Milliseconds = 300

    /// Failures that only repeat what is known are reported no more often than this.
    private static let reportMilliseconds: Milliseconds = 100

    // ---- pick endpoint, connect or reuse -------------------------------------------------------------------------------

    /// Finds an endpoint for the session's exchange and begins to send, or lets it wait for one.
    mutating func attachUpstream(_ session: Int) {
        let exchange = Int(sessions[session].exchange)
        let service = exchanges[exchange].service
        guard payForRetry(exchange) else { return waitOrReply(session) }
        // Where endpoints are limited, those that wait come first.
        if !exchanges[exchange].isWaiting, traffic[service].waiting.count > 0, endpoints.isLimited(service) {
            return waitOrReply(session)
        }
        // Who tries an endpoint whose ejection has just run out is served by another if that fails.
        exchanges[exchange].seeker.mayProve = allowsAnother(exchange, after: .reset)
        // Each round excludes an endpoint, but for one that another worker has just filled.
        for _ in 0..<2 * Limits.attemptsMax where exchanges[exchange].seeker.tried.count < Limits.attemptsMax {
            switch endpoints.pick(service, for: exchanges[exchange].seeker, now) {
            case .none: return waitOrReply(session)
            case .busy:
                askForConnections(service)
                return waitOrReply(session)
            case .place(let place): if attach(session, to: place) { return }
            }
        }
        waitOrReply(session)
    }

    /// - Returns: false where the endpoint cannot be had, so that another is to be picked.
    private mutating func attach(_ session: Int, to place: Int) -> Bool {
        let exchange = Int(sessions[session].exchange)
        let admission = endpoints.begin(place)
        guard admission != .no else { return false }
        let idle = exchanges[exchange].needsFreshConnection ? nil : takeIdle(place)
        guard let upstream = idle ?? openUpstream(place) else {
            endpoints.end(place)
            if admission == .onTrial { endpoints.trialEnded(place) }
            exchanges[exchange].seeker.tried.insert(endpoints[place].number)
            return false
        }
        if exchanges[exchange].isWaiting {
            stopWaiting(exchange)
            // The time in an empty pool is not held against the first endpoint that it gets.
            if exchanges[exchange].failure == .noEndpoint { exchanges[exchange].waitDeadline = nil }
            let isFinished = exchanges[exchange].requestBody.isFinished
            sessionTimers.set(session, isFinished ? nil : now + exchanges[exchange].timeouts.bodyMilliseconds)
            // Where there was room for one there may be room for the next.
            if endpoints.isLimited(exchanges[exchange].service) { wakeFirstWaiting(exchanges[exchange].service) }
        }
        exchanges[exchange].seeker.tried.insert(endpoints[place].number)
        exchanges[exchange].isOnTrial = admission == .onTrial
        exchanges[exchange].outcome = .unknown
        exchanges[exchange].upstream = Int32(upstream)
        exchanges[exchange].endpoint = Int32(place)
        exchanges[exchange].endpointAddress = endpoints[place].address
        exchanges[exchange].isReused = upstreams[upstream].requests > 0
        exchanges[exchange].sentOnConnection = 0
        exchanges[exchange].sent = now
        upstreams[upstream].session = Int32(session)
        upstreams[upstream].requests &+= 1
        if upstreams[upstream].state == .active { relayRequest(session) }
        return true
    }

    /// Begins a connection to the endpoint, or notes that it cannot be had and answers nil.
    private mutating func openUpstream(_ place: Int) -> Int? {
        if descriptorsUsed >= descriptorsMax { closeOneIdleUpstream() }
        guard endpoints.connectionOpens(place) else { return nil }
        let address = endpoints[place].address
        let descriptor = clx_socket(address.isIPv6 ? 1 : 0, Int32(SOCK_STREAM.rawValue))
        guard descriptor >= 0 else {
            endpoints.connectionClosed(place)
            sayOutOfDescriptors()
            return nil
        }
        _ = clx_set_option(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
        endpoints.connectBegan(place, until: now + Self.patienceMilliseconds)
        let result = clx_connect(descriptor, address.raw)
        guard result == 0 || result == -EINPROGRESS else {
            _ = clx_close(descriptor)
            noteConnectFailure(place, code: -result)
            endpoints.connectionClosed(place)
            return nil
        }
        var upstream = UpstreamConnection()
        upstream.transport = Transport(descriptor: descriptor)
        upstream.generation = nextGeneration()
        upstream.state = result == 0 ? .active : .connecting
        if result == 0 { upstream.edges = .writable }
        upstream.endpoint = Int32(place)
        upstream.idleMilliseconds = timeouts.upstreamIdleMilliseconds
        upstream.connectDeadline = now + timeouts.connectMilliseconds
        upstream.retires = endpoints.capacity(of: place).connectionLife.end(
            from: now, spread: UInt64(upstream.generation))
        guard let slot = upstreams.insert(upstream) else {
            _ = clx_close(descriptor)
            endpoints.connectionClosed(place)
            return nil
        }
        if result == 0 { endpoints.connectSucceeded(place) }
        guard poller.watchConnection(descriptor, Token(.upstream, slot: slot, generation: upstream.generation))
        else {
            closeUpstream(slot)
            return nil
        }
        upstreamTimers.set(slot, now + min(Self.patienceMilliseconds, timeouts.connectMilliseconds))
        return slot
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
        exchanges[exchange].outcome = .failed
        noteConnectFailure(Int(exchanges[exchange].endpoint), code: code)
        attemptFailed(session, .connect, code == ETIMEDOUT ? .gatewayTimeout : .badGateway)
    }

    /// The endpoint has left: who is still being connected to it had better go elsewhere.
    mutating func abandonConnects(to place: Int) {
        for upstream in 0..<upstreams.highWater
        where upstreams[upstream].state == .connecting && upstreams[upstream].endpoint == Int32(place) {
            attemptFailed(Int(upstreams[upstream].session), .connect, .badGateway)
        }
    }

    /// DNS is asked again, and the event log says once that the endpoint fails.
    private mutating func noteConnectFailure(_ place: Int, code: Int32) {
        let isFirst = endpoints.connectFailed(place, now)
        noteFailure(at: place, .connect)
        guard isFirst || now - lastConnectReport >= Self.reportMilliseconds else { return }
        lastConnectReport = now
        let reason = SystemError(call: "connect", code: code).reason
        report(place, .connectFailed(reason: reason, isFirst: isFirst))
    }

    // ---- time ----------------------------------------------------------------------------------------------------------

    mutating func upstreamExpired(_ upstream: Int) {
        let session = Int(upstreams[upstream].session)
        switch upstreams[upstream].state {
        case .vacant: break
        case .idle: closeUpstream(upstream)
        case .connecting:
            let exchange = Int(sessions[session].exchange)
            let deadline = upstreams[upstream].connectDeadline
            if deadline > now, !hasAlternative(exchange) {
                upstreamTimers.set(upstream, deadline)
            } else {
                connectFailed(session, code: ETIMEDOUT)
            }
        case .active:
            let exchange = Int(sessions[session].exchange)
            if exchanges[exchange].isAnswered { return cut(session) }
            let seemsToHang = seemsToHang(exchange)
            if seemsToHang || now >= tryDeadline(exchange), mayAskAnother(exchange, after: .timeout) {
                return attemptFailed(session, .timeout, .gatewayTimeout)
            }
            let deadline = exchanges[exchange].sent + exchanges[exchange].timeouts.responseMilliseconds
            guard deadline > now else {
                noteFailure(exchange, .timeout)
                return reply(session, .gatewayTimeout)
            }
            // It has to wait here, but others need not come here too.
            if seemsToHang, exchanges[exchange].outcome == .unknown { noteFailure(exchange, .timeout) }
            let nextLook =
                now < tryDeadline(exchange) ? min(tryDeadline(exchange), now + Self.lookMilliseconds) : deadline
            upstreamTimers.set(upstream, min(nextLook, deadline))
        }
    }

    /// After so much silence it is asked whether the endpoint hangs, and then again each second.
    private static let silenceMilliseconds: Milliseconds = 3_000
    private static let lookMilliseconds: Milliseconds = 1_000

    /// When the upstream's silence is looked at for the first time.
    @inline(__always)
    func answerDeadline(_ exchange: Int) -> Instant { min(tryDeadline(exchange), now + Self.silenceMilliseconds) }

    /// When the upstream is given up for its silence: soon, where another could be asked instead.
    @inline(__always)
    private func tryDeadline(_ exchange: Int) -> Instant {
        let patience = exchanges[exchange].timeouts.responseMilliseconds
        let tryPatience = exchanges[exchange].retries.tryMilliseconds
        let isShort = tryPatience < patience && exchanges[exchange].canReplay
        return exchanges[exchange].sent + (isShort ? tryPatience : patience)
    }

    /// The whole request was sent some time ago, and its endpoint looks as if it answered nobody.
    private func seemsToHang(_ exchange: Int) -> Bool {
        now >= exchanges[exchange].sent + Self.silenceMilliseconds && isRequestSent(exchange)
            && endpoints.seemsToHang(
                Int(exchanges[exchange].endpoint), since: exchanges[exchange].sent,
                isTrial: exchanges[exchange].isOnTrial)
    }
}
