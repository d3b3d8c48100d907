@testable import ProxyCore

/// One run: a world in trouble, then a calm one, with all that the seed decides.
final class Simulation {
    let clock = FakeClock()
    let referee: Referee
    private let dice: Dice
    private let scenario: Scenario
    private let world: World
    private let nameserver: Nameserver
    private let chaos: Chaos
    private var directory: Directory?
    private var workers: [SimulatedWorker] = []
    private var arrived = 0
    /// The mean time from one request to the next.
    private var pace: Int64
    private var isFinishing = false

    /// Between two counts of everything.
    private static let stepsPerAudit = 500
    /// What heals needs requests, but not many.
    private static let healingPace: Int64 = 40_000
    /// What two endpoints bear with the tightest limits.
    private static let limitedPace: Int64 = 20_000

    init(seed: UInt64, isTracing: Bool = false) {
        dice = Dice(seed: seed)
        scenario = Scenario(dice)
        pace = scenario.arrivalMicroseconds
        referee = Referee(seed: seed, scenario, clock, isTracing: isTracing)
        world = World(scenario, clock, dice, referee)
        nameserver = Nameserver(world)
        chaos = Chaos(world, nameserver)
        referee.trace("\(scenario)")
        workers = (0..<Scenario.workers).map { index in
            SimulatedWorker(index, world) { [unowned self] event, address in
                clock.after(microseconds: 50) { [unowned self] in directory?.note(event, of: address) }
            }
        }
        for worker in workers { worker.peers = workers.filter { $0 !== worker } }
        directory = Directory(world, nameserver) { [unowned self] in publish() }
    }

    deinit {
        clock.clear()
        for worker in workers { worker.peers = [] }
    }

    /// - Returns: the first rule that was broken, nil where all held.
    func run() -> Violation? {
        directory?.start()
        chaos.start()
        arrive()
        run(steps: Scenario.chaosSteps)
        chaos.end()
        pace = Self.healingPace
        run(for: scenario.healingMilliseconds)
        pace = scenario.isLimited ? Self.limitedPace : scenario.arrivalMicroseconds
        referee.calm = Calm()
        run(for: Scenario.calmMilliseconds)
        judgeCalm()
        finish()
        return referee.violation
    }

    private func run(steps: Int) {
        let last = clock.steps + steps
        run { clock.steps < last }
    }

    private func run(for milliseconds: Milliseconds) {
        var isOver = false
        clock.after(milliseconds) { isOver = true }
        run { !isOver }
    }

    private func run(while goesOn: () -> Bool) {
        while goesOn(), referee.violation == nil, clock.step() {
            if clock.steps % Self.stepsPerAudit == 0 { referee.audit(workers) }
        }
    }

    private func judgeCalm() {
        for worker in workers {
            referee.roundRobinIsEven(worker)
            referee.randomIsEven(worker)
        }
        referee.poolIsTrue(world, workers)
        referee.everybodyServes(workers)
        referee.everybodyGetsRequests(world, workers)
    }

    /// No more requests come; all that are there end, and all connections close.
    private func finish() {
        isFinishing = true
        run(for: 30_000)
        guard referee.violation == nil else { return }
        for worker in workers { worker.adopt(.empty) }
        referee.audit(workers)
        referee.nothingIsLeft(workers)
    }

    // ---- what happens by itself --------------------------------------------------------------------------------------

    /// Each worker takes the newest pool a moment later.
    private func publish() {
        for worker in workers {
            clock.after(microseconds: dice.number(Int64(20)...2_000)) { [unowned self] in
                if let directory { worker.adopt(directory.pool) }
            }
        }
    }

    private func arrive() {
        clock.after(microseconds: dice.number(0...2 * pace)) { [unowned self] in
            guard !isFinishing else { return }
            arrive()
            let request = makeRequest()
            let worker = dice.one(of: workers)
            referee.arrived(request)
            if dice.chance(1) { clock.after(dice.number(0...200)) { worker.abort(request) } }
            worker.begin(request)
        }
    }

    private func makeRequest() -> Request {
        arrived += 1
        let method: Request.Method =
            dice.chance(scenario.postPercent) ? .post : dice.chance(30) ? .put : .get
        return Request(
            arrived, method, hasSmallBody: method == .get || !dice.chance(scenario.largeBodyPercent), key: makeKey(),
            at: clock.now)
    }

    private func makeKey() -> UInt64 {
        switch scenario.settings.policy {
        case .roundRobin, .leastConnections, .fastestOfTwo, .random: return 0
        case .ringHash, .maglev: return KeyHash.mix(7, UInt64(dice.number(0...400)))
        case .sticky:
            let replica = dice.chance(50) ? dice.any(of: world.replicas) : nil
            return replica.map { KeyHash.of(endpoint: $0.address) } ?? 0
        }
    }
}
