import ProxyCore

/// What a run is set up with, drawn from its seed: settings of every kind, small enough that their bounds are met.
struct Scenario {
    var settings = ServiceSettings()
    var timeouts = Timeouts()
    let resolveMilliseconds: Milliseconds
    let staleMilliseconds: Milliseconds?
    /// The names that the pool is resolved from, each with a role of its own.
    let roles: [EndpointRole]
    /// What each name may stand for (resolv.conf(5), `search`); the last is right.
    let candidates: [String]
    let replicasMax: Int
    /// Mean times from one to the next.
    let arrivalMicroseconds: Int64
    let troubleMilliseconds: Milliseconds
    /// Percentages of the requests.
    let postPercent: Int
    let largeBodyPercent: Int

    static let workers = 2
    /// How long there is trouble: about half a minute of a busy world, some minutes of a quiet one.
    static let chaosSteps = 40_000
    static let calmMilliseconds: Milliseconds = 5_000

    init(_ dice: Dice) {
        resolveMilliseconds = dice.number(Int64(200)...1_500)
        staleMilliseconds = dice.chance(25) ? dice.number(Int64(500)...5_000) : nil
        roles = dice.one(of: [
            [EndpointRole()], [EndpointRole()],
            [EndpointRole(), EndpointRole(priority: 1)],
            [EndpointRole(), EndpointRole(isBackup: true)],
            [EndpointRole(weight: 3), EndpointRole(weight: 1)],
            [EndpointRole(weight: 5), EndpointRole(weight: 2)],
        ])
        candidates = dice.chance(30) ? ["web.internal.", "web."] : ["web."]
        replicasMax = dice.one(of: [3, 6, 12, 24])
        arrivalMicroseconds = dice.one(of: [3_000, 8_000, 20_000])
        troubleMilliseconds = dice.one(of: [150, 600, 2_000])
        postPercent = dice.one(of: [0, 20, 20, 20, 100])
        largeBodyPercent = dice.one(of: [0, 10])
        settings.policy = dice.one(of: Policy.allCases)
        settings.slowStartMilliseconds = dice.one(of: [0, 1_000, 5_000])
        settings.panicPercent = dice.one(of: [0, 30, 50, 50])
        timeouts.responseMilliseconds = 4_000
        timeouts.upstreamIdleMilliseconds = dice.one(of: [300, 4_000])
        drawHealth(dice)
        drawRetries(dice)
        drawCapacity(dice)
    }

    private mutating func drawHealth(_ dice: Dice) {
        settings.health.check = dice.one(of: [.off, .tcp, .tcp, .http(path: "/")])
        settings.health.intervalMilliseconds = dice.number(Int64(300)...2_000)
        settings.health.timeoutMilliseconds = dice.number(Int64(100)...1_000)
        settings.health.rise = dice.number(1...3)
        settings.health.fall = dice.number(1...3)
        settings.ejection.isOn = dice.chance(85)
        settings.ejection.consecutiveFailures = dice.number(1...6)
        settings.ejection.baseMilliseconds = dice.number(Int64(200)...2_000)
        settings.ejection.longestMilliseconds = 4_000
        settings.ejection.ejectedPercentMax = dice.one(of: [0, 20, 50, 50, 100])
        settings.ejection.sweepMilliseconds = dice.number(Int64(1_000)...10_000)
        settings.ejection.sweepAnswersMin = dice.number(5...100)
        settings.ejection.sweepEndpointsMin = dice.number(2...5)
    }

    private mutating func drawRetries(_ dice: Dice) {
        settings.retries.causes = dice.one(of: [.all, .all, .all, [.connect], [.connect, .reset], []])
        settings.retries.retriesNonIdempotent = dice.chance(10)
        settings.retries.attemptsMax = dice.one(of: [1, 2, 3, 6, 8])
        settings.retries.tryMilliseconds = dice.number(Int64(200)...2_000)
        settings.retries.budgetPercent = dice.one(of: [0, 20, 100])
        settings.retries.budgetMin = dice.one(of: [1, 3, 10])
    }

    private mutating func drawCapacity(_ dice: Dice) {
        settings.capacity.requestsPerEndpointMax = dice.one(of: [0, 0, 0, 0, 2, 8])
        settings.capacity.connectionsPerEndpointMax = dice.one(of: [0, 0, 0, 0, 3, 8])
        settings.capacity.queueMilliseconds = dice.one(of: [200, 1_000, 1_000, 2_000])
        settings.capacity.queuedRequestsMax = dice.one(of: [2, 50, 4_096])
        settings.capacity.connectionLife = ConnectionLife(
            ageMilliseconds: dice.one(of: [0, 1_000, 60_000]), requestsMax: dice.one(of: [0, 10, 10_000]))
    }

    /// So long after the last trouble all has healed: ejections end, probes and refreshes come round, shares have grown.
    var healingMilliseconds: Milliseconds {
        // A latency of seconds, which p2c avoids, is forgotten by halves of 7 s.
        let forgetting: Milliseconds = settings.policy == .fastestOfTwo ? 80_000 : 0
        return 2 * settings.ejection.longestMilliseconds + settings.slowStartMilliseconds + 10_000 + forgetting
    }

    /// The connections or requests of an endpoint are limited.
    var isLimited: Bool {
        settings.capacity.requestsPerEndpointMax > 0 || settings.capacity.connectionsPerEndpointMax > 0
    }
}
