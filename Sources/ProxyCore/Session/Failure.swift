// What follows when an attempt fails: another one, where that cannot do a thing twice, or an answer of our own. What an
// endpoint did to its requests is counted here too.

extension Worker {
    /// The present attempt has failed before an answer came: another follows, at once or when there is an endpoint for it,
    /// or the request is answered with `reply`.
    mutating func attemptFailed(_ session: Int, _ failure: EndpointReport.Failure, _ reply: OwnReply) {
        let exchange = Int(sessions[session].exchange)
        if exchanges[exchange].isAnswered { return cut(session) }
        let failed = Attempts.Failed(
            how: failure, wasSent: exchanges[exchange].sentOnConnection > 0,
            isReused: exchanges[exchange].isReused)
        if failed.isOfEndpoint { noteFailure(exchange, failure) }
        // A reused connection that was dead says little of its endpoint, which may be tried again, but not by another.
        if failed.isReused { exchanges[exchange].seeker.tried = TriedEndpoints() }
        exchanges[exchange].needsFreshConnection = true
        detachUpstream(session, reusable: false)
        pool.give(exchanges[exchange].answer.take())
        exchanges[exchange].failure = reply
        let verdict = exchanges[exchange].attempts.note(
            failed, of: exchanges[exchange].repeatability, exchanges[exchange].retries)
        switch verdict {
        case .giveUp: return self.reply(session, reply)
        case .tryAgain: break
        case .tryAgainWithinBudget: if exchanges[exchange].charge == .none { exchanges[exchange].charge = .owed }
        }
        exchanges[exchange].headSent = Int(exchanges[exchange].logged.headStart)
        exchanges[exchange].bodySent = 0
        exchanges[exchange].requestAbandoned = false
        attachUpstream(session)
    }

    /// The answer says that the endpoint cannot serve, and nothing of it has gone on: another endpoint may do better.
    ///
    /// - Returns: false where this answer has to do.
    mutating func triesAnother(_ session: Int, insteadOf status: Int) -> Bool {
        let exchange = Int(sessions[session].exchange)
        guard RetrySettings.Causes(.status(status)) != nil, mayAskAnother(exchange, after: .status(status)) else {
            return false
        }
        if exchanges[exchange].charge == .none { exchanges[exchange].charge = .owed }
        // A replica that begins to fail does so to many requests at once: those beyond the budget wait for it.
        guard payForRetry(exchange) || waitDeadline(exchange) != nil else {
            exchanges[exchange].charge = .none
            return false
        }
        attemptFailed(session, .status(status), .badGateway)
        return true
    }

    /// A second try would be allowed, and there is somebody to ask.
    func mayAskAnother(_ exchange: Int, after failure: EndpointReport.Failure) -> Bool {
        allowsAnother(exchange, after: failure) && hasAlternative(exchange)
    }

    func allowsAnother(_ exchange: Int, after failure: EndpointReport.Failure) -> Bool {
        exchanges[exchange].attempts.allowsAnother(
            after: failure, of: exchanges[exchange].repeatability,
            exchanges[exchange].retries)
    }

    func hasAlternative(_ exchange: Int) -> Bool {
        endpoints.hasAlternative(exchanges[exchange].service, for: exchanges[exchange].seeker, now)
    }

    // ---- the budget --------------------------------------------------------------------------------------------------

    /// Takes a place in the budget for a request that owes one.
    ///
    /// - Returns: false where all are taken, so that it has to wait.
    mutating func payForRetry(_ exchange: Int) -> Bool {
        guard exchanges[exchange].charge == .owed else { return true }
        let service = exchanges[exchange].service
        guard traffic[service].budget.take(exchanges[exchange].retries) else { return false }
        exchanges[exchange].charge = .paid
        return true
    }

    /// The request has ended, and with it its claim on the budget, for which others may wait.
    mutating func settleBudget(_ exchange: Int) {
        let service = exchanges[exchange].service
        guard service >= 0 else { return }
        traffic[service].budget.requestEnded()
        guard exchanges[exchange].charge == .paid else { return }
        traffic[service].budget.giveBack()
        wakeFirstWaiting(service)
    }

    // ---- what is learned of the endpoint -------------------------------------------------------------------------------

    /// A final answer's head has come.
    @inline(__always)
    mutating func noteAnswer(_ exchange: Int, status: Int, keepsConnection: Bool) {
        let place = Int(exchanges[exchange].endpoint)
        if keepsConnection {
            endpoints.answeredThatItKeeps(place)
        } else {
            endpoints.answeredThatItCloses(place, now)
        }
        endpoints.answered(place, sent: exchanges[exchange].sent, now)
        if EndpointReport.Failure.isFailure(status: status) { return noteFailure(exchange, .status(status)) }
        exchanges[exchange].outcome = .succeeded
        endpoints.succeeded(place, after: now.microseconds - exchanges[exchange].sent.microseconds, now)
    }

    mutating func noteFailure(_ exchange: Int, _ failure: EndpointReport.Failure) {
        exchanges[exchange].outcome = .failed
        noteFailure(at: Int(exchanges[exchange].endpoint), failure)
    }

    mutating func noteFailure(at place: Int, _ failure: EndpointReport.Failure) {
        guard let inARow = endpoints.failed(place) else { return }
        report(place, .failing(inARow: inARow, last: failure))
    }

    /// The request that was to show whether its endpoint serves again has ended.
    mutating func endTrial(_ exchange: Int, _ place: Int) {
        guard exchanges[exchange].isOnTrial else { return }
        exchanges[exchange].isOnTrial = false
        // None follows a trial that has shown something until the control thread, which hears of it, grants another.
        switch exchanges[exchange].outcome {
        case .unknown: endpoints.trialEnded(place)
        case .succeeded: report(place, .trialEnded(succeeded: true))
        case .failed: report(place, .trialEnded(succeeded: false))
        }
    }

    func report(_ place: Int, _ event: EndpointReport.Event) {
        reports.endpoint(
            EndpointReport(service: endpoints[place].service, endpoint: endpoints[place].address, event: event))
    }
}

extension Attempts.Failed {
    /// It tells something of the endpoint that was not counted with a failed connect already.
    fileprivate var isOfEndpoint: Bool {
        switch how {
        case .connect: false
        case .reset: !isReused
        case .timeout, .malformed, .status: true
        }
    }
}
