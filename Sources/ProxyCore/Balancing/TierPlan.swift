/// Which endpoints of a pool get requests, and how many begin with which of them.
///
/// Endpoints of one priority are a tier, and backups stand behind all others. A tier takes on what its healthy part can
/// bear, as Envoy's priority levels do: somewhat more than that part, because services are seldom run at their limit; the
/// next tier has the rest. Where all tiers together cannot bear everything, one with few healthy endpoints panics: it
/// uses the unhealthy ones too, since to overload the healthy ones would take them down as well.
struct TierPlan: Equatable {
    struct Tier: Equatable {
        /// Indices of endpoints; at least one.
        let members: [Int]
        /// The percentage of the requests that begin here; 0 for one that only stands by.
        var load: Int
    }

    /// The preferred ones first.
    let tiers: [Tier]
    let isPanicking: Bool

    /// A tier whose healthy part is 100 / 1.4 percent bears everything.
    fileprivate static let overprovisioningPercent = 140
    /// Where a tier has no endpoint that serves but one on trial, so many requests begin there. Only one at a time gets to
    /// the endpoint, but without any it would never be found sound.
    private static let trialLoad = 10

    /// - Parameter panicPercent: where fewer than this percentage of a tier are healthy, it may panic.
    init(_ endpoints: [Endpoint], panicPercent: Int) {
        let staying = endpoints.indices.filter { endpoints[$0].standing != .draining }
        // Who is about to leave still serves better than nobody.
        let levels = Level.sorted(staying.isEmpty ? Array(endpoints.indices) : staying, endpoints)
        let needsBackups = !levels.contains { !$0.isBackup && $0.servingCount > 0 }
        let healths = levels.map { $0.isBackup && !needsBackups ? 0 : $0.healthPercent }
        let totalHealth = min(healths.reduce(0, +), 100)
        let panics = levels.map { level in
            if totalHealth == 0 { return true }
            guard totalHealth < 100, needsBackups || !level.isBackup else { return false }
            return level.servingCount * 100 < panicPercent * level.expectedCount
        }
        let loads = Self.withTrials(Self.loads(healths, totalHealth), levels)
        tiers = levels.indices.compactMap { index in
            let members = panics[index] ? levels[index].all : levels[index].sound
            return members.isEmpty ? nil : Tier(members: members, load: loads[index])
        }
        isPanicking = panics.contains(true)
    }

    /// Each level's percentage of the requests: its health, scaled so that all make 100, until nothing is left.
    private static func loads(_ healths: [Int], _ totalHealth: Int) -> [Int] {
        var left = 100
        var loads = healths.map { health in
            let load = totalHealth == 0 ? 0 : min((health * 100 + totalHealth / 2) / totalHealth, left)
            left -= load
            return load
        }
        // What was lost by rounding; or everything, where nobody is healthy.
        if !loads.isEmpty { loads[healths.firstIndex { $0 > 0 } ?? 0] += left }
        return loads
    }

    /// Gives those a part that would be passed by, although they have an endpoint to be tried.
    private static func withTrials(_ loads: [Int], _ levels: [Level]) -> [Int] {
        var loads = loads
        for index in levels.indices where levels[index].servingCount == 0 && levels[index].hasTrial {
            let later = loads.indices.filter { $0 > index }.max { loads[$0] < loads[$1] }
            guard loads[index] == 0, let later, loads[later] > trialLoad else { continue }
            loads[index] = trialLoad
            loads[later] -= trialLoad
        }
        return loads
    }
}

/// The endpoints of one priority.
private struct Level {
    let isBackup: Bool
    var all: [Int] = []
    /// Those that may get requests without a panic.
    var sound: [Int] = []
    var servingCount = 0
    /// Those that should be healthy.
    var expectedCount = 0

    var hasTrial: Bool { sound.count > servingCount }

    /// What it can bear, in percent of all requests.
    var healthPercent: Int {
        guard servingCount > 0 else { return 0 }
        return min(max(servingCount * TierPlan.overprovisioningPercent / expectedCount, 1), 100)
    }

    private struct Order: Hashable, Comparable {
        let isBackup: Bool
        let priority: Int

        static func < (left: Order, right: Order) -> Bool {
            left.isBackup == right.isBackup ? left.priority < right.priority : right.isBackup
        }
    }

    /// The levels of these endpoints, the preferred ones first.
    static func sorted(_ indices: [Int], _ endpoints: [Endpoint]) -> [Level] {
        let orders = Dictionary(grouping: indices) { index in
            Order(isBackup: endpoints[index].role.isBackup, priority: endpoints[index].role.priority)
        }
        return orders.sorted { $0.key < $1.key }.map { Level(isBackup: $0.key.isBackup, $0.value, endpoints) }
    }

    private init(isBackup: Bool, _ indices: [Int], _ endpoints: [Endpoint]) {
        self.isBackup = isBackup
        all = indices
        for index in indices {
            let endpoint = endpoints[index]
            if endpoint.standing == .serving { servingCount += 1 }
            if endpoint.standing == .serving || endpoint.standing == .trial { sound.append(index) }
            // What has just been found, and may be starting, is no sign of trouble.
            if endpoint.standing != .resting || !endpoint.isNew { expectedCount += 1 }
        }
    }
}
