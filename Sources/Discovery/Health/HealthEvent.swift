import Logging
import ProxyCore

/// Something in an endpoint's health has changed, as the event log tells it.
struct HealthEvent: Equatable, Sendable {
    enum Change: Equatable, Sendable {
        case probed(ProbeState.Change)
        case ejected(Milliseconds, EjectionCause)
        /// It would have been ejected, but no more than so many of so many endpoints may be.
        case spared(EjectionCause, most: Int, of: Int)
        /// Its trial succeeded, after so long.
        case recovered(Milliseconds)
        /// It is no longer ejected, because the pool has become too small for that.
        case released(most: Int, of: Int)
        /// It is no longer ejected, because endpoints of its service are not any more.
        case pardoned
    }

    let endpoint: SocketAddress
    let change: Change

    var level: Logger.Level {
        switch change {
        case .probed(.unhealthy), .ejected, .spared: .warning
        case .probed, .recovered, .released, .pardoned: .info
        }
    }
}

extension HealthEvent: CustomStringConvertible {
    var description: String { "endpoint \(endpoint) \(change)" }
}

extension HealthEvent.Change: CustomStringConvertible {
    var description: String {
        switch self {
        case .probed(.healthy(_, isFirst: true)): "is healthy: its first probe was answered"
        case .probed(.healthy(let probes, isFirst: false)):
            "is healthy again: \(probes.counted("probe")) answered"
        case .probed(.unhealthy(let probes, let reason)):
            "is unhealthy: \(probes.counted("probe")) failed (\(reason))"
        case .probed(.draining(let how)): "is draining: \(how)"
        case .ejected(let time, let cause): "is ejected for \(time.spelled): \(cause)"
        case .spared(let cause, let most, let count):
            "is not ejected for \(cause): of \(count.counted("endpoint")) at most \(most) may be"
        case .recovered(let time): "serves again after \(time.spelled): its trial succeeded"
        case .released(let most, let count):
            "serves again: of \(count.counted("endpoint")) at most \(most) may be ejected"
        case .pardoned: "serves again: endpoints are not ejected any more"
        }
    }
}

extension Milliseconds {
    /// `250 ms`, `5 s`, `7.5 s`.
    var spelled: String {
        if self < 1000 { return "\(self) ms" }
        let tenths = (self + 50) / 100
        return tenths % 10 == 0 ? "\(tenths / 10) s" : "\(tenths / 10).\(tenths % 10) s"
    }
}
