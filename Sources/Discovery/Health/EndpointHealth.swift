import ProxyCore

/// All that is known of one endpoint's health: probes, ejection and slow start as one standing and one share.
struct EndpointHealth: Sendable {
    private(set) var probes: ProbeState
    var ejection = Ejection()
    /// The part of its share that it gets.
    private(set) var sharePercent = 100
    private var slowStart: SlowStart?
    /// Since when its probes say that it is healthy; nil while they do not.
    private(set) var healthySince: Instant?
    /// The counters of its requests at the last sweep.
    var tally = RequestTally(outcomes: 0, failures: 0)

    init(joined now: Instant, isProbed: Bool) {
        healthySince = isProbed ? nil : now
        probes = ProbeState(joined: now, isProbed: isProbed)
    }

    /// - Parameter trustsNew: whether it may serve before a probe has reached it.
    func standing(trustingNew trustsNew: Bool) -> EndpointStanding {
        switch probes.condition {
        case .draining: return .draining
        case .unhealthy: return .resting
        case .unprobed where !trustsNew: return .resting
        case .unprobed, .healthy: break
        }
        return switch ejection.phase {
        case .serving: .serving
        case .ejected: .resting
        case .trial: .trial
        }
    }

    /// No probe has told yet whether it serves.
    var isNew: Bool { probes.condition == .unprobed }

    mutating func beginProbe(at now: Instant) { probes.begin(at: now) }

    mutating func urgeProbe(at now: Instant) { probes.urge(at: now) }

    mutating func endProbe(_ result: ProbeResult, at now: Instant, random: Double, settings: HealthSettings)
        -> ProbeState.Change?
    {
        let change = probes.end(result, at: now, random: random, settings: settings)
        if change != nil { healthySince = probes.condition == .healthy ? now : nil }
        return change
    }

    /// See `ProbeState.adopt`.
    mutating func adoptProbes(isProbed: Bool, wasProbed: Bool, at now: Instant) {
        let wasHealthy = healthySince != nil
        probes.adopt(isProbed: isProbed, wasProbed: wasProbed, at: now)
        if !isProbed && !wasHealthy { healthySince = now }
    }

    /// It has its whole share at once.
    mutating func endSlowStart() {
        slowStart = nil
        sharePercent = 100
    }

    mutating func startSlowly(at now: Instant, milliseconds: Milliseconds) {
        slowStart = SlowStart(at: now, milliseconds: milliseconds)
        advance(to: now)
    }

    /// Brings ejection and slow start up to date.
    mutating func advance(to now: Instant) {
        ejection.advance(to: now)
        guard let slowStart else { return }
        sharePercent = slowStart.percent(at: now)
        if sharePercent == 100 { self.slowStart = nil }
    }

    /// When `advance` has something to do.
    func nextChange(after now: Instant) -> Instant? {
        [ejection.nextChange, slowStart?.nextStep(after: now)].compactMap(\.self).min()
    }
}
