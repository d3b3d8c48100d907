import ProxyCore

extension NameWatch {
    /// What is known of the host with this name.
    var standing: ServiceState.Standing {
        guard hasConcluded else { return .unknown }
        return addresses.isEmpty && isFailing ? .failing : .known(hasAddresses: !addresses.isEmpty)
    }
}

/// The SRV records of a name and the addresses of the hosts that they name, watched together: the shell around
/// `ServiceState`.
final class ServiceWatch {
    private let loop: ControlLoop
    private let watches: NameWatches
    private let name: NameWatch
    private let changed: (_ reason: String) -> Void
    private var state = ServiceState()
    private var targets: [String: NameWatch] = [:]
    private var reasons: [String] = []
    private var timer: ControlLoop.TimerID?

    /// - Parameter changed: called whenever `endpoints` may have changed, with what has led to it.
    init(_ name: String, watches: NameWatches, loop: ControlLoop, changed: @escaping (_ reason: String) -> Void) {
        self.loop = loop
        self.watches = watches
        self.changed = changed
        self.name = watches.acquire(name, .services)
        // Another spelling of the name may have been asked for before.
        if self.name.hasConcluded { take(self.name, reason: nil) }
    }

    /// What is known of the service as a whole, as it stands for a host.
    var standing: ServiceState.Standing {
        // What is not told yet is not known.
        guard name.hasConcluded, timer == nil else { return .unknown }
        let isFailing = name.isFailing || !state.isSettled
        return endpoints.isEmpty && isFailing ? .failing : .known(hasAddresses: !endpoints.isEmpty)
    }

    /// Their roles are those that the records give.
    var endpoints: [FoundEndpoint] { state.endpoints { targets[$0]?.addresses ?? [] } }

    func uses(_ watch: NameWatch) -> Bool { watch === name || watch === targets[watch.name] }

    /// Takes the news of a watch that it uses.
    func take(_ watch: NameWatch, reason: String?) {
        if watch === name {
            note(reason ?? "new SRV records")
            state.take(watch.records.compactMap(\.service))
            followTargets()
        } else if let reason {
            note("\(watch.name) \(reason)")
        } else if state.isSettled {
            note("new addresses of \(watch.name)")
        }
        settle()
    }

    /// Asks for the records again, and for the hosts that have the address of `endpoint`; for all of them where it is nil.
    func refreshUrgently(naming endpoint: SocketAddress?) {
        name.refreshUrgently()
        let address = endpoint?.withPort(0)
        for target in targets.values where address.map(target.addresses.contains) ?? true { target.refreshUrgently() }
    }

    func stop() {
        if let timer { loop.cancel(timer) }
        timer = nil
    }

    /// Gives back all names.
    func close() {
        stop()
        for target in targets.values { watches.release(target) }
        targets = [:]
        watches.release(name)
    }

    private func note(_ reason: String) {
        if !reasons.contains(reason) && reasons.count < Limits.reasonsPerLogLineMax { reasons.append(reason) }
    }

    /// A change that is complete is told at once; else what there is of it, after a while.
    private func settle() {
        state.settle { [targets] name in targets[name]?.standing ?? .unknown }
        guard !state.isSettled else {
            followTargets()
            return tell()
        }
        guard timer == nil else { return }
        timer = loop.schedule(after: Limits.serviceTargetsMilliseconds) { [weak self] in self?.tell() }
    }

    private func tell() {
        stop()
        let told = reasons.joined(separator: ", ")
        reasons = []
        changed(told)
    }

    private func followTargets() {
        let wanted = state.targets
        for target in wanted where targets[target] == nil { targets[target] = watches.acquire(target, .addresses) }
        for (target, watch) in targets where !wanted.contains(target) {
            targets[target] = nil
            watches.release(watch)
        }
    }
}
