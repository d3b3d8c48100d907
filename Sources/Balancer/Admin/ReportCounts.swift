import Synchronization

/// What workers have reported, counted for the admin pages; any thread may add.
final class ReportCounts: Sendable {
    let linesDropped = Atomic<Int>(0)
    let descriptorShortages = Atomic<Int>(0)
}
