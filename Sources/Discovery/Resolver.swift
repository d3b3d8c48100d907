// Discovery: who can serve, found out continually on the control thread.
//
// An address comes this way:
//
//     Channel          one question to c-ares on the loop, one Answer out of a Message
//     Nameservers      the servers as ServerOrder has them, until one says something
//     NameWatch        one name: RefreshSchedule says when to ask, Lookup what, NameState what the answers mean
//     ServiceWatch     one name's SRV records and the names in them; ServiceState says which of them are in force
//     EndpointSet      the addresses of a service, merged with its endpoints so far
//     EndpointSnapshot what the workers adopt
//
// NameSource holds what the files say (ResolverConfig, HostsFile, by way of WatchedFile), NameWatches the names that are
// watched. All but these two, Channel, Nameservers, NameWatch, ServiceWatch and Resolver are values that decide without
// clock or socket.

import Logging
import ProxyCore

/// What resolution says of one endpoint.
struct FoundEndpoint: Hashable, Sendable {
    let address: SocketAddress
    var role = EndpointRole()
}

/// Resolves the names of all services continually and says who was found.
///
/// It belongs to the thread that runs the loop: every method is called there, or before the loop runs.
final class Resolver {
    /// Where endpoints come from: one for each target, however many services name it.
    private enum Source {
        case address(SocketAddress)
        case name(NameWatch, port: UInt16)
        case service(ServiceWatch)

        /// With the roles that the source itself gives.
        var endpoints: [FoundEndpoint] {
            switch self {
            case .address(let address): [FoundEndpoint(address: address)]
            case .name(let watch, let port): watch.addresses.map { FoundEndpoint(address: $0.withPort(port)) }
            case .service(let watch): watch.endpoints
            }
        }

        var standing: ServiceState.Standing {
            switch self {
            case .address: .known(hasAddresses: true)
            case .name(let watch, _): watch.standing
            case .service(let watch): watch.standing
            }
        }

        func close(_ watches: NameWatches) {
            switch self {
            case .address: break
            case .name(let watch, _): watches.release(watch)
            case .service(let watch): watch.close()
            }
        }

        func refreshUrgently(naming endpoint: SocketAddress?) {
            if let endpoint, !endpoints.contains(where: { $0.address == endpoint }) { return }
            switch self {
            case .address: break
            case .name(let watch, _): watch.refreshUrgently()
            case .service(let watch): watch.refreshUrgently(naming: endpoint)
            }
        }
    }

    private let loop: ControlLoop
    private var settings: ResolverSettings
    private let log: Logger
    private let found: (Int, [FoundEndpoint]) -> Void
    /// By slot.
    private var services: [Int: [Upstream]] = [:]
    /// What services have left whose new targets are not known yet.
    private var leaving: [Int: [Upstream]] = [:]
    private let files: NameSource
    private var watches: NameWatches?
    /// Each once, in the order in which they came.
    private(set) var targets: [UpstreamTarget] = []
    private var sources: [UpstreamTarget: Source] = [:]
    /// What each source had when it was last told of.
    private var endpoints: [UpstreamTarget: [FoundEndpoint]] = [:]
    private var fileTimer: ControlLoop.TimerID?
    /// Called after whatever may have changed what `isKnown` says.
    var heard: () -> Void = {}

    /// - Parameters:
    ///   - services: where the endpoints of each service come from, by slot. A name that several upstreams share is asked
    ///     once.
    ///   - found: called on the loop's thread with all endpoints of a service, at the start, and whenever one of their
    ///     names or the upstreams have changed.
    /// - Throws: an error whose description says why the resolver library cannot be used.
    init(
        loop: ControlLoop, services: [Int: [Upstream]], settings: ResolverSettings, log: Logger,
        found: @escaping (_ service: Int, _ endpoints: [FoundEndpoint]) -> Void
    ) throws {
        self.loop = loop
        self.settings = settings
        self.log = log
        self.found = found
        files = try NameSource(loop: loop, settings: settings, log: log)
        watches = NameWatches(loop: loop, source: files, interval: settings.intervalMilliseconds, log: log) {
            [weak self] watch, reason in
            self?.take(watch, reason: reason)
            self?.heard()
        }
        self.services = services
        followUpstreams()
    }

    func start() {
        for service in services.keys.sorted() { tell(service) }
        watches?.start()
        followFiles()
    }

    /// Resolves these services from now on. Names that are watched already are asked no sooner for it, and what a service
    /// leaves stays until something is known of what it goes to.
    ///
    /// - Parameter others: slots whose service is another than before, to which nothing of the former is left.
    func update(services next: [Int: [Upstream]], settings: ResolverSettings, others: Set<Int> = []) {
        if settings != self.settings { adopt(settings) }
        let changed = next.filter { services[$0.key] != $0.value || others.contains($0.key) }.keys.sorted()
        for service in changed {
            // Those without addresses would only gather.
            let left = upstreams(of: service).filter { !(endpoints[$0.target] ?? []).isEmpty }
            leaving[service] = left.isEmpty || others.contains(service) ? nil : left
        }
        leaving = leaving.filter { next[$0.key] != nil }
        services = next
        followUpstreams()
        for service in changed { settle(service) }
    }

    /// Whether something is known of each of the service's targets, be it that it has no address.
    func isKnown(_ service: Int) -> Bool {
        services[service, default: []].allSatisfy { sources[$0.target]?.standing != .unknown }
    }

    /// Asks for the names of a service again as soon as their rate allows, because it has no endpoint, or a connect failed.
    ///
    /// - Parameters:
    ///   - service: its slot; an empty one is left alone.
    ///   - endpoint: asks only for the names that it was found by; nil for all of them.
    func refresh(service: Int, naming endpoint: SocketAddress? = nil) {
        for upstream in upstreams(of: service) { sources[upstream.target]?.refreshUrgently(naming: endpoint) }
    }

    /// Ends all resolution. Nothing is published any more.
    func stop() {
        if let fileTimer { loop.cancel(fileTimer) }
        fileTimer = nil
        for case .service(let watch) in sources.values { watch.stop() }
        watches?.stop()
        files.close()
    }

    /// How many names are watched.
    var nameCount: Int { watches?.count ?? 0 }

    // MARK: Targets

    /// Those of a service, and behind them those that it leaves.
    private func upstreams(of service: Int) -> [Upstream] {
        services[service, default: []] + leaving[service, default: []]
    }

    /// Has a source for each target that a service names, and none for others.
    private func followUpstreams() {
        guard let watches else { return }
        var wanted: Set<UpstreamTarget> = []
        // First what comes, so that a name that both need is not asked anew.
        for upstream in services.keys.sorted().flatMap(upstreams) where wanted.insert(upstream.target).inserted {
            guard sources[upstream.target] == nil else { continue }
            let source = source(of: upstream.target, watches)
            targets.append(upstream.target)
            sources[upstream.target] = source
            endpoints[upstream.target] = source.endpoints
        }
        guard wanted.count < targets.count else { return }
        for target in targets where !wanted.contains(target) {
            sources.removeValue(forKey: target)?.close(watches)
            endpoints[target] = nil
        }
        targets.removeAll { !wanted.contains($0) }
    }

    private func source(of target: UpstreamTarget, _ watches: NameWatches) -> Source {
        switch target {
        case .address(let address): .address(address)
        case .name(let name, let port): .name(watches.acquire(name, .addresses), port: port)
        case .service(let name):
            .service(
                ServiceWatch(name, watches: watches, loop: loop) { [weak self] reason in
                    self?.sourceChanged(target, reason: reason)
                    self?.heard()
                })
        }
    }

    // MARK: Changes

    private func adopt(_ next: ResolverSettings) {
        let last = settings.intervalMilliseconds
        settings = next
        let mayAnswerOtherwise = files.adopt(next)
        watches?.adopt(interval: next.intervalMilliseconds)
        if mayAnswerOtherwise { watches?.refreshUrgently() }
        // Not sooner than it is started.
        if fileTimer != nil && next.intervalMilliseconds < last { followFiles() }
    }

    private func take(_ watch: NameWatch, reason: String?) {
        for target in targets {
            switch sources[target] {
            case .name(let candidate, _) where candidate === watch: sourceChanged(target, reason: reason)
            case .service(let service) where service.uses(watch): service.take(watch, reason: reason)
            default: continue
            }
        }
    }

    private func sourceChanged(_ target: UpstreamTarget, reason: String?) {
        guard let source = sources[target] else { return }
        let after = source.endpoints
        let showsPorts = if case .service = source { true } else { false }
        let change = EndpointChange(before: endpoints[target] ?? [], after: after, showsPorts: showsPorts)
        endpoints[target] = after
        if !change.isEmpty {
            let why = reason.map { ": \($0)" } ?? ""
            log.log(level: after.isEmpty ? .warning : .info, "\(target): \(change)\(why)")
        }
        for service in services.keys.sorted() where upstreams(of: service).contains(where: { $0.target == target }) {
            if leaving[service] != nil { settle(service) } else if !change.isEmpty { tell(service) }
        }
    }

    /// Lets a service go from what it leaves once its new targets are known: not while they have no address only because
    /// servers fail.
    private func settle(_ service: Int) {
        let standings = services[service, default: []].compactMap { sources[$0.target]?.standing }
        let isFailing = standings.contains(.failing) && !standings.contains(.known(hasAddresses: true))
        if leaving[service] != nil, !standings.contains(.unknown), !isFailing {
            leaving[service] = nil
            followUpstreams()
        }
        tell(service)
    }

    private func tell(_ service: Int) {
        let all = upstreams(of: service).flatMap { upstream in
            (endpoints[upstream.target] ?? []).map { endpoint in
                FoundEndpoint(address: endpoint.address, role: EndpointRole(endpoint.role, within: upstream))
            }
        }
        found(service, all)
    }

    private func followFiles() {
        if let fileTimer { loop.cancel(fileTimer) }
        if files.followFiles() { watches?.refreshUrgently() }
        let pause = min(max(1, settings.intervalMilliseconds), Limits.fileCheckMilliseconds)
        fileTimer = loop.schedule(after: pause) { [weak self] in self?.followFiles() }
    }
}

extension EndpointRole {
    /// The priority of an SRV record is a number of 16 bits (RFC 2782), and divides that of the upstream further.
    private static let prioritiesPerUpstream = 1 << 16

    /// The part that an endpoint of an upstream plays, of those that its source and the upstream give it.
    init(_ own: EndpointRole, within upstream: Upstream) {
        self.init(
            weight: own.weight * upstream.weight,
            priority: upstream.priority * Self.prioritiesPerUpstream + own.priority,
            isBackup: upstream.isBackup)
    }
}
