@testable import Discovery
@testable import ProxyCore

/// The control thread: drives `EndpointSet` and `Pool` in the order in which `ServiceDirectory` does, with the names that
/// the endpoints come from and the probes.
final class Directory {
    private let world: World
    private let clock: FakeClock
    private let settings: ServiceSettings
    private var names: [WatchedName] = []
    private var set: EndpointSet
    private(set) var pool = Pool.empty
    private let publish: () -> Void

    private var probes: [SocketAddress: FakeClock.Timer] = [:]
    private var isUnsettled = false
    private var published = Instant(microseconds: 0)
    private var changeTimer: FakeClock.Timer?

    init(_ world: World, _ nameserver: Nameserver, publish: @escaping () -> Void) {
        self.world = world
        self.publish = publish
        clock = world.clock
        settings = world.scenario.settings
        set = EndpointSet(settings: settings) { KeyHash.of(endpoint: $0) }
        names = world.scenario.roles.indices.map { name in
            WatchedName(name, nameserver, world) { [unowned self] in found() }
        }
    }

    func start() { for name in names { name.refresh() } }

    /// Takes what a worker saw of an endpoint.
    func note(_ event: EndpointReport.Event, of address: SocketAddress) {
        if case .connectFailed = event { for name in names { name.refreshUrgently() } }
        tell(set.note(event, of: address, at: clock.now))
        scheduleProbe(of: address)
        settleSoon()
    }

    // ---- what happens ------------------------------------------------------------------------------------------------

    private func found() {
        let wanted = names.flatMap { name in
            name.addresses.map { FoundEndpoint(address: $0, role: world.scenario.roles[name.name]) }
        }
        let (hasChanged, events) = set.reconcile(with: wanted, at: clock.now)
        guard hasChanged else { return }
        world.referee.trace("found \(wanted.count) endpoints")
        world.referee.members(are: set.addresses)
        tell(events)
        let members = Set(set.addresses)
        for address in probes.keys where !members.contains(address) { clock.cancel(&probes[address]) }
        for address in set.addresses where probes[address] == nil { scheduleProbe(of: address) }
        settleSoon()
    }

    private func tell(_ events: [HealthEvent]) { world.referee.heard(events) }

    // ---- probes ------------------------------------------------------------------------------------------------------

    private func scheduleProbe(of address: SocketAddress) {
        guard let due = set.probeDue(address) else { return }
        clock.cancel(&probes[address])
        probes[address] = clock.at(due) { [unowned self] in beginProbe(address) }
    }

    private func beginProbe(_ address: SocketAddress) {
        set.probeBegan(address, at: clock.now)
        let (outcome, time) = world.probe(address, settings.health)
        let result: ProbeResult =
            switch outcome {
            case .passed: .passed
            case .leaving: .leaving("answered 503")
            case .refused: .failed("refused")
            case .unanswered: .failed("no answer in time")
            }
        probes[address] = clock.after(microseconds: time) { [unowned self] in
            let events = set.probeEnded(address, result, at: clock.now, random: world.dice.fraction())
            scheduleProbe(of: address)
            tell(events)
            if !events.isEmpty { settleSoon() }
        }
    }

    // ---- publication -------------------------------------------------------------------------------------------------

    private func settleSoon() {
        guard !isUnsettled else { return }
        isUnsettled = true
        clock.at(published + Discovery.Limits.publicationGapMilliseconds) { [unowned self] in settle() }
    }

    private func settle() {
        isUnsettled = false
        let hasChanged = plan()
        clock.cancel(&changeTimer)
        changeTimer = set.nextChange(after: clock.now).map { due in
            clock.at(due) { [unowned self] in
                tell(set.advance(to: clock.now))
                settleSoon()
            }
        }
        guard hasChanged else { return }
        published = clock.now
        publish()
    }

    private func plan() -> Bool {
        let endpoints = set.endpoints
        guard !endpoints.elementsEqual(pool.endpoints, by: { $0.isSame(as: $1) }) else { return false }
        pool = Pool(endpoints: endpoints, settings: settings, previous: pool)
        return true
    }
}

extension Endpoint {
    fileprivate func isSame(as other: Endpoint) -> Bool {
        stats === other.stats && role == other.role && share == other.share && standing == other.standing
            && isNew == other.isNew && stickyToken == other.stickyToken
    }
}
