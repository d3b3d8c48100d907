/// What workers tell the control thread. Each closure is called on a worker's thread and returns at once.
package struct WorkerReports: Sendable {
    /// Something happened to an endpoint that its health depends on.
    package var endpoint: @Sendable (EndpointReport) -> Void
    /// Requests wait for this service, which has no endpoint: its names may have some by now.
    package var serviceIsEmpty: @Sendable (_ service: Int) -> Void
    /// The worker has no descriptors left for new connections.
    package var outOfDescriptors: @Sendable (_ worker: Int, _ connections: Int) -> Void
    /// Access-log lines that were lost since the last report, because their sink did not take them in time.
    package var logLinesDropped: @Sendable (_ count: Int) -> Void

    package init(
        endpoint: @escaping @Sendable (EndpointReport) -> Void,
        serviceIsEmpty: @escaping @Sendable (Int) -> Void,
        outOfDescriptors: @escaping @Sendable (Int, Int) -> Void,
        logLinesDropped: @escaping @Sendable (Int) -> Void
    ) {
        self.endpoint = endpoint
        self.serviceIsEmpty = serviceIsEmpty
        self.outOfDescriptors = outOfDescriptors
        self.logLinesDropped = logLinesDropped
    }
}

/// What a worker saw of an endpoint.
package struct EndpointReport: Sendable {
    package enum Event: Sendable {
        /// A connect failed: the addresses may be out of date. `isFirst` says that the last one before it succeeded, or
        /// that there was none.
        case connectFailed(reason: String, isFirst: Bool)
        /// The number of failures in a row has reached a multiple of `EjectionSettings.consecutiveFailures`.
        case failing(inARow: Int, last: Failure)
        /// The one request of an endpoint whose standing is `trial` has ended.
        case trialEnded(succeeded: Bool)
    }

    /// What went wrong with a request at an endpoint.
    package enum Failure: Sendable, CustomStringConvertible {
        case connect
        case reset
        case timeout
        case malformed
        case status(Int)

        /// Whether an answer of this status says that its endpoint cannot serve. 501 and 505 say so of the request, which
        /// anybody can send.
        package static func isFailure(status: Int) -> Bool { status >= 500 && status != 501 && status != 505 }

        package var description: String {
            switch self {
            case .connect: "the connect failed"
            case .reset: "the connection died"
            case .timeout: "no answer in time"
            case .malformed: "the answer was malformed"
            case .status(let status): "answered \(status)"
            }
        }
    }

    /// The index of the service.
    package let service: Int
    package let endpoint: SocketAddress
    package let event: Event

    package init(service: Int, endpoint: SocketAddress, event: Event) {
        self.service = service
        self.endpoint = endpoint
        self.event = event
    }
}
