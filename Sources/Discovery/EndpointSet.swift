import ProxyCore
import Synchronization

/// The endpoints of one service, in an order that stays, with all that is known of their health.
///
/// A value without clock and random source. What happens goes in, with its moment: addresses that were found
/// (`reconcile`), probes that began and ended, what workers saw, time that passed (`advance`). What comes out is the
/// endpoints with standing and share (`endpoints`), when they are probed (`probeDue`), when time alone changes something
/// (`nextChange`), and a line for each thing that happened.
struct EndpointSet {
    private struct Member {
        let address: SocketAddress
        let stats: EndpointStats
        var role: EndpointRole
        var stickyToken: UInt64
        var health: EndpointHealth
    }

    private var settings: ServiceSettings
    private var makeToken: (SocketAddress) -> UInt64
    private var members: [Member] = []
    private var places: [SocketAddress: Int] = [:]
    private var lastSweep: Instant?

    /// - Parameter makeToken: makes what a client's cookie says to come back to an address.
    init(settings: ServiceSettings = ServiceSettings(), makeToken: @escaping (SocketAddress) -> UInt64 = { _ in 0 }) {
        self.settings = settings
        self.makeToken = makeToken
    }

    var addresses: [SocketAddress] { members.map(\.address) }

    // MARK: What comes out

    /// The endpoints as the pool is to have them. Where none is serving, those may that no probe has reached yet.
    var endpoints: [Endpoint] {
        let trustsNew = !members.contains { $0.health.standing(trustingNew: false) == .serving }
        return members.map { member in
            var endpoint = Endpoint(
                address: member.address, stats: member.stats, role: member.role,
                share: max(1, member.role.weight * Endpoint.wholeShare * member.health.sharePercent / 100),
                standing: member.health.standing(trustingNew: trustsNew))
            endpoint.isNew = member.health.isNew && !trustsNew
            endpoint.stickyToken = member.stickyToken
            return endpoint
        }
    }

    /// When an endpoint is to be probed next; nil where it is being probed, is none of the set, or nothing is probed.
    func probeDue(_ address: SocketAddress) -> Instant? {
        guard isProbed, let place = places[address], !members[place].health.probes.isProbing else { return nil }
        return members[place].health.probes.due
    }

    /// When `advance` has something to do; nil where time changes nothing.
    func nextChange(after now: Instant) -> Instant? {
        (members.compactMap { $0.health.nextChange(after: now) } + [nextSweep].compactMap(\.self)).min()
    }

    // MARK: What discovery finds

    /// Brings the set to `wanted`: an endpoint that stays keeps its place, its statistics and its health, new ones are
    /// appended in the order in which they are wanted, as many as a service may have, and of duplicates the first counts.
    ///
    /// - Returns: whether the set has changed, and what followed for those that stay.
    mutating func reconcile(with wanted: [FoundEndpoint], at now: Instant) -> (hasChanged: Bool, events: [HealthEvent])
    {
        var missing = Dictionary(wanted.map { ($0.address, $0.role) }) { first, _ in first }
        var hasChanged = false
        var kept: [Member] = []
        for var member in members {
            guard let role = missing.removeValue(forKey: member.address) else {
                hasChanged = true
                continue
            }
            if role != member.role { hasChanged = true }
            member.role = role
            kept.append(member)
        }
        members = kept
        for endpoint in wanted {
            guard members.count < ProxyCore.Limits.endpointsPerServiceMax else { break }
            guard let role = missing.removeValue(forKey: endpoint.address) else { continue }
            hasChanged = true
            members.append(member(endpoint.address, role, at: now))
        }
        guard hasChanged else { return (false, []) }
        places = Dictionary(uniqueKeysWithValues: members.enumerated().map { ($1.address, $0) })
        if !isProbed { for place in kept.count..<members.count { startSlowly(place, at: now) } }
        if lastSweep == nil { lastSweep = now }
        return (true, releaseSurplus(at: now))
    }

    // MARK: What the configuration says

    /// Judges by other settings from now on. Endpoints stay who they are, with all that is known of them as far as it still
    /// means something.
    ///
    /// - Parameters:
    ///   - makeToken: see `init`.
    ///   - probesAnew: where probes are others, so that those under way were given up.
    /// - Returns: what followed.
    mutating func adopt(
        _ next: ServiceSettings, makeToken: @escaping (SocketAddress) -> UInt64, probesAnew: Bool, at now: Instant
    ) -> [HealthEvent] {
        let wasProbed = isProbed
        settings = next
        self.makeToken = makeToken
        for place in members.indices {
            members[place].stickyToken = makeToken(members[place].address)
            if probesAnew { members[place].health.adoptProbes(isProbed: isProbed, wasProbed: wasProbed, at: now) }
            if next.slowStartMilliseconds == 0 || !next.policy.heedsShares { members[place].health.endSlowStart() }
        }
        return next.ejection.isOn ? releaseSurplus(at: now) : releaseAll(at: now)
    }

    private func member(_ address: SocketAddress, _ role: EndpointRole, at now: Instant) -> Member {
        Member(
            address: address, stats: EndpointStats(), role: role, stickyToken: makeToken(address),
            health: EndpointHealth(joined: now, isProbed: isProbed))
    }

    private var isProbed: Bool { settings.health.check != .off }

    // MARK: What probes find

    mutating func probeBegan(_ address: SocketAddress, at now: Instant) {
        guard let place = places[address] else { return }
        members[place].health.beginProbe(at: now)
    }

    /// - Parameter random: see `ProbeState.end`.
    mutating func probeEnded(_ address: SocketAddress, _ result: ProbeResult, at now: Instant, random: Double)
        -> [HealthEvent]
    {
        guard let place = places[address],
            let change = members[place].health.endProbe(result, at: now, random: random, settings: settings.health)
        else { return [] }
        if case .healthy = change { startSlowly(place, at: now) }
        return [HealthEvent(endpoint: address, change: .probed(change))]
    }

    /// Lets the share of an endpoint grow that begins to serve beside one that has served for longer than that takes.
    private mutating func startSlowly(_ place: Int, at now: Instant) {
        let time = settings.slowStartMilliseconds
        guard time > 0, settings.policy.heedsShares else { return }
        let hasElder = members.contains { member in
            guard member.health.standing(trustingNew: false) == .serving, let since = member.health.healthySince else {
                return false
            }
            return now - since >= time
        }
        if hasElder { members[place].health.startSlowly(at: now, milliseconds: time) }
    }

    // MARK: What workers see

    mutating func note(_ seen: EndpointReport.Event, of address: SocketAddress, at now: Instant) -> [HealthEvent] {
        guard let place = places[address] else { return [] }
        switch seen {
        case .connectFailed:
            members[place].health.urgeProbe(at: now)
            return []
        case .failing(let count, let last):
            // Reports come at each multiple of the number; the first tells all there is to tell.
            let isFirst = count <= settings.ejection.consecutiveFailures
            return eject(place, .failures(inARow: count, last: last.description), isFirst: isFirst, at: now)
        case .trialEnded(let succeeded):
            guard members[place].health.ejection.phase == .trial else { return [] }
            if succeeded {
                return [event(place, .recovered(members[place].health.ejection.end(at: now)))]
            }
            return [event(place, .ejected(members[place].health.ejection.eject(at: now, settings.ejection), .trial))]
        }
    }

    /// So many endpoints may be ejected or on trial at a time.
    private var ejectedMax: Int { members.count * settings.ejection.ejectedPercentMax / 100 }

    private var ejectedCount: Int { members.count { !$0.health.ejection.isServing } }

    private mutating func eject(_ place: Int, _ cause: EjectionCause, isFirst: Bool = true, at now: Instant)
        -> [HealthEvent]
    {
        guard settings.ejection.isOn, members[place].health.ejection.isServing else { return [] }
        guard ejectedCount < ejectedMax else {
            return isFirst ? [event(place, .spared(cause, most: ejectedMax, of: members.count))] : []
        }
        return [event(place, .ejected(members[place].health.ejection.eject(at: now, settings.ejection), cause))]
    }

    /// Ends as many ejections as the pool has become too small for, those first that would end first.
    private mutating func releaseSurplus(at now: Instant) -> [HealthEvent] {
        let out = members.indices.filter { !members[$0].health.ejection.isServing }
            .sorted { (endOfEjection($0) ?? now) < (endOfEjection($1) ?? now) }
        return out.prefix(max(0, out.count - ejectedMax)).map { place in
            _ = members[place].health.ejection.end(at: now)
            return event(place, .released(most: ejectedMax, of: members.count))
        }
    }

    private mutating func releaseAll(at now: Instant) -> [HealthEvent] {
        members.indices.filter { !members[$0].health.ejection.isServing }.map { place in
            _ = members[place].health.ejection.end(at: now)
            return event(place, .pardoned)
        }
    }

    private func endOfEjection(_ place: Int) -> Instant? { members[place].health.ejection.nextChange }

    private func event(_ place: Int, _ change: HealthEvent.Change) -> HealthEvent {
        HealthEvent(endpoint: members[place].address, change: change)
    }

    // MARK: What time does

    /// Ends ejections whose time is over with a trial, lets shares grow, and compares success rates when that is due.
    mutating func advance(to now: Instant) -> [HealthEvent] {
        for place in members.indices {
            let wasOnTrial = members[place].health.ejection.phase == .trial
            members[place].health.advance(to: now)
            if !wasOnTrial, members[place].health.ejection.phase == .trial {
                members[place].stats.isOnTrial.store(false, ordering: .relaxed)
            }
        }
        guard let nextSweep, nextSweep <= now else { return [] }
        return sweep(at: now)
    }

    private var nextSweep: Instant? {
        guard settings.ejection.isOn, settings.ejection.sweepMilliseconds > 0,
            members.count >= settings.ejection.sweepEndpointsMin
        else { return nil }
        return lastSweep.map { $0 + settings.ejection.sweepMilliseconds }
    }

    private mutating func sweep(at now: Instant) -> [HealthEvent] {
        lastSweep = now
        let tallies = members.indices.map { place in
            let total = RequestTally(
                outcomes: members[place].stats.outcomes.load(ordering: .relaxed),
                failures: members[place].stats.failures.load(ordering: .relaxed))
            let last = members[place].health.tally
            members[place].health.tally = total
            return RequestTally(outcomes: total.outcomes - last.outcomes, failures: total.failures - last.failures)
        }
        return OutlierSweep.outliers(among: tallies, settings.ejection).flatMap {
            eject($0.index, .successRate(own: $0.successRate, mean: $0.mean), at: now)
        }
    }
}

extension Policy {
    /// Where shares change, the hashing policies move clients to other endpoints, which is what they are there to avoid.
    fileprivate var heedsShares: Bool { self != .ringHash && self != .maglev }
}
