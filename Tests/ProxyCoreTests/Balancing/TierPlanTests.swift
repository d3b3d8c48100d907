import Testing

@testable import ProxyCore

@Suite struct TierPlanTests {
    /// Endpoints of one priority: so many of each standing.
    private func level(
        _ priority: Int = 0, serving: Int = 0, resting: Int = 0, trial: Int = 0, draining: Int = 0, new: Int = 0,
        isBackup: Bool = false
    ) -> [Endpoint] {
        let standings: [(EndpointStanding, Int)] = [
            (.serving, serving), (.resting, resting), (.trial, trial), (.draining, draining), (.resting, new),
        ]
        var endpoints = standings.flatMap { standing, count in
            (0..<count).map { _ in
                Endpoint(
                    address: .anyIPv4(port: 1), role: EndpointRole(priority: priority, isBackup: isBackup),
                    standing: standing)
            }
        }
        for index in endpoints.indices.suffix(new) { endpoints[index].isNew = true }
        return endpoints
    }

    private func backup(serving: Int = 0, resting: Int = 0, trial: Int = 0) -> [Endpoint] {
        level(serving: serving, resting: resting, trial: trial, isBackup: true)
    }

    private func plan(_ levels: [Endpoint]..., panicPercent: Int = 50) -> TierPlan {
        TierPlan(Array(levels.joined()), panicPercent: panicPercent)
    }

    /// The number of members and the load of each tier.
    private func shape(_ plan: TierPlan) -> [[Int]] { plan.tiers.map { [$0.members.count, $0.load] } }

    /// The load of each tier where so many of a hundred endpoints serve.
    private func loads(_ healthy: [Int], panicPercent: Int = 0) -> [Int] {
        let endpoints = healthy.enumerated().map { level($0, serving: $1, resting: 100 - $1) }
        return TierPlan(Array(endpoints.joined()), panicPercent: panicPercent).tiers.map(\.load)
    }

    // ---- loads -------------------------------------------------------------------------------------------------------

    /// The tables of Envoy's documentation ("Priority levels"), and tiers without endpoints left out.
    @Test(arguments: [
        ([100, 100], [100, 0]), ([72, 100], [100, 0]), ([71, 100], [99, 1]), ([50, 100], [70, 30]),
        ([25, 100], [35, 65]), ([0, 100], [100]), ([72, 72], [100, 0]), ([71, 71], [99, 1]), ([50, 50], [70, 30]),
        ([25, 25], [50, 50]), ([5, 65], [7, 93]), ([72, 72, 100], [100, 0, 0]), ([71, 71, 100], [99, 1, 0]),
        ([50, 50, 100], [70, 30, 0]), ([25, 100, 100], [35, 65, 0]), ([25, 25, 100], [35, 35, 30]),
        ([25, 25, 20], [36, 36, 28]), ([100], [100]), ([1], [100]), ([1, 1, 1], [34, 33, 33]),
    ])
    func loadsFollowHealth(healthy: [Int], expected: [Int]) { #expect(loads(healthy) == expected) }

    @Test func loadsMakeAHundredWhateverHappens() {
        var random = SeededGenerator(seed: 8)
        for _ in 0..<500 {
            let levels = (0..<Int.random(in: 1...5, using: &random)).map { priority in
                let counts = (0..<5).map { _ in Int.random(in: 0...4, using: &random) }
                return level(
                    priority, serving: counts[0], resting: counts[1], trial: counts[2], draining: counts[3],
                    new: counts[4], isBackup: Int.random(in: 0...3, using: &random) == 0)
            }
            let endpoints = Array(levels.joined())
            let plan = TierPlan(endpoints, panicPercent: Int.random(in: 0...100, using: &random))
            #expect(plan.tiers.reduce(0) { $0 + $1.load } == (endpoints.isEmpty ? 0 : 100))
            #expect(plan.tiers.allSatisfy { !$0.members.isEmpty && $0.load >= 0 })
            let members = plan.tiers.flatMap(\.members)
            #expect(Set(members).count == members.count)
            for index in endpoints.indices where endpoints[index].standing == .serving {
                #expect(members.contains(index))
            }
        }
    }

    @Test func prioritiesAreOrderedAndNeedNotBeAdjacent() {
        let plan = plan(level(7, serving: 1), level(2, serving: 1), level(200, serving: 1))
        #expect(plan.tiers.map(\.members) == [[1], [0], [2]])
    }

    // ---- standings ---------------------------------------------------------------------------------------------------

    @Test func whoServesOrIsOnTrialIsAMember() {
        let plan = plan(level(serving: 4, resting: 1, trial: 1, draining: 2))
        #expect(plan.tiers.map(\.members) == [[0, 1, 2, 3, 5]])
        #expect(!plan.isPanicking)
    }

    @Test func whoIsOnTrialIsNotHealthyYet() {
        #expect(shape(plan(level(serving: 1, trial: 1), level(1, serving: 2))) == [[2, 70], [2, 30]])
    }

    @Test func whoLeavesIsNotMissed() {
        // A rolling restart: half of them drain, and the others bear it all.
        #expect(shape(plan(level(serving: 5, draining: 5), level(1, serving: 5))) == [[5, 100], [5, 0]])
        #expect(!plan(level(serving: 2, draining: 8)).isPanicking)
    }

    @Test func whoIsNewIsNotMissedYet() {
        #expect(shape(plan(level(serving: 2, new: 8), level(1, serving: 2))) == [[2, 100], [2, 0]])
        let growing = plan(level(serving: 2, new: 8))
        #expect(shape(growing) == [[2, 100]] && !growing.isPanicking)
    }

    @Test func aTrialComesAboutThoughOthersBearTheLoad() {
        #expect(shape(plan(level(resting: 2, trial: 1), level(1, serving: 2))) == [[1, 10], [2, 90]])
        #expect(shape(plan(level(trial: 1), backup(serving: 1))) == [[1, 10], [1, 90]])
        // What stands by needs none.
        #expect(shape(plan(level(serving: 1), level(1, trial: 1))) == [[1, 100], [1, 0]])
        #expect(shape(plan(level(serving: 1), backup(trial: 1))) == [[1, 100], [1, 0]])
    }

    // ---- backups -----------------------------------------------------------------------------------------------------

    @Test func backupsStandByWhileAnyoneElseServes() {
        #expect(shape(plan(level(serving: 2), backup(serving: 2))) == [[2, 100], [2, 0]])
        let few = plan(level(serving: 1, resting: 9), backup(serving: 2), panicPercent: 0)
        #expect(shape(few) == [[1, 100], [2, 0]])
        #expect(shape(plan(backup(serving: 2), level(9, serving: 1))) == [[1, 100], [2, 0]], "whatever the priority")
    }

    @Test func backupsServeWhereNobodyElseDoes() {
        #expect(shape(plan(level(resting: 2), backup(serving: 2))) == [[2, 100]])
        #expect(shape(plan(backup(serving: 2))) == [[2, 100]])
        #expect(!plan(level(resting: 2), backup(serving: 2)).isPanicking)
    }

    // ---- panic -------------------------------------------------------------------------------------------------------

    /// The tables of Envoy's documentation ("Panic threshold").
    @Test(arguments: [
        ([72, 100], false), ([25, 100], false), ([0, 100], false), ([72, 72], false), ([50, 60], false),
        ([25, 25], true), ([5, 65], true), ([50], false), ([49], true), ([0], true), ([0, 0], true),
    ])
    func panicIsForWhereNobodyCanTakeTheRest(healthy: [Int], isPanicking: Bool) {
        let endpoints = healthy.enumerated().map { level($0, serving: $1, resting: 100 - $1) }
        #expect(TierPlan(Array(endpoints.joined()), panicPercent: 50).isPanicking == isPanicking)
    }

    @Test func inAPanicAllButThoseThatLeaveAreUsed() {
        #expect(plan(level(serving: 1, resting: 2, trial: 1, draining: 1)).tiers.map(\.members) == [[0, 1, 2, 3]])
    }

    @Test func onlyTheTierThatIsInTroublePanics() {
        let plan = plan(level(serving: 5, resting: 95), level(1, serving: 65, resting: 35))
        #expect(shape(plan) == [[100, 7], [65, 93]])
    }

    @Test func aThresholdOfZeroKeepsToTheHealthy() {
        let plan = plan(level(serving: 1, resting: 9), panicPercent: 0)
        #expect(shape(plan) == [[1, 100]] && !plan.isPanicking)
    }

    @Test(arguments: [0, 50])
    func whereNobodyServesAllAreUsed(panicPercent: Int) {
        let plan = plan(
            level(resting: 2, draining: 1, new: 1), level(1, resting: 1), backup(resting: 1),
            panicPercent: panicPercent)
        #expect(shape(plan) == [[3, 100], [1, 0], [1, 0]] && plan.isPanicking)
    }

    @Test func thoseThatLeaveAreUsedBeforeNobody() {
        let plan = plan(level(draining: 2), level(1, draining: 1))
        #expect(shape(plan) == [[2, 100], [1, 0]] && plan.isPanicking)
    }

    @Test func anEmptyPoolHasNoTiers() { #expect(plan() == TierPlan([], panicPercent: 50) && plan().tiers.isEmpty) }
}
