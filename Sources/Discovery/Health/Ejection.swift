import ProxyCore

/// Whether an endpoint is passed over for what it did to requests, and for how long.
///
/// A value without clock: the moment comes in, what is to happen goes out.
struct Ejection: Sendable {
    enum Phase: Equatable, Sendable {
        case serving
        case ejected(until: Instant)
        /// The time is over, and a request is to show whether it serves again.
        case trial
    }

    private(set) var phase = Phase.serving
    /// Ejections between which it has not served well for as long as the last one lasted.
    private var inARow = 0
    private var lastMilliseconds: Milliseconds = 0
    /// When the ejection began that has not ended in serving yet.
    private var began = Instant(microseconds: 0)
    private var servingSince = Instant(microseconds: 0)

    var isServing: Bool { phase == .serving }

    /// When `advance` has something to do.
    var nextChange: Instant? { if case .ejected(let until) = phase { until } else { nil } }

    /// Ejects an endpoint that is serving or on trial.
    ///
    /// - Returns: for how long: twice as long as the last time, unless that is forgotten by now.
    mutating func eject(at now: Instant, _ settings: EjectionSettings) -> Milliseconds {
        if isServing {
            if now - servingSince >= lastMilliseconds { inARow = 0 }
            began = now
        }
        inARow += 1
        let doublings = Milliseconds(min(inARow - 1, 20))
        lastMilliseconds = min(max(1, settings.baseMilliseconds) << doublings, settings.longestMilliseconds)
        phase = .ejected(until: now + lastMilliseconds)
        return lastMilliseconds
    }

    /// Lets an ejection end whose time is over.
    mutating func advance(to now: Instant) {
        if let nextChange, nextChange <= now { phase = .trial }
    }

    /// Lets the endpoint serve.
    ///
    /// - Returns: how long it did not.
    mutating func end(at now: Instant) -> Milliseconds {
        phase = .serving
        servingSince = now
        return now - began
    }
}

/// Why an endpoint is ejected.
enum EjectionCause: Equatable, Sendable, CustomStringConvertible {
    case failures(inARow: Int, last: String)
    /// Success rates, from 0 to 1.
    case successRate(own: Double, mean: Double)
    case trial

    var description: String {
        switch self {
        case .failures(let count, let last): "\(count.counted("failure")) in a row (\(last))"
        case .successRate(let own, let mean):
            "\(own.percentage) of its requests succeeded, \(mean.percentage) on average"
        case .trial: "its trial failed"
        }
    }
}

extension Double {
    /// A share as a percentage with one decimal: `97.5%`.
    fileprivate var percentage: String {
        let thousandths = Int((self * 1000).rounded())
        return "\(thousandths / 10).\(thousandths % 10)%"
    }
}
