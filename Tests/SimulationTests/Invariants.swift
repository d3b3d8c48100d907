@testable import Discovery
@testable import ProxyCore

// What must hold, whatever happens: one function for each rule.

extension Referee {
    // ---- who is picked -----------------------------------------------------------------------------------------------

    /// Called for a pick that the worker's snapshot does not have.
    func picksAreOfTheSnapshot(_ place: Int, _ worker: SimulatedWorker) {
        require(
            false, "no endpoint is picked that has left the snapshot",
            "worker \(worker.index) picked \(worker.table[place].address)")
    }

    func restersAreLastResort(_ endpoint: Endpoint, _ request: Request, _ worker: SimulatedWorker) {
        switch endpoint.standing {
        case .serving, .trial: return
        case .resting: if worker.pool.isPanicking { return }
        case .draining: break
        }
        let better = worker.pool.endpoints.first { isFree($0, request, worker) && !$0.stats.isSuspect(clock.now) }
        require(
            better == nil, "no endpoint that rests or drains is picked while one is free that serves",
            "worker \(worker.index) picked \(endpoint.words) for request \(request.number), not \(better?.words ?? "")")
    }

    func suspectsAreSecondChoice(_ endpoint: Endpoint, _ request: Request, _ worker: SimulatedWorker) {
        guard endpoint.stats.isSuspect(clock.now) else { return }
        // Where the first connection is only under way, no other tier is turned to.
        let hasFailed = endpoint.stats.connectFailures.load(ordering: .relaxed) > 0
        let better = worker.pool.endpoints.first { other in
            isFree(other, request, worker) && !other.stats.isSuspect(clock.now)
                && (hasFailed
                    || other.role.priority == endpoint.role.priority && other.role.isBackup == endpoint.role.isBackup)
        }
        require(
            better == nil, "no suspect is picked while one is free that serves and is none",
            "worker \(worker.index) picked \(endpoint.words) for request \(request.number), not \(better?.words ?? "")")
    }

    func nobodyIsRefusedWhileOneIsFree(
        _ choice: EndpointTable.Choice, _ request: Request, _ worker: SimulatedWorker
    ) {
        let free = worker.pool.endpoints.first { isFree($0, request, worker) }
        require(
            free == nil, "nobody is told that there is no endpoint while one is free that serves",
            "worker \(worker.index) answered \(choice) for request \(request.number), not \(free?.words ?? "")")
    }

    /// It serves, has not failed the request, and has room.
    private func isFree(_ endpoint: Endpoint, _ request: Request, _ worker: SimulatedWorker) -> Bool {
        guard endpoint.standing == .serving else { return false }
        if wasTried(endpoint, request, worker) { return false }
        let capacity = scenario.settings.capacity
        let account = account(endpoint.stats)
        if capacity.requestsPerEndpointMax > 0, account.inFlight >= capacity.requestsPerEndpointMax { return false }
        let idle = worker.placeOf[ObjectIdentifier(endpoint.stats)].flatMap { worker.idle[$0] } ?? []
        return capacity.connectionsPerEndpointMax == 0 || !idle.isEmpty
            || account.lines < capacity.connectionsPerEndpointMax
    }

    private func wasTried(_ endpoint: Endpoint, _ request: Request, _ worker: SimulatedWorker) -> Bool {
        guard let place = worker.placeOf[ObjectIdentifier(endpoint.stats)] else { return false }
        return request.seeker.tried.contains(worker.table[place].number)
    }

    // ---- counts and limits -------------------------------------------------------------------------------------------

    func inFlightIsExact(_ account: Account) {
        let counted = account.stats.inFlight.load(ordering: .relaxed)
        require(
            counted == account.inFlight && counted >= 0, "the requests in flight of an endpoint are counted exactly",
            "it counts \(counted), there are \(account.inFlight)")
    }

    func linesAreExact(_ account: Account) {
        guard scenario.settings.capacity.connectionsPerEndpointMax > 0 else { return }
        let counted = account.stats.connections.load(ordering: .relaxed)
        require(
            counted == account.lines && counted >= 0, "the connections of an endpoint are counted exactly",
            "it counts \(counted), there are \(account.lines)")
    }

    func requestsAreLimited(_ account: Account) {
        let most = scenario.settings.capacity.requestsPerEndpointMax
        require(
            most == 0 || account.inFlight <= most, "an endpoint has no more requests in flight than it may",
            "it has \(account.inFlight) of \(most)")
    }

    func linesAreLimited(_ account: Account) {
        let most = scenario.settings.capacity.connectionsPerEndpointMax
        require(
            most == 0 || account.lines <= most, "an endpoint has no more connections than it may",
            "it has \(account.lines) of \(most)")
    }

    func budgetIsKept(_ worker: SimulatedWorker) {
        let most = budget(of: worker)
        require(
            retries[worker.index] <= most, "no more second tries are under way than the budget allows",
            "worker \(worker.index) has \(retries[worker.index]) of \(most)")
    }

    private func budget(of worker: SimulatedWorker) -> Int {
        let settings = scenario.settings.retries
        return max(settings.budgetMin, worker.requests * settings.budgetPercent / 100)
    }

    // ---- discovery ---------------------------------------------------------------------------------------------------

    /// One family's answer may count where the other's failed.
    func failuresChangeNothing(_ answers: Answers, hasChanged: Bool) {
        guard answers.values.allSatisfy({ $0.failure != nil }) else { return }
        require(!hasChanged, "a name server's failure changes no set", "\(answers) did")
    }

    // ---- ejection ----------------------------------------------------------------------------------------------------

    func ejectionsAreLimited() {
        let most = members.count * scenario.settings.ejection.ejectedPercentMax / 100
        require(
            ejected.count <= most, "no more endpoints are ejected than may be",
            "\(ejected.count) of \(members.count) are, \(most) may be")
    }

    func trialsAreSingle(_ account: Account) {
        require(
            account.trials <= 1, "an endpoint on trial has one trial request at a time", "it has \(account.trials)")
    }

    // ---- requests ----------------------------------------------------------------------------------------------------

    func noRequestIsDoneTwice(_ request: Request) {
        guard request.method == .post, !scenario.settings.retries.retriesNonIdempotent else { return }
        require(
            request.reached.count <= 1, "no POST reaches two replicas",
            "request \(request.number) reached \(request.reached)")
    }

    /// One more than the setting says may get to see it: the death of a connection that had served others does not count.
    func attemptsAreKept(_ request: Request) {
        require(
            request.reached.count <= max(1, scenario.settings.retries.attemptsMax) + 1,
            "no request reaches more replicas than it may",
            "request \(request.number) reached \(request.reached)")
    }

    func endsOnce(_ request: Request) {
        require(
            request.endings == 1, "each request ends exactly once",
            "request \(request.number) ended \(request.endings) times")
    }

    func nothingIsLeft(_ workers: [SimulatedWorker]) {
        require(unfinished.isEmpty, "each request ends exactly once", "\(unfinished.keys.sorted()) never ended")
        let isClean = accounts.values.allSatisfy { $0.inFlight == 0 && $0.lines == 0 }
        require(isClean, "in the end nothing is in flight", "something is")
        for worker in workers {
            require(
                worker.budget.requests == 0 && worker.budget.retries == 0, "in the end the budget is untouched",
                "\(worker.budget)")
        }
    }

    /// What may be repeated is, as long as somebody may be asked.
    func judged(
        _ verdict: Attempts.Verdict, _ failed: Attempts.Failed, _ request: Request, in worker: SimulatedWorker
    ) {
        let settings = scenario.settings.retries
        let mayRepeat =
            failed.wasSent
            ? mayBeRepeated(request)
                && RetrySettings.Causes(failed.how).map(settings.causes.contains) == true
                && request.freshSends < settings.attemptsMax
            : settings.causes.contains(.connect)
        require(
            mayRepeat == (verdict != .giveUp), "a request is given up where it may not be repeated, and only there",
            "request \(request.number): \(verdict) after \(failed), sent \(request.freshSends) times")
    }

    /// Called for an answer that goes to the client.
    func passedOn(_ status: Int, to request: Request, in worker: SimulatedWorker) {
        let settings = scenario.settings.retries
        let hasBudget = request.charge == .paid || retries[worker.index] < budget(of: worker)
        guard let cause = RetrySettings.Causes(.status(status)), settings.causes.contains(cause), hasBudget,
            mayBeRepeated(request), request.freshSends < settings.attemptsMax
        else { return }
        // What was sent over a used connection counts only when the answer is given up.
        guard !request.isReused || request.freshSends + 1 < settings.attemptsMax else { return }
        let free = worker.pool.endpoints.first { isFree($0, request, worker) && !$0.stats.isSuspect(clock.now) }
        require(
            free == nil, "an endpoint's failure is passed on only where nobody else can be asked",
            "request \(request.number) got \(status), and was not sent to \(free?.words ?? "")")
    }

    private func mayBeRepeated(_ request: Request) -> Bool {
        request.canReplay && (request.method != .post || scenario.settings.retries.retriesNonIdempotent)
    }

    /// Called for a request that fails because it has found no endpoint in its time.
    func waitedInVain(_ request: Request, in worker: SimulatedWorker, hasRoom: Bool) {
        // The budget held it back; or there was no room to wait, and those that wait come first.
        guard request.charge != .owed, hasRoom || !scenario.isLimited else { return }
        guard scenario.settings.capacity.connectionsPerEndpointMax == 0 else { return }
        let since = request.waitDeadline == nil ? clock.now : request.waitBegan
        let good = worker.pool.endpoints.first { endpoint in
            guard let replica = worker.world.replica(at: endpoint.address), replica.isServing(since: since),
                let serving = worker.servingSince[ObjectIdentifier(endpoint.stats)]
            else { return false }
            if wasTried(endpoint, request, worker) { return false }
            let account = account(endpoint.stats)
            return serving <= since && !account.isFull && account.lastFull < since
        }
        require(
            good == nil, "no request fails while an endpoint serves that it could have had",
            "request \(request.number) waited since \(since.microseconds - 1_000_000_000) us, not for "
                + (good?.words ?? ""))
    }

    // ---- a calm world ------------------------------------------------------------------------------------------------

    func nothingFailsInACalmWorld(_ request: Request, _ ending: Ending) {
        require(
            ending == .answered(200) || ending == .aborted, "no request fails in a calm world",
            "request \(request.number): \(ending)")
    }

    func picksAreOfTheLeastLoaded(_ endpoint: Endpoint, _ worker: SimulatedWorker) {
        guard scenario.settings.policy == .leastConnections, !scenario.isLimited, worker.pool.tiers.count == 1,
            worker.pool.endpoints.count <= 16
        else { return }
        let least = worker.pool.endpoints.map { load(of: $0) }.min() ?? 0
        require(
            load(of: endpoint) <= least * 1.01, "least-connections picks who has the least to do",
            "\(endpoint.words) has \(load(of: endpoint)), another \(least)")
    }

    private func load(of endpoint: Endpoint) -> Double {
        Double(account(endpoint.stats).inFlight) / Double(endpoint.share)
    }

    func equalKeysMeet(_ endpoint: Endpoint, _ request: Request, _ worker: SimulatedWorker) {
        let key = request.seeker.key
        guard key != 0, !scenario.isLimited, let calm else { return }
        switch scenario.settings.policy {
        case .ringHash, .maglev: break
        case .sticky: guard worker.pool.endpoints.contains(where: { $0.stickyToken == key }) else { return }
        case .roundRobin, .leastConnections, .fastestOfTwo, .random: return
        }
        let home = calm.homes[key] ?? endpoint.address
        calm.homes[key] = home
        require(home == endpoint.address, "requests with one key meet", "\(home) and \(endpoint.address)")
    }

    /// Round robin differs by one from pick to pick; where shares differ, by no more than there are endpoints.
    func roundRobinIsEven(_ worker: SimulatedWorker) {
        guard scenario.settings.policy == .roundRobin, !scenario.isLimited, worker.pool.tiers.count == 1,
            let picks = calm?.picks[worker.index]
        else { return }
        let endpoints = worker.pool.endpoints
        let shares = endpoints.reduce(0) { $0 + $1.share }
        let total = picks.values.reduce(0, +)
        let areEqual = endpoints.allSatisfy { $0.share == endpoints[0].share }
        for endpoint in endpoints {
            let expected = Double(total) * Double(endpoint.share) / Double(shares)
            let found = Double(picks[ObjectIdentifier(endpoint.stats), default: 0])
            require(
                abs(found - expected) < (areEqual ? 1 : 2), "round robin is even",
                "of \(total) requests of worker \(worker.index) \(endpoint.words) had \(found), not \(expected)")
        }
    }

    /// Six standard deviations of a binomial distribution.
    func randomIsEven(_ worker: SimulatedWorker) {
        guard scenario.settings.policy == .random, !scenario.isLimited, worker.pool.tiers.count == 1,
            let picks = calm?.picks[worker.index]
        else { return }
        let shares = worker.pool.endpoints.reduce(0) { $0 + $1.share }
        let total = picks.values.reduce(0, +)
        for endpoint in worker.pool.endpoints {
            let expected = Double(total) * Double(endpoint.share) / Double(shares)
            let found = Double(picks[ObjectIdentifier(endpoint.stats), default: 0])
            require(
                abs(found - expected) < 6 * expected.squareRoot() + 6, "random picks are even",
                "of \(total) requests of worker \(worker.index) \(endpoint.words) had \(found), not \(expected)")
        }
    }

    func poolIsTrue(_ world: World, _ workers: [SimulatedWorker]) {
        let wanted = Set(world.replicas.map(\.address))
        for worker in workers {
            let pool = Set(worker.pool.endpoints.map(\.address))
            require(pool == wanted, "in a calm world the pool is what name servers say", "\(pool), not \(wanted)")
        }
    }

    /// Of those that get requests: what only stands by may be on trial until it is needed.
    func everybodyServes(_ workers: [SimulatedWorker]) {
        for worker in workers {
            for endpoint in worker.pool.used {
                require(
                    endpoint.standing == .serving, "in a calm world everybody serves",
                    "\(endpoint.words) in worker \(worker.index)")
            }
        }
    }

    func everybodyGetsRequests(_ world: World, _ workers: [SimulatedWorker]) {
        guard let pool = workers.first?.pool, let calm else { return }
        for endpoint in pool.used {
            guard let replica = world.replica(at: endpoint.address) else { continue }
            require(
                calm.received[replica.number, default: 0] > 0, "in a calm world everybody gets requests",
                "\(endpoint.words) got none")
        }
    }
}

extension Pool {
    /// The endpoints of the tiers at which requests begin.
    fileprivate var used: [Endpoint] {
        tiers.filter { $0.load > 0 }.flatMap { tier in tier.members.map { endpoints[$0] } }
    }
}

extension Endpoint {
    var words: String { "\(address) (\(standing), share \(share))" }
}
