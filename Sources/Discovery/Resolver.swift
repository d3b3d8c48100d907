// Discovery: who can serve, found out continually on the control thread.
//
// An address comes this way:
//
//     Query            one question to c-ares on the loop, one Answer
//     Nameservers      the servers in turn, until one says something
//     NameWatch        one name: RefreshSchedule says when to ask, Lookup what, NameState what the answers mean
//     EndpointSet      the addresses of a service, merged with its endpoints so far
//     EndpointSnapshot what the workers adopt
//
// NameSource holds what the files say (ResolverConfig, HostsFile, by way of WatchedFile). All of it but Query,
// Nameservers, NameSource, NameWatch and Resolver are values that decide without clock or socket.

import Logging
import ProxyCore

/// A service and where its endpoints come from.
package struct ServiceTargets: Sendable {
    package let name: String
    package let targets: [UpstreamTarget]

    package init(name: String, targets: [UpstreamTarget]) {
        self.name = name
        self.targets = targets
    }
}

/// How names are resolved.
package struct ResolverSettings: Sendable {
    /// Servers that are asked instead of those of `resolv.conf`, in this order; the search list stays in force.
    package var servers: [SocketAddress] = []
    /// The time from one refresh of a name to the next, whatever the TTL.
    package var interval: Milliseconds = 1000
    /// How long a server may keep silent before the next one is tried; nil: what `resolv.conf` says, or 700.
    package var serverTimeout: Milliseconds?
    package var resolvConfPath = "/etc/resolv.conf"
    package var hostsPath = "/etc/hosts"

    package init() {}
}

/// Resolves the names of all services continually and publishes who can serve them.
///
/// It belongs to the thread that runs the loop: every method is called there, or before the loop runs.
package final class Resolver {
    /// One `HOST:PORT` of a service.
    private enum Target {
        case address(SocketAddress)
        case name(NameWatch, port: UInt16)

        var addresses: [SocketAddress] {
            switch self {
            case .address(let address): [address]
            case .name(let watch, let port): watch.addresses.map { $0.withPort(port) }
            }
        }
    }

    private let loop: ControlLoop
    private let settings: ResolverSettings
    private let log: Logger
    private let publish: (EndpointSnapshot) -> Void
    private let source: NameSource
    private var watches: [String: NameWatch] = [:]
    /// Indexed by service, as are `sets`.
    private var targets: [[Target]] = []
    private var sets: [EndpointSet]
    private var fileTimer: ControlLoop.TimerID?

    /// - Parameters:
    ///   - services: in the order in which snapshots list them. A name that several targets share is asked once.
    ///   - publish: called on the loop's thread with each new snapshot.
    /// - Throws: an error whose description says why the resolver library cannot be used.
    package init(
        loop: ControlLoop, services: [ServiceTargets], settings: ResolverSettings, log: Logger,
        publish: @escaping (EndpointSnapshot) -> Void
    ) throws {
        self.loop = loop
        self.settings = settings
        self.log = log
        self.publish = publish
        source = try NameSource(loop: loop, settings: settings, log: log)
        sets = services.map { _ in EndpointSet() }
        targets = services.map { service in service.targets.map(target) }
    }

    /// Publishes the endpoints that need no resolution at once, then a full snapshot whenever a set has changed.
    package func start() {
        reconcile()
        publishSnapshot()
        for watch in watches.values { watch.refresh() }
        followFiles()
    }

    /// Asks for the names of a service again as soon as their rate allows, because a connect failed.
    ///
    /// - Parameter service: its index; one that does not exist is left alone.
    package func refresh(service: Int) {
        guard targets.indices.contains(service) else { return }
        for case .name(let watch, _) in targets[service] { watch.refreshUrgently() }
    }

    /// Ends all resolution. Nothing is published any more.
    package func stop() {
        if let fileTimer { loop.cancel(fileTimer) }
        fileTimer = nil
        for watch in watches.values { watch.stop() }
        source.close()
    }

    // MARK: Targets and their names

    private func target(_ target: UpstreamTarget) -> Target {
        switch target {
        case .address(let address): .address(address)
        case .name(let name, let port): .name(watch(for: name), port: port)
        }
    }

    private func watch(for name: String) -> NameWatch {
        let key = name.lowercased()
        if let known = watches[key] { return known }
        let watch = NameWatch(name: name, interval: settings.interval, loop: loop, source: source, log: log) {
            [weak self] before, reason in self?.nameChanged(key, before: before, reason: reason)
        }
        watches[key] = watch
        return watch
    }

    // MARK: Changes

    private func nameChanged(_ key: String, before: [SocketAddress], reason: String?) {
        guard let watch = watches[key] else { return }
        let change = AddressChange(before: before, after: watch.addresses)
        guard !change.isEmpty else { return }
        let level = watch.addresses.isEmpty ? Logger.Level.warning : .info
        let why = reason.map { ": \($0)" } ?? ""
        for port in ports(of: watch) { log.log(level: level, "\(watch.name):\(port): \(change)\(why)") }
        if reconcile() { publishSnapshot() }
    }

    private func ports(of watch: NameWatch) -> [UInt16] {
        let ports = targets.joined().compactMap { target -> UInt16? in
            guard case .name(let candidate, let port) = target, candidate === watch else { return nil }
            return port
        }
        return Set(ports).sorted()
    }

    @discardableResult
    private func reconcile() -> Bool {
        var changed = false
        for service in sets.indices {
            let wanted = targets[service].flatMap(\.addresses)
            if sets[service].reconcile(with: wanted) { changed = true }
        }
        return changed
    }

    private func publishSnapshot() { publish(EndpointSnapshot(services: sets.map(\.endpoints))) }

    private func followFiles() {
        if source.followFiles() {
            for watch in watches.values { watch.refreshUrgently() }
        }
        let pause = min(max(1, settings.interval), Limits.fileCheckMilliseconds)
        fileTimer = loop.schedule(after: pause) { [weak self] in self?.followFiles() }
    }
}
