/// What workers tell the control thread. Each closure is called on a worker's thread and returns at once.
package struct WorkerReports: Sendable {
    /// A connect to an endpoint of this service failed: its addresses may be out of date. `isFirst` says that the last
    /// one before it succeeded, or that there was none.
    package var connectFailed:
        @Sendable (_ service: Int, _ endpoint: SocketAddress, _ reason: String, _ isFirst: Bool) -> Void
    /// The worker has no descriptors left for new connections.
    package var outOfDescriptors: @Sendable (_ worker: Int, _ connections: Int) -> Void
    /// Access-log lines that were lost since the last report, because their sink did not take them in time.
    package var logLinesDropped: @Sendable (_ count: Int) -> Void

    package init(
        connectFailed: @escaping @Sendable (Int, SocketAddress, String, Bool) -> Void,
        outOfDescriptors: @escaping @Sendable (Int, Int) -> Void,
        logLinesDropped: @escaping @Sendable (Int) -> Void
    ) {
        self.connectFailed = connectFailed
        self.outOfDescriptors = outOfDescriptors
        self.logLinesDropped = logLinesDropped
    }
}
