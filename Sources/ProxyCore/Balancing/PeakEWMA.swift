/// A moving average of latencies in microseconds that follows a rise at once and a fall slowly, so that an endpoint that
/// stalls is avoided after its first late answer (as Finagle's `PeakEwma` does).
enum PeakEWMA {
    /// In this time half of what was is forgotten.
    private static let halfLifeMicroseconds: Int64 = 7_000_000
    /// No answer counts as later than a day.
    private static let longestMicroseconds: Int64 = 86_400_000_000

    /// The average after `sample` was measured; at least 1.
    ///
    /// - Parameters:
    ///   - average: so far; 0 where there was no sample yet.
    ///   - noted: when the average was last brought up to date.
    static func next(average: Int64, noted: Instant, sample: Int64, now: Instant) -> Int64 {
        let sample = min(max(sample, 1), longestMicroseconds)
        return sample + remaining(of: max(average - sample, 0), noted, now)
    }

    /// What is left of the average by now: an endpoint that gets no request because it was slow once is to be tried again
    /// some time. At least 1, or 0 where there was no sample yet.
    @inline(__always)
    static func current(average: Int64, noted: Instant, now: Instant) -> Int64 {
        average > 0 ? max(remaining(of: average, noted, now), 1) : 0
    }

    /// `value` halved once for each half-life that has passed, and in a straight line in between.
    @inline(__always)
    private static func remaining(of value: Int64, _ noted: Instant, _ now: Instant) -> Int64 {
        let age = max(now.microseconds &- noted.microseconds, 0)
        let halved = value >> min(age / halfLifeMicroseconds, 62)
        return halved - halved * (age % halfLifeMicroseconds) / (2 * halfLifeMicroseconds)
    }
}
