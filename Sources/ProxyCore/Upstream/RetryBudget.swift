/// How many second tries one service may have under way in one worker: a share of the requests in flight, so that a pool
/// that fails altogether is not asked several times as much.
struct RetryBudget {
    /// Requests that have begun and not ended.
    private(set) var requests = 0
    /// Those of them that are being tried again.
    private(set) var retries = 0

    mutating func requestBegan() { requests += 1 }

    mutating func requestEnded() { requests -= 1 }

    /// Takes a place for a second try.
    ///
    /// - Returns: false where all are taken.
    mutating func take(_ settings: RetrySettings) -> Bool {
        guard retries < max(settings.budgetMin, requests * settings.budgetPercent / 100) else { return false }
        retries += 1
        return true
    }

    mutating func giveBack() { retries -= 1 }
}
