@testable import ProxyCore

// As in `UpstreamFlow.swift` and `UpstreamConnections.swift`: how a request gets a line to an endpoint, and what becomes
// of the line.

extension SimulatedWorker {
    private static let patienceMilliseconds: Milliseconds = 300
    private static let askMilliseconds: Milliseconds = 10
    private static let silenceMilliseconds: Milliseconds = 3_000
    private static let lookMilliseconds: Milliseconds = 1_000

    // ---- pick endpoint, connect or reuse -------------------------------------------------------------------------------

    func attachUpstream(_ request: Request) {
        guard payForRetry(request) else { return waitOrReply(request) }
        if !request.isWaiting, !waiting.isEmpty, table.isLimited(0) { return waitOrReply(request) }
        request.seeker.mayProve = allowsAnother(request, after: .reset)
        let most = ProxyCore.Limits.attemptsMax
        for _ in 0..<2 * most where request.seeker.tried.count < most {
            let choice = table.pick(0, for: request.seeker, now)
            referee.chose(choice, for: request, in: self)
            switch choice {
            case .none: return waitOrReply(request)
            case .busy:
                askForConnections()
                return waitOrReply(request)
            case .place(let place): if attach(request, to: place) { return }
            }
        }
        waitOrReply(request)
    }

    private func attach(_ request: Request, to place: Int) -> Bool {
        let admission = table.begin(place)
        guard admission != .no, let stats = table[place].stats else { return false }
        referee.began(stats, isTrial: admission == .onTrial)
        let ready = request.needsFreshLine ? nil : takeIdle(place)
        guard let line = ready ?? openUpstream(place) else {
            table.end(place)
            if admission == .onTrial { table.trialEnded(place) }
            referee.ended(stats, isTrial: admission == .onTrial)
            request.seeker.tried.insert(table[place].number)
            return false
        }
        if request.isWaiting {
            stopWaiting(request)
            if request.failure == .noEndpoint { request.waitDeadline = nil }
            if table.isLimited(0) { wakeFirstWaiting() }
        }
        request.seeker.tried.insert(table[place].number)
        request.isOnTrial = admission == .onTrial
        request.outcome = .unknown
        request.line = line
        request.place = place
        request.isReused = line.requests > 0
        request.wasSent = false
        request.sent = now
        line.request = request
        line.requests += 1
        if line.state == .active { send(request, on: line) }
        return true
    }

    private func openUpstream(_ place: Int) -> Line? {
        guard table.connectionOpens(place), let stats = table[place].stats else { return nil }
        let line = Line(of: self, to: place, table[place].address, stats)
        referee.opened(line)
        table.connectBegan(place, until: now + Self.patienceMilliseconds)
        line.connectDeadline = now + timeouts.connectMilliseconds
        line.retires = table.capacity(of: place).connectionLife.end(from: now, spread: nextGeneration())
        setTimer(line, now + min(Self.patienceMilliseconds, timeouts.connectMilliseconds))
        connecting.append(line)
        world.connect(line)
        return line
    }

    private func send(_ request: Request, on line: Line) {
        request.wasSent = true
        if !request.isReused { request.freshSends += 1 }
        request.sent = now
        if !request.hasSmallBody { request.canReplay = false }
        setTimer(line, answerDeadline(request))
        world.send(request, on: line)
    }

    private func answerDeadline(_ request: Request) -> Instant {
        min(tryDeadline(request), now + Self.silenceMilliseconds)
    }

    private func tryDeadline(_ request: Request) -> Instant {
        let patience = timeouts.responseMilliseconds
        let isShort = settings.retries.tryMilliseconds < patience && request.canReplay
        return request.sent + (isShort ? settings.retries.tryMilliseconds : patience)
    }

    private func seemsToHang(_ request: Request) -> Bool {
        now >= request.sent + Self.silenceMilliseconds
            && table.seemsToHang(request.place, since: request.sent, isTrial: request.isOnTrial)
    }

    // ---- events --------------------------------------------------------------------------------------------------------

    func connectEnded(_ line: Line, succeeded: Bool) {
        guard line.state == .connecting, let request = line.request else { return }
        guard succeeded else { return connectFailed(request, .badGateway) }
        table.connectSucceeded(line.place)
        connecting.removeAll { $0 === line }
        line.state = .active
        send(request, on: line)
    }

    private func connectFailed(_ request: Request, _ reply: OwnReply) {
        request.outcome = .failed
        let isFirst = table.connectFailed(request.place, now)
        noteFailure(at: request.place, .connect)
        report(.connectFailed(reason: "refused", isFirst: isFirst), table[request.place].address)
        attemptFailed(request, .connect, reply)
    }

    func abandonConnects(to place: Int) {
        for line in connecting where line.place == place {
            if let request = line.request { attemptFailed(request, .connect, .badGateway) }
        }
    }

    /// The other side has ended it.
    func lineEnded(_ line: Line) {
        switch line.state {
        case .closed: break
        case .idle: close(line)
        case .connecting, .active:
            guard let request = line.request else { return }
            if line.state == .connecting {
                connectFailed(request, .badGateway)
            } else {
                attemptFailed(request, .reset, .badGateway)
            }
        }
    }

    func answerBegan(_ line: Line, status: Int, keeps: Bool) {
        guard let request = line.request else { return }
        noteAnswer(request, status: status, keepsConnection: keeps)
        if triesAnother(request, insteadOf: status) { return }
        referee.passedOn(status, to: request, in: self)
        request.canReplay = false
        request.isAnswered = true
        request.status = status
        setTimer(line, now + timeouts.responseMilliseconds)
    }

    func answerEnded(_ line: Line, keeps: Bool) {
        guard let request = line.request else { return }
        detachUpstream(request, reusable: keeps)
        end(request, .answered(request.status))
    }

    func upstreamExpired(_ line: Line) {
        guard let request = line.request else {
            if line.state == .idle { close(line) }
            return
        }
        if line.state == .connecting {
            if line.connectDeadline > now, !hasAlternative(request) {
                setTimer(line, line.connectDeadline)
            } else {
                connectFailed(request, .gatewayTimeout)
            }
            return
        }
        if request.isAnswered { return cut(request) }
        let seemsToHang = seemsToHang(request)
        if seemsToHang || now >= tryDeadline(request), mayAskAnother(request, after: .timeout) {
            return attemptFailed(request, .timeout, .gatewayTimeout)
        }
        let deadline = request.sent + timeouts.responseMilliseconds
        guard deadline > now else {
            noteFailure(request, .timeout)
            return reply(request, .gatewayTimeout)
        }
        if seemsToHang, request.outcome == .unknown { noteFailure(request, .timeout) }
        let nextLook = now < tryDeadline(request) ? min(tryDeadline(request), now + Self.lookMilliseconds) : deadline
        setTimer(line, min(nextLook, deadline))
    }

    private func setTimer(_ line: Line, _ moment: Instant) {
        clock.cancel(&line.timer)
        line.timer = clock.at(moment) { [unowned self] in upstreamExpired(line) }
    }

    // ---- after the request ---------------------------------------------------------------------------------------------

    func detachUpstream(_ request: Request, reusable: Bool) {
        guard let line = request.line else { return }
        request.line = nil
        line.request = nil
        table.end(line.place)
        referee.ended(line.stats, isTrial: request.isOnTrial)
        if request.isOnTrial { endTrial(request, line.place) }
        if reusable, staysOpen(line) { putIdle(line) } else { close(line) }
        if table.isLimited(0) {
            wakeFirstWaiting()
            wakePeers()
        }
    }

    private func staysOpen(_ line: Line) -> Bool {
        let life = table.capacity(of: line.place).connectionLife
        return !table[line.place].isRetired && now < line.retires
            && (life.requestsMax == 0 || line.requests < life.requestsMax)
    }

    private func putIdle(_ line: Line) {
        line.state = .idle
        idle[line.place, default: []].append(line)
        noteIdle(line.place)
        setTimer(line, now + timeouts.upstreamIdleMilliseconds)
    }

    private func takeIdle(_ place: Int) -> Line? {
        guard let line = idle[place]?.popLast() else { return nil }
        noteIdle(place)
        line.state = .active
        return line
    }

    /// The table only asks whether there is one.
    private func noteIdle(_ place: Int) {
        let count = Int32(idle[place]?.count ?? 0)
        table[place].firstIdle = count - 1
        table[place].idleCount = count
    }

    func close(_ line: Line) {
        if line.state == .idle {
            idle[line.place]?.removeAll { $0 === line }
            noteIdle(line.place)
        }
        if line.state == .connecting { connecting.removeAll { $0 === line } }
        line.state = .closed
        clock.cancel(&line.timer)
        line.replica?.forget(line)
        referee.closed(line)
        table.connectionClosed(line.place)
    }

    private func askForConnections() {
        guard settings.capacity.connectionsPerEndpointMax > 0, now - lastAsked >= Self.askMilliseconds else { return }
        lastAsked = now
        for peer in peers { clock.after(microseconds: 20) { peer.yieldConnections() } }
    }

    private func yieldConnections() {
        for place in idle.keys.sorted() { while let line = idle[place]?.last { close(line) } }
        wakePeers()
    }
}
