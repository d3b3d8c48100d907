import ProxyCore

/// Makes trouble: replicas come, go and misbehave, and name servers lie, at random moments.
final class Chaos {
    private let world: World
    private let nameserver: Nameserver
    private let clock: FakeClock
    private let dice: Dice

    init(_ world: World, _ nameserver: Nameserver) {
        self.world = world
        self.nameserver = nameserver
        clock = world.clock
        dice = world.dice
    }

    func start() {
        clock.after(dice.number(1...2 * world.scenario.troubleMilliseconds)) { [unowned self] in
            guard !world.isCalm else { return }
            strike()
            start()
        }
    }

    func end() {
        nameserver.mood = .truthful
        world.calmDown()
    }

    private func strike() {
        let name = dice.number(0...world.scenario.roles.count - 1)
        guard let victim = dice.any(of: world.listed(name)) else { return world.join(name) }
        switch dice.number(0...99) {
        case 0..<25: world.join(name)
        case 25..<37: world.stop(victim)
        case 37..<44: world.end(victim)
        case 44..<52: world.restart(victim)
        case 52..<60: world.become(.silent, victim, during: 200...5_000)
        case 60..<67: world.become(.stalled, victim, during: 200...5_000)
        case 67..<75: world.become(.failing(dice.one(of: [500, 502, 503])), victim, during: 200...5_000)
        case 75..<80: world.become(.resetting, victim, during: 200...5_000)
        case 80..<84: world.hangUp(idleLines(of: victim))
        case 84: for replica in world.listed(name) { world.stop(replica) }
        case 85: for replica in world.listed(name) { world.end(replica) }
        default: lie()
        }
    }

    /// As servers do with connections on which nothing has come for long.
    private func idleLines(of replica: Replica) -> [Line] {
        let lines = replica.lines.filter { $0.state == .idle }
        for line in lines { replica.forget(line) }
        return lines
    }

    private func lie() {
        nameserver.mood = dice.one(of: Nameserver.Mood.allCases)
        clock.after(dice.number(Int64(100)...8_000)) { [unowned self] in nameserver.mood = .truthful }
    }
}
