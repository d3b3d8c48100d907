import ProxyCore

/// What one probe found out.
enum ProbeResult: Equatable, Sendable {
    case passed
    /// As `passed`; but the answer ends its connection, which the probe has not asked for.
    case closing
    /// The endpoint says that it is leaving; the words say how.
    case leaving(String)
    case failed(String)
    /// It failed on our side, and says nothing of the endpoint.
    case inconclusive(String)
}

/// What the probes of one endpoint say together, and when it is probed next.
///
/// A value without clock and random source: the moment, a result and a random number come in, the change goes out.
struct ProbeState: Sendable {
    enum Condition: Equatable, Sendable {
        /// No probe has succeeded yet. One is enough.
        case unprobed
        case healthy
        case unhealthy
        case draining
    }

    /// A new condition, and why.
    enum Change: Equatable, Sendable {
        /// So many probes in a row were answered; `isFirst` says that it was not healthy before.
        case healthy(probes: Int, isFirst: Bool)
        /// So many probes in a row failed, the last one for this reason.
        case unhealthy(probes: Int, String)
        case draining(String)
    }

    private(set) var condition: Condition
    /// When the next probe is to begin; it means nothing while `isProbing`, or where nothing is probed.
    private(set) var due: Instant
    private(set) var isProbing = false
    private let joined: Instant
    private var began: Instant
    private var hasBeenHealthy = false
    private var successes = 0
    private var failures = 0
    private var isUrgent = false
    private var closing = ClosingPattern()
    /// The last answer may mean that it is leaving.
    private var isDoubtful = false

    /// - Parameter isProbed: false where nothing is probed: then the endpoint is taken for healthy.
    init(joined now: Instant, isProbed: Bool) {
        condition = isProbed ? .unprobed : .healthy
        joined = now
        began = now
        due = now
    }

    /// What is probed, or how, is another from now on. An endpoint is what it was until probes say otherwise, and the first
    /// comes at once; a probe that was under way is taken for none.
    ///
    /// - Parameters:
    ///   - isProbed: false where nothing is probed any more: then the endpoint is taken for healthy.
    ///   - wasProbed: whether it was until now.
    mutating func adopt(isProbed: Bool, wasProbed: Bool, at now: Instant) {
        isProbing = false
        isUrgent = false
        isDoubtful = false
        closing = ClosingPattern()
        successes = 0
        failures = 0
        due = now
        if !isProbed { condition = .healthy }
        // It serves, and is not to be taken for one that has just started.
        if !wasProbed { hasBeenHealthy = true }
    }

    mutating func begin(at now: Instant) {
        began = now
        isProbing = true
        isUrgent = false
    }

    /// A probe ended.
    ///
    /// - Parameter random: from 0 up to but not including 1. It moves the next probe by up to a tenth of the pause in
    ///   either direction, lest all endpoints be probed at once.
    mutating func end(_ result: ProbeResult, at now: Instant, random: Double, settings: HealthSettings) -> Change? {
        isProbing = false
        let change = take(meaning(of: result, at: now), at: now, settings)
        let isStarting = condition == .unprobed && now - joined < Limits.eagerProbingMilliseconds
        let isEager = isStarting || isDoubtful
        let pause =
            isEager ? min(Limits.eagerPauseMilliseconds, settings.intervalMilliseconds) : settings.intervalMilliseconds
        let jittered = Int64(Double(max(1, pause) * 1000) * (0.9 + 0.2 * random))
        due = max(now, Instant(microseconds: began.microseconds + jittered))
        if isUrgent { urge(at: now) }
        return change
    }

    /// A connect to the endpoint failed: a probe is to tell soon whether it is gone. One that is under way may have begun
    /// before that, so it does not count.
    mutating func urge(at now: Instant) {
        isUrgent = true
        due = min(due, max(now, began + Limits.urgentProbeGapMilliseconds))
    }

    /// The result with regard to those before it.
    private mutating func meaning(of result: ProbeResult, at now: Instant) -> ProbeResult {
        isDoubtful = false
        guard result == .passed || result == .closing else { return result }
        switch closing.note(closes: result == .closing, at: now) {
        case .nothing: return .passed
        case .leaving: return .leaving("its answers end their connections")
        case .doubt:
            isDoubtful = true
            return .inconclusive("it may be leaving")
        }
    }

    private mutating func take(_ result: ProbeResult, at now: Instant, _ settings: HealthSettings) -> Change? {
        switch result {
        case .passed, .closing:
            failures = 0
            successes += 1
            guard condition != .healthy, successes >= (hasBeenHealthy ? settings.rise : 1) else { return nil }
            defer { hasBeenHealthy = true }
            condition = .healthy
            return .healthy(probes: successes, isFirst: !hasBeenHealthy)
        case .leaving(let how) where hasBeenHealthy:
            successes = 0
            guard condition != .draining else { return nil }
            condition = .draining
            return .draining(how)
        case .failed(let reason), .leaving(let reason):
            successes = 0
            failures += 1
            guard failures >= settings.fall, canFall(at: now) else { return nil }
            condition = .unhealthy
            return .unhealthy(probes: failures, reason)
        case .inconclusive:
            return nil
        }
    }

    /// A new endpoint is given the time to start; one that leaves is expected to end.
    private func canFall(at now: Instant) -> Bool {
        switch condition {
        case .unprobed: now - joined >= Limits.eagerProbingMilliseconds
        case .healthy: true
        case .unhealthy, .draining: false
        }
    }
}
