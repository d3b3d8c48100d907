/// When a request that failed at one endpoint is tried at another.
package struct RetrySettings: Equatable, Sendable {
    /// What may have gone wrong.
    package struct Causes: OptionSet, Hashable, Sendable {
        package let rawValue: UInt8
        package init(rawValue: UInt8) { self.rawValue = rawValue }

        /// No connection came about: no byte of the request was sent, so every method may be tried again.
        package static let connect = Causes(rawValue: 1)
        /// The connection died before the first byte of an answer.
        package static let reset = Causes(rawValue: 2)
        /// No answer came within `tryMilliseconds`.
        package static let timeout = Causes(rawValue: 4)
        /// The answer was 502, 503 or 504.
        package static let gateway = Causes(rawValue: 8)
        /// The answer was 500.
        package static let serverError = Causes(rawValue: 16)

        package static let all: Causes = [.connect, .reset, .timeout, .gateway, .serverError]
    }

    package var causes = Causes.all
    /// Methods, besides the idempotent ones of RFC 9110 section 9.2.2, that may be sent twice.
    package var retriesNonIdempotent = false
    /// Endpoints that may see one request; attempts that sent nothing do not count. 1 for no second try.
    package var attemptsMax = 6
    /// How long an attempt waits for the head of its answer while another endpoint could be asked instead.
    ///
    /// By default as long as any answer may take: who answers slowly on purpose, as a long poll does, is not asked again. An
    /// endpoint that answers nobody is noticed sooner (`EndpointTable.seemsToHang`).
    package var tryMilliseconds: Milliseconds = 60_000
    /// The share of the requests in flight that may be second tries, in percent: a pool that fails altogether must not be
    /// asked several times as much.
    package var budgetPercent = 20
    /// So many second tries at once are always allowed, in each worker.
    package var budgetMin = 3
    /// A request body is kept for another try up to this size.
    package var bodyBytesMax = 64 * 1024

    package init() {}
}
