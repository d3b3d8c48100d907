@testable import ProxyCore

/// What is outside of the balancer: replicas that come, go and misbehave, and the network to them.
final class World {
    let clock: FakeClock
    let dice: Dice
    let scenario: Scenario
    let referee: Referee
    /// In the order in which they came, without those that are gone for good.
    private(set) var replicas: [Replica] = []
    private var atAddress: [SocketAddress: Replica] = [:]
    private var born = 0
    /// No more trouble is made.
    private(set) var isCalm = false

    init(_ scenario: Scenario, _ clock: FakeClock, _ dice: Dice, _ referee: Referee) {
        self.scenario = scenario
        self.clock = clock
        self.dice = dice
        self.referee = referee
        for name in scenario.roles.indices { for _ in 0..<dice.number(1...3) { join(name) } }
    }

    func replica(at address: SocketAddress) -> Replica? { atAddress[address] }

    func listed(_ name: Int) -> [Replica] { replicas.filter { $0.isListed && $0.name == name } }

    // ---- replicas ----------------------------------------------------------------------------------------------------

    /// A replica gets its name, and listens a little later.
    func join(_ name: Int) {
        let addresses = (1...scenario.replicasMax * 2).map { Self.address(name, $0) }
        let free = addresses.filter { atAddress[$0] == nil }
        guard let address = dice.any(of: free), listed(name).count < scenario.replicasMax else { return }
        born += 1
        let replica = Replica(born, address, name: name, at: clock.now)
        replicas.append(replica)
        atAddress[address] = replica
        referee.trace("replica \(born) joins at \(address)")
        later(0...800) { if replica.condition == .starting { self.become(.serving, replica) } }
    }

    /// Every third address is of IPv6.
    private static func address(_ name: Int, _ number: Int) -> SocketAddress {
        let ip = number % 3 == 2 ? "fd00::\(name):\(number)" : "10.0.\(name).\(number)"
        guard let address = SocketAddress(ip: ip, port: 80) else { preconditionFailure("\(ip) is no address") }
        return address
    }

    /// It is told to stop, and ends when its grace is over; name servers go on to list it for a moment.
    func stop(_ replica: Replica) {
        become(.leaving, replica)
        later(300...3_000) { self.end(replica) }
    }

    /// It ends at once, with all of its connections.
    func end(_ replica: Replica) {
        become(.gone, replica)
        later(100...1_500) { self.bury(replica) }
    }

    private func bury(_ replica: Replica) {
        replica.isListed = false
        replicas.removeAll { $0 === replica }
        if atAddress[replica.address] === replica { atAddress[replica.address] = nil }
    }

    /// It behaves like that for a time.
    func become(_ condition: Replica.Condition, _ replica: Replica, during range: ClosedRange<Int64>) {
        become(condition, replica)
        later(range) { if replica.condition == condition { self.become(.serving, replica) } }
    }

    func restart(_ replica: Replica) {
        become(.gone, replica)
        become(.starting, replica, during: 50...2_000)
    }

    private func become(_ condition: Replica.Condition, _ replica: Replica) {
        guard replica.condition != condition, atAddress[replica.address] === replica else { return }
        referee.trace("replica \(replica.number) at \(replica.address) is \(condition)")
        replica.become(condition, at: clock.now)
        if condition == .gone || condition == .starting { hangUp(replica.hangUp()) }
    }

    /// The other ends of the connections hear of it a moment later.
    func hangUp(_ lines: [Line]) {
        for line in lines {
            line.isDead = true
            clock.after(microseconds: latency) { line.worker.lineEnded(line) }
        }
    }

    /// What trouble has planned does not happen when the world has become calm.
    private func later(_ range: ClosedRange<Int64>, _ action: @escaping () -> Void) {
        clock.after(dice.number(range)) { [unowned self] in if !isCalm { action() } }
    }

    /// All that has a name serves, and all that has none is gone.
    func calmDown() {
        isCalm = true
        for replica in replicas where replica.condition != .serving { become(.gone, replica) }
        for replica in replicas where !replica.isListed { bury(replica) }
        for name in scenario.roles.indices { while listed(name).count < min(2, scenario.replicasMax) { join(name) } }
        for replica in replicas { become(.serving, replica) }
    }

    // ---- the network -------------------------------------------------------------------------------------------------

    private var latency: Int64 { dice.number(Int64(50)...400) }

    /// Whether somebody takes the connection; nothing is said of a connection that vanishes.
    func connect(_ line: Line) {
        clock.after(microseconds: latency) { [unowned self] in
            guard line.state == .connecting, let isTaken = take(line) else { return }
            clock.after(microseconds: latency) { line.worker.connectEnded(line, succeeded: isTaken) }
        }
    }

    private func take(_ line: Line) -> Bool? {
        guard let replica = atAddress[line.address] else {
            // Where nobody is, some networks say so.
            return line.address.isIPv6 ? nil : false
        }
        guard replica.condition != .silent else { return nil }
        guard replica.listens else { return false }
        line.replica = replica
        replica.accept(line)
        return true
    }

    /// Brings a request to who has accepted the connection, and the answer back.
    func send(_ request: Request, on line: Line) {
        clock.after(microseconds: latency) { [unowned self] in
            guard let replica = line.replica, !line.isDead, replica.listens else { return }
            referee.reached(request, replica)
            switch replica.condition {
            case .serving: answer(request, on: line, 200, after: serviceTime, keeps: true)
            case .leaving: answer(request, on: line, 200, after: serviceTime, keeps: false)
            case .failing(let status): answer(request, on: line, status, after: latency, keeps: dice.chance(80))
            case .resetting:
                replica.forget(line)
                hangUp([line])
            case .stalled, .starting, .gone, .silent: break
            }
        }
    }

    private func answer(_ request: Request, on line: Line, _ status: Int, after time: Int64, keeps: Bool) {
        clock.after(microseconds: time) { [unowned self] in
            guard isAlive(line, with: request) else { return }
            line.worker.answerBegan(line, status: status, keeps: keeps)
            guard isAlive(line, with: request) else { return }
            clock.after(microseconds: dice.chance(10) ? time : 0) { [unowned self] in
                if isAlive(line, with: request) { line.worker.answerEnded(line, keeps: keeps) }
            }
        }
    }

    private func isAlive(_ line: Line, with request: Request) -> Bool {
        line.state == .active && line.request === request && !line.isDead && line.replica?.condition != .silent
    }

    /// Most answers take some milliseconds, a few seconds.
    private var serviceTime: Int64 {
        if !isCalm, dice.chance(1) { return dice.number(Int64(100_000)...3_000_000) }
        return dice.number(Int64(300)...20_000)
    }

    /// What a probe finds out, and when.
    func probe(_ address: SocketAddress, _ settings: HealthSettings) -> (Replica.ProbeOutcome, Int64) {
        let outcome = atAddress[address].map { $0.probed(settings.check) } ?? .refused
        return (outcome, outcome == .unanswered ? settings.timeoutMilliseconds * 1000 : latency)
    }
}
