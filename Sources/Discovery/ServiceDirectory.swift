import Logging
import ProxyCore

/// A service, where its endpoints come from, and how they are judged.
package struct ServiceTargets: Equatable, Sendable {
    package let name: String
    package let upstreams: [Upstream]
    package let settings: ServiceSettings

    package init(name: String, upstreams: [Upstream], settings: ServiceSettings = ServiceSettings()) {
        self.name = name
        self.upstreams = upstreams
        self.settings = settings
    }
}

/// Knows who can serve each service: what resolution finds, merged with what probes and workers say, and published.
///
/// Services are named by slots: small numbers, the places of their pools in snapshots. It belongs to the thread that runs
/// the loop: every method is called there, or before the loop runs.
package final class ServiceDirectory {
    private struct Service {
        var targets: ServiceTargets
        var set: EndpointSet
        /// By which the pool is planned: those of `targets`, once workers go by them too.
        var settings: ServiceSettings
        /// As it was last published.
        var pool = Pool.empty
        var plannedBy: ServiceSettings?
        var prober: Prober?
        /// For the next change that time alone makes.
        var timer: ControlLoop.TimerID?
    }

    /// An update whose first snapshot is still to come.
    private struct Wait {
        let timer: ControlLoop.TimerID
        let then: (EndpointSnapshot) -> Void
    }

    private let loop: ControlLoop
    private let log: Logger
    private let publish: (EndpointSnapshot) -> Void
    private let secrets = StickySecrets()
    private let gate = ProbeGate()
    /// By slot.
    private var services: [Int: Service] = [:]
    /// Snapshots do not become shorter.
    private var slotCount = 0
    private var resolver: Resolver?
    /// Those to which something has happened that is not published yet.
    private var unsettled: Set<Int> = []
    private var settling: ControlLoop.TimerID?
    private var wait: Wait?
    private var published = Instant(microseconds: 0)

    /// - Parameters:
    ///   - services: those of the slots from 0 on.
    ///   - publish: called on the loop's thread with each new snapshot.
    /// - Throws: an error whose description says why the resolver library cannot be used.
    package init(
        loop: ControlLoop, services: [ServiceTargets], resolver settings: ResolverSettings, log: Logger,
        publish: @escaping (EndpointSnapshot) -> Void
    ) throws {
        self.loop = loop
        self.log = log
        self.publish = publish
        for (slot, targets) in services.enumerated() { add(targets, slot) }
        resolver = try Resolver(
            loop: loop, services: self.services.mapValues(\.targets.upstreams), settings: settings, log: log,
            found: { [weak self] service, endpoints in self?.found(service, endpoints) })
        resolver?.heard = { [weak self] in self?.endWaitIfKnown() }
    }

    /// Publishes what needs no resolution at once, be it nothing, and a full snapshot whenever something has changed.
    package func start() {
        resolver?.start()
        for service in services.keys { _ = plan(service) }
        publishSnapshot()
    }

    /// Takes what a worker saw of an endpoint.
    package func note(_ report: EndpointReport) {
        let service = report.service
        guard services[service] != nil else { return }
        if case .connectFailed(let reason, let isFirst) = report.event {
            if isFirst { log.warning("endpoint \(report.endpoint) failed: \(reason); others are preferred") }
            resolver?.refresh(service: service, naming: report.endpoint)
        }
        tell(services[service]?.set.note(report.event, of: report.endpoint, at: loop.now), of: service)
        scheduleProbe(of: report.endpoint, service)
        settleSoon(service)
    }

    /// Asks for the names of a service again as soon as their rate allows, because requests wait for an endpoint.
    ///
    /// - Parameter service: its slot; an empty one is left alone.
    package func refresh(service: Int) { resolver?.refresh(service: service) }

    /// Ends all resolution and all probes. Nothing is published any more.
    package func stop() {
        resolver?.stop()
        for service in services.values { end(service) }
        if let settling { loop.cancel(settling) }
        if let wait { loop.cancel(wait.timer) }
        wait = nil
    }

    /// Who can serve, as it was last published, with the services' names and in the order of their slots.
    package var pools: [(slot: Int, name: String, pool: Pool)] {
        services.sorted { $0.key < $1.key }.map { ($0.key, $0.value.targets.name, $0.value.pool) }
    }

    /// How many names are watched.
    var names: Int { resolver?.nameCount ?? 0 }

    // MARK: Other services

    /// Knows these services from now on. One whose slot and name stay keeps its endpoints with all that is known of them;
    /// where its targets change, those that it leaves stay until something is known of the new ones.
    ///
    /// - Parameters:
    ///   - wanted: by slot, all of them.
    ///   - settings: of resolution.
    ///   - then: called once, in a later turn of the loop, with the first snapshot whose pools are planned by the new
    ///     settings, which is for the caller to publish. That is when something is known of each service, or half a
    ///     second later. Until then what changes is published as before. Where it is nil, nothing but a service's end may
    ///     change, and that is published at once.
    package func update(
        services wanted: [Int: ServiceTargets], resolver settings: ResolverSettings,
        then: ((EndpointSnapshot) -> Void)? = nil
    ) {
        if then != nil { endWait() }
        let others = Set(services.filter { wanted[$0.key]?.name != $0.value.targets.name }.keys)
        for service in others { remove(service) }
        for (service, targets) in wanted.sorted(by: { $0.key < $1.key }) {
            if services[service] == nil {
                add(targets, service)
            } else if services[service]?.targets != targets {
                change(service, to: targets)
            }
        }
        resolver?.update(services: wanted.mapValues(\.upstreams), settings: settings, others: others)
        guard let then else { return others.isEmpty ? () : publishSnapshot() }
        wait = Wait(
            timer: loop.schedule(after: isEachKnown ? 0 : Limits.firstAddressesMilliseconds) { [weak self] in
                self?.endWait()
            }, then: then)
    }

    private func add(_ targets: ServiceTargets, _ service: Int) {
        let settings = targets.settings
        if settings.policy == .sticky && settings.sticky.secret.isEmpty { secrets.tellRandom(log) }
        slotCount = max(slotCount, service + 1)
        services[service] = Service(
            targets: targets, set: EndpointSet(settings: settings, makeToken: secrets.tokens(for: targets)),
            settings: settings, prober: prober(for: service, targets))
    }

    private func change(_ service: Int, to targets: ServiceTargets) {
        guard let last = services[service]?.targets else { return }
        let settings = targets.settings
        if settings.policy == .sticky && settings.sticky.secret.isEmpty { secrets.tellRandom(log) }
        let probesAnew = settings.health != last.settings.health || targets.host != last.host
        services[service]?.targets = targets
        if probesAnew {
            services[service]?.prober?.stop()
            services[service]?.prober = prober(for: service, targets)
        }
        let events = services[service]?.set.adopt(
            settings, makeToken: secrets.tokens(for: targets), probesAnew: probesAnew, at: loop.now)
        tell(events, of: service)
        if probesAnew { followEndpoints(of: service) }
        settleSoon(service)
    }

    private func remove(_ service: Int) {
        if let gone = services.removeValue(forKey: service) { end(gone) }
        unsettled.remove(service)
    }

    private func end(_ service: Service) {
        service.prober?.stop()
        if let timer = service.timer { loop.cancel(timer) }
    }

    private var isEachKnown: Bool { services.keys.allSatisfy { resolver?.isKnown($0) ?? true } }

    private func endWaitIfKnown() {
        if wait != nil && isEachKnown { endWait() }
    }

    /// Plans by the settings that are in force from now on.
    private func endWait() {
        guard let wait else { return }
        loop.cancel(wait.timer)
        self.wait = nil
        for (service, known) in services where known.settings != known.targets.settings {
            services[service]?.settings = known.targets.settings
            unsettled.insert(service)
        }
        _ = settleAll()
        published = loop.now
        wait.then(snapshot)
    }

    // MARK: What happens

    private func found(_ service: Int, _ endpoints: [FoundEndpoint]) {
        guard let (hasChanged, events) = services[service]?.set.reconcile(with: endpoints, at: loop.now), hasChanged
        else { return }
        tell(events, of: service)
        followEndpoints(of: service)
        settleSoon(service)
    }

    private func probeEnded(_ service: Int, _ address: SocketAddress, _ result: ProbeResult) {
        let random = Double.random(in: 0..<1)
        let events = services[service]?.set.probeEnded(address, result, at: loop.now, random: random) ?? []
        scheduleProbe(of: address, service)
        guard !events.isEmpty else { return }
        tell(events, of: service)
        settleSoon(service)
    }

    private func advance(_ service: Int) {
        services[service]?.timer = nil
        tell(services[service]?.set.advance(to: loop.now), of: service)
        settleSoon(service)
    }

    private func tell(_ events: [HealthEvent]?, of service: Int) {
        // With several services, the same address may be an endpoint of each, and is judged by each.
        let place = services.count > 1 ? "\(services[service]?.targets.name ?? ""): " : ""
        for event in events ?? [] { log.log(level: event.level, "\(place)\(event)") }
    }

    // MARK: What follows

    private func prober(for service: Int, _ targets: ServiceTargets) -> Prober? {
        guard targets.settings.health.check != .off else { return nil }
        return Prober(
            loop: loop, settings: targets.settings.health, host: targets.host, gate: gate,
            handlers: Prober.Handlers(
                began: { [weak self] address in
                    guard let self else { return }
                    services[service]?.set.probeBegan(address, at: loop.now)
                },
                ended: { [weak self] address, result in self?.probeEnded(service, address, result) }))
    }

    /// Probes those that are new, and no others than those that the service has.
    private func followEndpoints(of service: Int) {
        guard let known = services[service] else { return }
        for address in known.prober?.follow(known.set.addresses) ?? [] { scheduleProbe(of: address, service) }
    }

    private func scheduleProbe(of address: SocketAddress, _ service: Int) {
        guard let due = services[service]?.set.probeDue(address) else { return }
        services[service]?.prober?.probe(address, at: due)
    }

    /// Has the service looked at before the next turn of the loop, or a little later where much happens.
    private func settleSoon(_ service: Int) {
        unsettled.insert(service)
        guard settling == nil else { return }
        let pause = published + Limits.publicationGapMilliseconds - loop.now
        settling = loop.schedule(after: pause) { [weak self] in self?.settle() }
    }

    /// Publishes what has changed, once.
    private func settle() {
        if settleAll() { publishSnapshot() }
    }

    /// Brings pools up to date, and waits for the next changes that time makes.
    ///
    /// - Returns: whether one has changed.
    private func settleAll() -> Bool {
        if let settling { loop.cancel(settling) }
        settling = nil
        let changed = unsettled.filter { plan($0) }
        for service in unsettled { waitForChange(service) }
        unsettled = []
        return !changed.isEmpty
    }

    private func waitForChange(_ service: Int) {
        if let timer = services[service]?.timer { loop.cancel(timer) }
        let timer = services[service]?.set.nextChange(after: loop.now).map { due in
            loop.schedule(after: due - loop.now + 1) { [weak self] in self?.advance(service) }
        }
        services[service]?.timer = timer
    }

    private func publishSnapshot() {
        published = loop.now
        publish(snapshot)
    }

    private var snapshot: EndpointSnapshot {
        EndpointSnapshot(services: (0..<slotCount).map { services[$0]?.pool ?? .empty })
    }

    /// Brings a service's pool up to date.
    ///
    /// - Returns: whether it has changed.
    private func plan(_ service: Int) -> Bool {
        guard let known = services[service] else { return false }
        let endpoints = known.set.endpoints
        let before = known.pool
        guard
            known.plannedBy != known.settings
                || !endpoints.elementsEqual(before.endpoints, by: { $0.isSame(as: $1) })
        else { return false }
        let pool = Pool(endpoints: endpoints, settings: known.settings, previous: before)
        services[service]?.pool = pool
        services[service]?.plannedBy = known.settings
        tellPanic(known.targets.name, pool, wasPanicking: before.isPanicking)
        return true
    }

    private func tellPanic(_ service: String, _ pool: Pool, wasPanicking: Bool) {
        guard pool.isPanicking != wasPanicking else { return }
        let expected = pool.endpoints.filter { $0.standing != .draining && !($0.isNew && $0.standing == .resting) }
        let healthy = expected.count { $0.standing == .serving }
        let standing =
            "\(service): \(healthy) of \(expected.count.counted("endpoint")) "
            + "\(healthy == 1 || expected.count == 1 ? "is" : "are") healthy"
        if pool.isPanicking {
            log.warning("\(standing): all are used")
        } else {
            log.info("\(standing): the panic is over")
        }
    }
}

extension Endpoint {
    fileprivate func isSame(as other: Endpoint) -> Bool {
        stats === other.stats && role == other.role && share == other.share && standing == other.standing
            && isNew == other.isNew && stickyToken == other.stickyToken
    }
}

/// What the cookies of sticky services are signed with.
private final class StickySecrets {
    /// For services that name none.
    private let random = "\(UInt64.random(in: 0 ... .max))\(UInt64.random(in: 0 ... .max))"
    private var hasTold = false

    /// Warns, once, of what it means that a service names no secret.
    func tellRandom(_ log: Logger) {
        if !hasTold { log.warning("no sticky secret is given: clients lose their endpoints when this process ends") }
        hasTold = true
    }

    func tokens(for service: ServiceTargets) -> (SocketAddress) -> UInt64 {
        let sticky = service.settings.sticky
        guard service.settings.policy == .sticky else { return { _ in 0 } }
        let secret = sticky.secret.isEmpty ? random : sticky.secret
        return { StickyToken.make(secret: secret, service: service.name, address: $0) }
    }
}

extension ServiceTargets {
    /// What the service is called in a Host field; nil where each endpoint goes by its own address.
    fileprivate var host: String? { upstreams.first?.target.host }
}

extension UpstreamTarget {
    /// What a service with this target is called in a Host field; nil where each endpoint goes by its own address.
    fileprivate var host: String? {
        switch self {
        case .address, .service: nil
        case .name(let name, let port): port == 80 ? name : "\(name):\(port)"
        }
    }
}
