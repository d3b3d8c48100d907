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
    private let settings: ResolverSettings
    private let log: Logger
    private let found: (Int, [FoundEndpoint]) -> Void
    /// Indexed by service.
    private let services: [[Upstream]]
    private let files: NameSource
    private var watches: NameWatches?
    /// Each once, in the order of the configuration.
    private var targets: [UpstreamTarget] = []
    private var sources: [UpstreamTarget: Source] = [:]
    /// What each source had when it was last told of.
    private var endpoints: [UpstreamTarget: [FoundEndpoint]] = [:]
    private var fileTimer: ControlLoop.TimerID?

    /// - Parameters:
    ///   - services: where the endpoints of each service come from. A name that several upstreams share is asked once.
    ///   - found: called on the loop's thread with all endpoints of a service, at the start, and whenever one of their
    ///     names has changed.
    /// - Throws: an error whose description says why the resolver library cannot be used.
    init(
        loop: ControlLoop, services: [[Upstream]], settings: ResolverSettings, log: Logger,
        found: @escaping (_ service: Int, _ endpoints: [FoundEndpoint]) -> Void
    ) throws {
        self.loop = loop
        self.services = services
        self.settings = settings
        self.log = log
        self.found = found
        files = try NameSource(loop: loop, settings: settings, log: log)
        let watches = NameWatches(loop: loop, source: files, interval: settings.intervalMilliseconds, log: log) {
            [weak self] watch, reason in self?.take(watch, reason: reason)
        }
        self.watches = watches
        for upstream in services.joined() where sources[upstream.target] == nil {
            let source = source(of: upstream.target, watches)
            targets.append(upstream.target)
            sources[upstream.target] = source
            endpoints[upstream.target] = source.endpoints
        }
    }

    func start() {
        for service in services.indices { found(service, endpoints(of: service)) }
        watches?.start()
        followFiles()
    }

    /// Asks for the names of a service again as soon as their rate allows, because it has no endpoint, or a connect failed.
    ///
    /// - Parameters:
    ///   - service: its index; one that does not exist is left alone.
    ///   - endpoint: asks only for the names that it was found by; nil for all of them.
    func refresh(service: Int, naming endpoint: SocketAddress? = nil) {
        guard services.indices.contains(service) else { return }
        for upstream in services[service] { sources[upstream.target]?.refreshUrgently(naming: endpoint) }
    }

    /// Ends all resolution. Nothing is published any more.
    func stop() {
        if let fileTimer { loop.cancel(fileTimer) }
        fileTimer = nil
        for case .service(let watch) in sources.values { watch.stop() }
        watches?.stop()
        files.close()
    }

    private func source(of target: UpstreamTarget, _ watches: NameWatches) -> Source {
        switch target {
        case .address(let address): .address(address)
        case .name(let name, let port): .name(watches.acquire(name, .addresses), port: port)
        case .service(let name):
            .service(
                ServiceWatch(name, watches: watches, loop: loop) { [weak self] reason in
                    self?.sourceChanged(target, reason: reason)
                })
        }
    }

    // MARK: Changes

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
        guard !change.isEmpty else { return }
        let why = reason.map { ": \($0)" } ?? ""
        log.log(level: after.isEmpty ? .warning : .info, "\(target): \(change)\(why)")
        for service in services.indices where services[service].contains(where: { $0.target == target }) {
            found(service, endpoints(of: service))
        }
    }

    private func endpoints(of service: Int) -> [FoundEndpoint] {
        services[service].flatMap { upstream in
            (endpoints[upstream.target] ?? []).map { endpoint in
                FoundEndpoint(address: endpoint.address, role: EndpointRole(endpoint.role, within: upstream))
            }
        }
    }

    private func followFiles() {
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
