import ProxyCore

/// Passes snapshots from discovery to the workers, once there are some. It belongs to the control thread.
final class SnapshotFeed {
    /// What the workers were last told.
    var latest: EndpointSnapshot?
    var group: WorkerGroup?
    var onComplete: (() -> Void)?

    /// Every service has an endpoint.
    var isComplete: Bool { latest?.services.allSatisfy { !$0.endpoints.isEmpty } ?? false }

    func publish(_ snapshot: EndpointSnapshot) {
        latest = snapshot
        group?.publish(snapshot)
        if isComplete { onComplete?() }
    }
}
