import ProxyCore

/// The time in which the share of an endpoint that joins a running pool grows from a tenth to its whole, in even steps:
/// what has just started has cold caches, and compiles what it runs for the first time.
struct SlowStart: Equatable, Sendable {
    private let began: Instant
    private let milliseconds: Milliseconds

    init(at now: Instant, milliseconds: Milliseconds) {
        began = now
        self.milliseconds = max(1, milliseconds)
    }

    /// The part of its share that the endpoint gets: 10, 20, … 100.
    func percent(at now: Instant) -> Int { 10 + 10 * stepsTaken(at: now) }

    /// When the next step is due; nil after the last.
    func nextStep(after now: Instant) -> Instant? {
        let steps = stepsTaken(at: now)
        guard steps < Limits.slowStartSteps else { return nil }
        let count = Int64(Limits.slowStartSteps)
        return Instant(
            microseconds: began.microseconds + (Int64(steps + 1) * milliseconds * 1000 + count - 1) / count)
    }

    private func stepsTaken(at now: Instant) -> Int {
        let elapsed = max(0, now.microseconds - began.microseconds)
        guard elapsed < milliseconds * 1000 else { return Limits.slowStartSteps }
        return Int(elapsed * Int64(Limits.slowStartSteps) / (milliseconds * 1000))
    }
}
