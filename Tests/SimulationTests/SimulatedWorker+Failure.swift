@testable import ProxyCore

// As in `Failure.swift`: what follows when an attempt fails, the budget, and what is learned of the endpoint.

extension SimulatedWorker {
    func attemptFailed(_ request: Request, _ failure: EndpointReport.Failure, _ reply: OwnReply) {
        if request.isAnswered { return cut(request) }
        let failed = Attempts.Failed(how: failure, wasSent: request.wasSent, isReused: request.isReused)
        if failed.isOfEndpoint { noteFailure(request, failure) }
        if failed.isReused { request.seeker.tried = TriedEndpoints() }
        request.needsFreshLine = true
        detachUpstream(request, reusable: false)
        request.failure = reply
        let verdict = request.attempts.note(failed, of: request.repeatability, settings.retries)
        referee.judged(verdict, failed, request, in: self)
        switch verdict {
        case .giveUp: return self.reply(request, reply)
        case .tryAgain: break
        case .tryAgainWithinBudget: if request.charge == .none { request.charge = .owed }
        }
        attachUpstream(request)
    }

    func triesAnother(_ request: Request, insteadOf status: Int) -> Bool {
        guard RetrySettings.Causes(.status(status)) != nil, mayAskAnother(request, after: .status(status)) else {
            return false
        }
        if request.charge == .none { request.charge = .owed }
        guard payForRetry(request) || waitDeadline(request) != nil else {
            request.charge = .none
            return false
        }
        attemptFailed(request, .status(status), .badGateway)
        return true
    }

    func mayAskAnother(_ request: Request, after failure: EndpointReport.Failure) -> Bool {
        allowsAnother(request, after: failure) && hasAlternative(request)
    }

    func allowsAnother(_ request: Request, after failure: EndpointReport.Failure) -> Bool {
        request.attempts.allowsAnother(after: failure, of: request.repeatability, settings.retries)
    }

    func hasAlternative(_ request: Request) -> Bool { table.hasAlternative(0, for: request.seeker, now) }

    func cut(_ request: Request) {
        detachUpstream(request, reusable: false)
        end(request, .cut)
    }

    // ---- the budget --------------------------------------------------------------------------------------------------

    func payForRetry(_ request: Request) -> Bool {
        guard request.charge == .owed else { return true }
        guard budget.take(settings.retries) else { return false }
        request.charge = .paid
        referee.granted(in: self)
        return true
    }

    func settleBudget(_ request: Request) {
        budget.requestEnded()
        guard request.charge == .paid else { return }
        budget.giveBack()
        referee.gaveBack(in: self)
        wakeFirstWaiting()
    }

    // ---- what is learned of the endpoint -------------------------------------------------------------------------------

    func noteAnswer(_ request: Request, status: Int, keepsConnection: Bool) {
        if keepsConnection {
            table.answeredThatItKeeps(request.place)
        } else {
            table.answeredThatItCloses(request.place, now)
        }
        table.answered(request.place, sent: request.sent, now)
        if EndpointReport.Failure.isFailure(status: status) { return noteFailure(request, .status(status)) }
        request.outcome = .succeeded
        table.succeeded(request.place, after: now.microseconds - request.sent.microseconds, now)
    }

    func noteFailure(_ request: Request, _ failure: EndpointReport.Failure) {
        request.outcome = .failed
        noteFailure(at: request.place, failure)
    }

    func noteFailure(at place: Int, _ failure: EndpointReport.Failure) {
        guard let inARow = table.failed(place) else { return }
        report(.failing(inARow: inARow, last: failure), table[place].address)
    }

    func endTrial(_ request: Request, _ place: Int) {
        request.isOnTrial = false
        switch request.outcome {
        case .unknown: table.trialEnded(place)
        case .succeeded: report(.trialEnded(succeeded: true), table[place].address)
        case .failed: report(.trialEnded(succeeded: false), table[place].address)
        }
    }
}

extension Attempts.Failed {
    fileprivate var isOfEndpoint: Bool {
        switch how {
        case .connect: false
        case .reset: !isReused
        case .timeout, .malformed, .status: true
        }
    }
}
