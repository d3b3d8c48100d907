import ProxyCore

/// When a name is asked again: at each interval, sooner where the answer is short-lived or a connect failed, later while
/// servers fail.
///
/// A value without clock and random source: the moment and a random number come in, the moment that is due goes out.
struct RefreshSchedule: Sendable {
    private var interval: Milliseconds
    private var began = Instant(microseconds: 0)
    private var failures = 0
    private var isUrgent = false
    private(set) var isAsking = false
    /// When the next refresh is to begin; it means nothing while `isAsking`.
    private(set) var due = Instant(microseconds: 0)

    /// `interval` is the longest time from the beginning of one refresh to that of the next, while servers answer.
    init(interval: Milliseconds) { self.interval = max(1, interval) }

    /// Another interval counts from now on: what is due later than it allows is due sooner.
    mutating func setInterval(_ interval: Milliseconds, at now: Instant) {
        self.interval = max(1, interval)
        due = min(due, max(now, began + self.interval))
    }

    mutating func begin(at now: Instant) {
        began = now
        isAsking = true
        isUrgent = false
    }

    /// A refresh ended: with news of any kind, or because nothing could be learned (`failed`).
    ///
    /// - Parameters:
    ///   - ttl: how long the answer may be used, in milliseconds; nil where it says nothing of that.
    ///   - random: from 0 up to but not including 1. It brings the next refresh forward by up to a fifth of the pause,
    ///     lest the names (and the instances of this program) all ask at once.
    mutating func end(failed: Bool, ttl: Milliseconds? = nil, at now: Instant, random: Double) {
        isAsking = false
        failures = failed ? failures + 1 : 0
        let pause = min(pauseMilliseconds, max(ttl ?? .max, Limits.ttlMillisecondsMin))
        // The floor is one for the time between two questions, so that jitter does not undercut it.
        let jittered = max(Double(pause) * (1 - 0.2 * random), Double(min(pause, Limits.ttlMillisecondsMin)))
        due = max(now, Instant(microseconds: began.microseconds + Int64(jittered * 1000)))
        if isUrgent { urge(at: now) }
    }

    /// A connect to one of the name's addresses failed, so the answer may be out of date. What is being asked now may
    /// have been answered before that, so it does not count.
    mutating func urge(at now: Instant) {
        isUrgent = true
        due = min(due, max(now, began + Limits.urgentGapMilliseconds))
    }

    /// The interval, doubled with each failure after the first.
    private var pauseMilliseconds: Milliseconds {
        let longest = max(interval, min(interval * Limits.backoffIntervals, Limits.backoffMilliseconds))
        let doublings = min(max(0, failures - 1), 8)
        return min(interval << Milliseconds(doublings), longest)
    }
}
