/// How often one request has been tried, and whether it may be tried once more: a decision without sockets.
struct Attempts {
    /// Attempts over connections of their own in which an endpoint may have seen a part of the request.
    private(set) var seen = 0
    /// `seen` when the endpoints were last gone round again, and how often they were since one had seen the request.
    private var seenAtRound = 0
    private var rounds = 0

    /// What the decision needs to know of a request.
    struct Request {
        /// RFC 9110 section 9.2.2: doing it twice does what doing it once does.
        let isIdempotent: Bool
        /// All that was sent is still there to be sent again.
        let canReplay: Bool
    }

    /// How an attempt has failed.
    struct Failed {
        let how: EndpointReport.Failure
        /// The endpoint may have seen a part of the request.
        let wasSent: Bool
        /// Over a connection that had served others: its death says nothing of the endpoint.
        let isReused: Bool
    }

    enum Verdict: Equatable {
        /// Nothing was sent, so nothing can happen twice.
        case tryAgain
        /// Within the budget for second tries.
        case tryAgainWithinBudget
        case giveUp
    }

    /// Takes note of a failed attempt and decides.
    mutating func note(_ failed: Failed, of request: Request, _ settings: RetrySettings) -> Verdict {
        if case .malformed = failed.how { return .giveUp }
        guard failed.wasSent else { return settings.causes.contains(.connect) ? .tryAgain : .giveUp }
        if !failed.isReused { seen += 1 }
        guard seen < settings.attemptsMax, mayRepeat(request, failed.how, settings) else { return .giveUp }
        return .tryAgainWithinBudget
    }

    /// All endpoints were tried, and those that may have seen the request would see it again. Twice is worth it: they may
    /// have been just stopping, and others have come. More often is not: it may be the request that ends them.
    mutating func mayGoRound() -> Bool {
        guard seen > seenAtRound else { return true }
        seenAtRound = seen
        rounds += 1
        return rounds <= 2
    }

    /// True where a failure of the attempt that is under way would be followed by another.
    func allowsAnother(after failure: EndpointReport.Failure, of request: Request, _ settings: RetrySettings) -> Bool {
        seen + 1 < settings.attemptsMax && mayRepeat(request, failure, settings)
    }

    private func mayRepeat(
        _ request: Request, _ failure: EndpointReport.Failure, _ settings: RetrySettings
    ) -> Bool {
        guard request.canReplay, request.isIdempotent || settings.retriesNonIdempotent,
            let cause = RetrySettings.Causes(failure)
        else { return false }
        return settings.causes.contains(cause)
    }
}

extension RetrySettings.Causes {
    /// The cause that a failure counts as; nil for one that another try would only repeat.
    init?(_ failure: EndpointReport.Failure) {
        switch failure {
        case .connect: self = .connect
        case .reset: self = .reset
        case .timeout: self = .timeout
        case .status(502), .status(503), .status(504): self = .gateway
        case .status(500): self = .serverError
        case .status, .malformed: return nil
        }
    }
}
