import Logging
import ProxyCore

/// A service, where its endpoints come from, and how they are judged.
package struct ServiceTargets: Sendable {
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
/// It belongs to the thread that runs the loop: every method is called there, or before the loop runs.
package final class ServiceDirectory {
    private struct Service {
        let targets: ServiceTargets
        var set: EndpointSet
        /// As it was last published.
        var pool = Pool.empty
        var prober: Prober?
        /// For the next change that time alone makes.
        var timer: ControlLoop.TimerID?
    }

    private let loop: ControlLoop
    private let log: Logger
    private let publish: (EndpointSnapshot) -> Void
    /// In the order of the snapshots.
    private var services: [Service]
    private var resolver: Resolver?
    /// Those to which something has happened that is not published yet.
    private var unsettled: Set<Int> = []
    private var settling: ControlLoop.TimerID?
    private var published = Instant(microseconds: 0)

    /// - Parameters:
    ///   - services: in the order in which snapshots list them.
    ///   - publish: called on the loop's thread with each new snapshot.
    /// - Throws: an error whose description says why the resolver library cannot be used.
    package init(
        loop: ControlLoop, services: [ServiceTargets], resolver settings: ResolverSettings, log: Logger,
        publish: @escaping (EndpointSnapshot) -> Void
    ) throws {
        self.loop = loop
        self.log = log
        self.publish = publish
        let secrets = StickySecrets(services, log)
        self.services = services.map { Service(targets: $0, set: secrets.endpointSet(for: $0)) }
        let gate = ProbeGate()
        for index in services.indices { self.services[index].prober = prober(for: index, gate) }
        resolver = try Resolver(
            loop: loop, services: services.map(\.upstreams), settings: settings, log: log,
            found: { [weak self] service, endpoints in self?.found(service, endpoints) })
    }

    /// Publishes what needs no resolution at once, be it nothing, and a full snapshot whenever something has changed.
    package func start() {
        resolver?.start()
        for service in services.indices { _ = plan(service) }
        publishSnapshot()
    }

    /// Takes what a worker saw of an endpoint.
    package func note(_ report: EndpointReport) {
        let service = report.service
        guard services.indices.contains(service) else { return }
        if case .connectFailed(let reason, let isFirst) = report.event {
            if isFirst { log.warning("endpoint \(report.endpoint) failed: \(reason); others are preferred") }
            resolver?.refresh(service: service, naming: report.endpoint)
        }
        tell(services[service].set.note(report.event, of: report.endpoint, at: loop.now), of: service)
        scheduleProbe(of: report.endpoint, service)
        settleSoon(service)
    }

    /// Asks for the names of a service again as soon as their rate allows, because requests wait for an endpoint.
    ///
    /// - Parameter service: its index; one that does not exist is left alone.
    package func refresh(service: Int) { resolver?.refresh(service: service) }

    /// Ends all resolution and all probes. Nothing is published any more.
    package func stop() {
        resolver?.stop()
        for service in services {
            service.prober?.stop()
            if let timer = service.timer { loop.cancel(timer) }
        }
        if let settling { loop.cancel(settling) }
    }

    // MARK: What happens

    private func found(_ service: Int, _ endpoints: [FoundEndpoint]) {
        let (hasChanged, events) = services[service].set.reconcile(with: endpoints, at: loop.now)
        guard hasChanged else { return }
        tell(events, of: service)
        let new = services[service].prober?.follow(services[service].set.addresses) ?? []
        for address in new { scheduleProbe(of: address, service) }
        settleSoon(service)
    }

    private func probeEnded(_ service: Int, _ address: SocketAddress, _ result: ProbeResult) {
        let events = services[service].set.probeEnded(address, result, at: loop.now, random: .random(in: 0..<1))
        scheduleProbe(of: address, service)
        guard !events.isEmpty else { return }
        tell(events, of: service)
        settleSoon(service)
    }

    private func advance(_ service: Int) {
        services[service].timer = nil
        tell(services[service].set.advance(to: loop.now), of: service)
        settleSoon(service)
    }

    private func tell(_ events: [HealthEvent], of service: Int) {
        // With several services, the same address may be an endpoint of each, and is judged by each.
        let place = services.count > 1 ? "\(services[service].targets.name): " : ""
        for event in events { log.log(level: event.level, "\(place)\(event)") }
    }

    // MARK: What follows

    private func prober(for service: Int, _ gate: ProbeGate) -> Prober? {
        let targets = services[service].targets
        guard targets.settings.health.check != .off else { return nil }
        return Prober(
            loop: loop, settings: targets.settings.health, host: targets.upstreams.first?.target.host, gate: gate,
            handlers: Prober.Handlers(
                began: { [weak self] address in
                    guard let self else { return }
                    services[service].set.probeBegan(address, at: loop.now)
                },
                ended: { [weak self] address, result in self?.probeEnded(service, address, result) }))
    }

    private func scheduleProbe(of address: SocketAddress, _ service: Int) {
        guard let due = services[service].set.probeDue(address) else { return }
        services[service].prober?.probe(address, at: due)
    }

    /// Has the service looked at before the next turn of the loop, or a little later where much happens.
    private func settleSoon(_ service: Int) {
        unsettled.insert(service)
        guard settling == nil else { return }
        let pause = published + Limits.publicationGapMilliseconds - loop.now
        settling = loop.schedule(after: pause) { [weak self] in self?.settle() }
    }

    /// Publishes what has changed, once, and waits for the next changes that time makes.
    private func settle() {
        if let settling { loop.cancel(settling) }
        settling = nil
        let changed = unsettled.filter { plan($0) }
        for service in unsettled { waitForChange(service) }
        unsettled = []
        if !changed.isEmpty { publishSnapshot() }
    }

    private func waitForChange(_ service: Int) {
        if let timer = services[service].timer { loop.cancel(timer) }
        services[service].timer = services[service].set.nextChange(after: loop.now).map { due in
            loop.schedule(after: due - loop.now + 1) { [weak self] in self?.advance(service) }
        }
    }

    private func publishSnapshot() {
        published = loop.now
        publish(EndpointSnapshot(services: services.map(\.pool)))
    }

    /// Brings a service's pool up to date.
    ///
    /// - Returns: whether it has changed.
    private func plan(_ service: Int) -> Bool {
        let endpoints = services[service].set.endpoints
        let before = services[service].pool
        guard !endpoints.elementsEqual(before.endpoints, by: { $0.isSame(as: $1) }) else { return false }
        let pool = Pool(endpoints: endpoints, settings: services[service].targets.settings, previous: before)
        services[service].pool = pool
        tellPanic(service, pool, wasPanicking: before.isPanicking)
        return true
    }

    private func tellPanic(_ service: Int, _ pool: Pool, wasPanicking: Bool) {
        guard pool.isPanicking != wasPanicking else { return }
        let expected = pool.endpoints.filter { $0.standing != .draining && !($0.isNew && $0.standing == .resting) }
        let healthy = expected.count { $0.standing == .serving }
        let standing =
            "\(services[service].targets.name): \(healthy) of \(expected.count.counted("endpoint")) "
            + "\(healthy == 1 ? "is" : "are") healthy"
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
private struct StickySecrets {
    /// For services that name none.
    private let random = "\(UInt64.random(in: 0 ... .max))\(UInt64.random(in: 0 ... .max))"

    init(_ services: [ServiceTargets], _ log: Logger) {
        guard services.contains(where: { $0.settings.policy == .sticky && $0.settings.sticky.secret.isEmpty }) else {
            return
        }
        log.warning("no sticky secret is given: clients lose their endpoints when this process ends")
    }

    func endpointSet(for service: ServiceTargets) -> EndpointSet {
        let settings = service.settings
        guard settings.policy == .sticky else { return EndpointSet(settings: settings) }
        let secret = settings.sticky.secret.isEmpty ? random : settings.sticky.secret
        return EndpointSet(settings: settings) {
            StickyToken.make(secret: secret, service: service.name, address: $0)
        }
    }
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
