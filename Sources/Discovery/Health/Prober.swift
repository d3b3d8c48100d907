import ProxyCore

/// Probes the endpoints of one service, each when it is due.
///
/// It belongs to the thread that runs the loop.
final class Prober {
    private struct Followed {
        var timer: ControlLoop.TimerID?
        /// It is due and waits for its turn.
        var isWaiting = false
        var probe: Probe?
    }

    /// What to do when a probe is about to begin, and when it has ended.
    struct Handlers {
        let began: (SocketAddress) -> Void
        let ended: (SocketAddress, ProbeResult) -> Void
    }

    private let loop: ControlLoop
    private let settings: HealthSettings
    private let host: String?
    private let gate: ProbeGate
    private let handlers: Handlers
    private var followed: [SocketAddress: Followed] = [:]

    /// - Parameters:
    ///   - host: what the service is called; nil where each endpoint is called by its address.
    ///   - gate: shared by the probers of all services.
    init(loop: ControlLoop, settings: HealthSettings, host: String?, gate: ProbeGate, handlers: Handlers) {
        self.loop = loop
        self.settings = settings
        self.host = host
        self.gate = gate
        self.handlers = handlers
    }

    /// Cancels the probes of endpoints that have left.
    ///
    /// - Returns: those that are new here; they are probed once `probe` says when.
    func follow(_ addresses: [SocketAddress]) -> [SocketAddress] {
        let wanted = Set(addresses)
        for address in followed.keys where !wanted.contains(address) { forget(address) }
        return addresses.filter { followed[$0] == nil }
    }

    /// Probes an endpoint at this moment instead of one that was said before.
    func probe(_ address: SocketAddress, at due: Instant) {
        guard followed[address]?.isWaiting != true else { return }
        if let timer = followed[address]?.timer { loop.cancel(timer) }
        let timer = loop.schedule(after: due - loop.now) { [weak self] in self?.waitForTurn(address) }
        followed[address, default: Followed()].timer = timer
    }

    func stop() { for address in followed.keys { forget(address) } }

    private func forget(_ address: SocketAddress) {
        guard let left = followed.removeValue(forKey: address) else { return }
        if let timer = left.timer { loop.cancel(timer) }
        guard let probe = left.probe else { return }
        probe.cancel()
        gate.leave()
    }

    private func waitForTurn(_ address: SocketAddress) {
        followed[address]?.timer = nil
        followed[address]?.isWaiting = true
        gate.enter { [weak self] in self?.begin(address) ?? false }
    }

    /// - Returns: false where there is nothing to probe any more.
    private func begin(_ address: SocketAddress) -> Bool {
        guard followed[address]?.isWaiting == true else { return false }
        followed[address]?.isWaiting = false
        handlers.began(address)
        let conversation = Conversation(settings, host: host ?? address.description)
        let probe = Probe(loop: loop, conversation: conversation) { [weak self] in self?.end(address, $0) }
        followed[address]?.probe = probe
        probe.start(address, timeout: settings.timeoutMilliseconds)
        return true
    }

    private func end(_ address: SocketAddress, _ result: ProbeResult) {
        followed[address]?.probe = nil
        gate.leave()
        handlers.ended(address, result)
    }
}

/// Lets so many probes run at once; the others wait in line.
final class ProbeGate {
    private var free = Limits.probesAtOnceMax
    private var waiting: [() -> Bool] = []
    private var next = 0

    /// Calls `begin` when there is a place, maybe at once. It answers whether it has taken it; then `leave` follows.
    func enter(_ begin: @escaping () -> Bool) {
        waiting.append(begin)
        admit()
    }

    func leave() {
        free += 1
        admit()
    }

    private func admit() {
        while free > 0, next < waiting.count {
            let begin = waiting[next]
            next += 1
            if begin() { free -= 1 }
        }
        guard next > waiting.count / 2 else { return }
        waiting.removeFirst(next)
        next = 0
    }
}
