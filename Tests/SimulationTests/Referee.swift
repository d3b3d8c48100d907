@testable import Discovery
@testable import ProxyCore

/// Watches a run: keeps counts of its own of all that the balancer counts, and compares after each step. The rules
/// themselves are in `Invariants.swift`.
final class Referee {
    /// What is counted of one endpoint, beside what its `EndpointStats` say.
    final class Account {
        let stats: EndpointStats
        var inFlight = 0
        var lines = 0
        var trials = 0
        /// It has as many requests as it may, and when it last stopped having so many.
        var isFull = false
        var lastFull = Instant(microseconds: 0)

        init(_ stats: EndpointStats) { self.stats = stats }
    }

    let seed: UInt64
    let scenario: Scenario
    let clock: FakeClock
    private let isTracing: Bool
    private(set) var violation: Violation?

    var accounts: [ObjectIdentifier: Account] = [:]
    /// Second tries under way, by worker.
    var retries = [Int](repeating: 0, count: Scenario.workers)
    var unfinished: [Int: Request] = [:]
    var endings: [String: Int] = [:]
    var members: Set<SocketAddress> = []
    var ejected: Set<SocketAddress> = []
    /// Counts of the time in which nothing changes; nil outside of it.
    var calm: Calm?

    init(seed: UInt64, _ scenario: Scenario, _ clock: FakeClock, isTracing: Bool) {
        self.seed = seed
        self.scenario = scenario
        self.clock = clock
        self.isTracing = isTracing
    }

    func trace(_ text: @autoclosure () -> String) {
        if isTracing { print("\(clock.now.microseconds - 1_000_000_000) us: \(text())") }
    }

    /// The first violation counts: the others follow from it.
    func require(_ holds: Bool, _ invariant: String, _ details: @autoclosure () -> String) {
        guard !holds, violation == nil else { return }
        violation = Violation(
            seed: seed, step: clock.steps, moment: clock.now, invariant: invariant, details: details())
        trace("VIOLATION of \(invariant): \(details())")
    }

    func account(_ stats: EndpointStats) -> Account {
        if let account = accounts[ObjectIdentifier(stats)] { return account }
        let account = Account(stats)
        accounts[ObjectIdentifier(stats)] = account
        return account
    }

    // ---- requests ----------------------------------------------------------------------------------------------------

    func arrived(_ request: Request) { unfinished[request.number] = request }

    func reached(_ request: Request, _ replica: Replica) {
        request.reached.append(replica.number)
        calm?.received[replica.number, default: 0] += 1
        noRequestIsDoneTwice(request)
        attemptsAreKept(request)
    }

    func ended(_ request: Request, _ ending: Ending, in worker: SimulatedWorker) {
        request.endings += 1
        unfinished[request.number] = nil
        endings["\(ending)", default: 0] += 1
        trace("request \(request.number) in worker \(worker.index): \(ending), reached \(request.reached)")
        endsOnce(request)
        if calm != nil { nothingFailsInACalmWorld(request, ending) }
    }

    // ---- endpoints ---------------------------------------------------------------------------------------------------

    func adopted(_ pool: Pool, by worker: SimulatedWorker) {
        // A change makes a new count necessary.
        calm?.picks[worker.index] = [:]
    }

    func chose(_ choice: EndpointTable.Choice, for request: Request, in worker: SimulatedWorker) {
        guard case .place(let place) = choice, let stats = worker.table[place].stats else {
            return nobodyIsRefusedWhileOneIsFree(choice, request, worker)
        }
        let identity = ObjectIdentifier(stats)
        worker.placeOf[identity] = place
        guard let endpoint = worker.members[identity] else { return picksAreOfTheSnapshot(place, worker) }
        restersAreLastResort(endpoint, request, worker)
        suspectsAreSecondChoice(endpoint, request, worker)
        guard let calm, request.seeker.tried.count == 0 else { return }
        picksAreOfTheLeastLoaded(endpoint, worker)
        equalKeysMeet(endpoint, request, worker)
        calm.picks[worker.index][identity, default: 0] += 1
    }

    func began(_ stats: EndpointStats, isTrial: Bool) {
        let account = account(stats)
        account.inFlight += 1
        if isTrial { account.trials += 1 }
        noteWhetherFull(account)
        inFlightIsExact(account)
        requestsAreLimited(account)
        trialsAreSingle(account)
    }

    func ended(_ stats: EndpointStats, isTrial: Bool) {
        let account = account(stats)
        account.inFlight -= 1
        if isTrial { account.trials -= 1 }
        noteWhetherFull(account)
        inFlightIsExact(account)
    }

    private func noteWhetherFull(_ account: Account) {
        let most = scenario.settings.capacity.requestsPerEndpointMax
        if account.isFull { account.lastFull = clock.now }
        account.isFull = most > 0 && account.inFlight >= most
    }

    func opened(_ line: Line) {
        let account = account(line.stats)
        account.lines += 1
        linesAreLimited(account)
    }

    /// It is told before the table is.
    func closed(_ line: Line) { account(line.stats).lines -= 1 }

    // ---- budget ------------------------------------------------------------------------------------------------------

    func granted(in worker: SimulatedWorker) {
        retries[worker.index] += 1
        budgetIsKept(worker)
    }

    func gaveBack(in worker: SimulatedWorker) { retries[worker.index] -= 1 }

    // ---- discovery ---------------------------------------------------------------------------------------------------

    func members(are addresses: [SocketAddress]) {
        members = Set(addresses)
        ejected.formIntersection(members)
    }

    func heard(_ events: [HealthEvent]) {
        for event in events {
            trace("\(event)")
            switch event.change {
            case .ejected: ejected.insert(event.endpoint)
            case .recovered, .released, .pardoned: ejected.remove(event.endpoint)
            case .probed, .spared: break
            }
        }
        ejectionsAreLimited()
    }

    // ---- all of it ---------------------------------------------------------------------------------------------------

    /// Counts everything anew, which takes too long for each step.
    func audit(_ workers: [SimulatedWorker]) {
        var inFlight: [ObjectIdentifier: Int] = [:]
        for request in unfinished.values {
            if let line = request.line { inFlight[ObjectIdentifier(line.stats), default: 0] += 1 }
        }
        for (identity, account) in accounts {
            require(
                account.inFlight == inFlight[identity, default: 0], "the referee counts right",
                "\(account.inFlight) and \(inFlight[identity, default: 0])")
            inFlightIsExact(account)
            linesAreExact(account)
        }
        let pooled = Set(workers.flatMap { $0.members.keys })
        accounts = accounts.filter { pooled.contains($0.key) || $0.value.inFlight + $0.value.lines > 0 }
    }
}

/// What a referee counts while nothing changes.
final class Calm {
    /// Picks by worker and endpoint.
    var picks = [[ObjectIdentifier: Int]](repeating: [:], count: Scenario.workers)
    /// Whom the requests with a key came to.
    var homes: [UInt64: SocketAddress] = [:]
    /// Requests by replica.
    var received: [Int: Int] = [:]
}

/// A rule was broken: which, how, and what to run to see it again.
struct Violation: CustomStringConvertible {
    let seed: UInt64
    let step: Int
    let moment: Instant
    let invariant: String
    let details: String

    var description: String {
        """
        seed \(seed), step \(step), at \(moment.microseconds - 1_000_000_000) us: not so: \(invariant). \(details)
        Again, with a trace: SIMULATION_SEED=\(seed) swift test --filter SimulationTests
        """
    }
}
