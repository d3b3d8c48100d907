import ProxyCore

/// Notices that an endpoint which left its connections open now ends each with `Connection: close`, as servers do that
/// are about to stop.
///
/// A value without clock. One such answer may have other reasons, such as a worker process that is replaced, so a second
/// one is asked for. And an endpoint that goes on like that has not left, but been set up otherwise.
struct ClosingPattern: Sendable {
    enum Meaning: Equatable, Sendable {
        case nothing
        /// Ask again soon.
        case doubt
        case leaving
    }

    /// It has left a connection open since it was last taken for closing all of them.
    private var hasLeftOpen = false
    /// Closing answers in a row.
    private var closings = 0
    private var leavingSince = Instant(microseconds: 0)

    /// Takes an answer that was as expected.
    mutating func note(closes: Bool, at now: Instant) -> Meaning {
        guard closes else {
            hasLeftOpen = true
            closings = 0
            return .nothing
        }
        guard hasLeftOpen else { return .nothing }
        closings += 1
        if closings == 1 { return .doubt }
        if closings == 2 { leavingSince = now }
        if now - leavingSince < Limits.closingMillisecondsMax { return .leaving }
        hasLeftOpen = false
        return .nothing
    }
}
