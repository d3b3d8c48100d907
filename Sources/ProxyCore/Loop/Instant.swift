import CLinux

/// A moment of the monotonic clock, in microseconds. A loop reads the clock once per turn and hands the moment on, so
/// that decisions take time as a value.
package struct Instant: Comparable, Hashable, Sendable {
    package var microseconds: Int64

    package init(microseconds: Int64) { self.microseconds = microseconds }

    /// Reads CLOCK_MONOTONIC (clock_gettime(2)).
    package static func read() -> Instant { Instant(microseconds: clx_monotonic_nanoseconds() / 1000) }

    package static func < (left: Instant, right: Instant) -> Bool { left.microseconds < right.microseconds }

    package static func + (left: Instant, milliseconds: Milliseconds) -> Instant {
        Instant(microseconds: left.microseconds &+ milliseconds &* 1000)
    }

    /// Milliseconds from `right` to `left`, rounded down.
    package static func - (left: Instant, right: Instant) -> Milliseconds {
        (left.microseconds &- right.microseconds) / 1000
    }

    package static let distantFuture = Instant(microseconds: .max)
}

/// A span of time in whole milliseconds.
package typealias Milliseconds = Int64
