/// One worker's view of who can serve: the endpoints of the last snapshot that it adopted, and those that left but still
/// have requests running.
package struct EndpointTable: ~Copyable {
    /// An endpoint's place in this worker's table.
    struct Place: ~Copyable, Vacatable {
        /// Its endpoint's own, which no other gets when the place is used again.
        fileprivate(set) var number: Int32 = 0
        fileprivate(set) var address = SocketAddress.anyIPv4(port: 0)
        fileprivate(set) var stats: EndpointStats?
        /// The same, for picks.
        fileprivate var counters: BorrowedStats?
        fileprivate(set) var service = 0
        fileprivate(set) var standing = EndpointStanding.resting
        /// While it is on trial: from then on any request may show whether it serves again.
        fileprivate var anyMayProveFrom = Instant.distantFuture
        fileprivate(set) var stickyToken: UInt64 = 0
        /// It left the set: no new request, and its connections close as they become idle.
        fileprivate(set) var isRetired = false
        /// Connections of this worker to it, in whatever state.
        fileprivate var connections = 0
        /// The idle ones, last used first, linked through `UpstreamConnection`.
        var firstIdle: Int32 = -1
        var idleCount: Int32 = 0

        static func makeVacant() -> Place { Place() }
    }

    private struct Service {
        var policy: Policy
        var capacity: CapacitySettings
        var ejection: EjectionSettings
        var tiers: [Tier] = []
        /// All of the pool, those that rest included.
        var everyone: [Int32] = []
        /// Where the next search among `everyone` begins.
        var lastResort = 0

        init(_ settings: ServiceSettings) {
            policy = settings.policy
            capacity = settings.capacity
            ejection = settings.ejection
        }
    }

    private struct Tier {
        var members: [Int32]
        let load: Int
        /// What it is owed of the requests, in percent, so that tiers take turns in proportion to their loads.
        var credit = 0
        var chooser: Chooser
    }

    private let worker: Int
    private let seed: UInt64
    private var places: Slab<Place>
    /// Indexed by slot.
    private var services: [Service] = []
    private var placeOf: [ObjectIdentifier: Int32] = [:]
    private var numbered: Int32 = 0

    /// - Parameters:
    ///   - worker: the number of the worker, at which round robin starts.
    ///   - seed: of what the policies draw at random.
    package init(worker: Int, seed: UInt64 = 0) {
        self.worker = worker
        self.seed = seed
        places = Slab(capacity: Limits.endpointsMax)
    }

    /// A table of services in the slots from 0 on.
    package init(settings: [ServiceSettings], worker: Int, seed: UInt64 = 0) {
        self.init(worker: worker, seed: seed)
        for (slot, settings) in settings.enumerated() { configure(slot, settings) }
    }

    /// Says how a service is served from now on. Where its policy is another, the next snapshot begins it anew.
    package mutating func configure(_ slot: Int, _ settings: ServiceSettings) {
        while services.count <= slot { services.append(Service(ServiceSettings())) }
        let isSamePolicy = services[slot].policy == settings.policy
        services[slot].policy = settings.policy
        services[slot].capacity = settings.capacity
        services[slot].ejection = settings.ejection
        if !isSamePolicy { services[slot].tiers = [] }
    }

    subscript(place: Int) -> Place {
        @inline(__always) _read { yield places[place] }
        @inline(__always) _modify { yield &places[place] }
    }

    // ---- snapshots ---------------------------------------------------------------------------------------------------

    /// How long an endpoint on trial waits for a request that another could serve if the trial fails. Services whose
    /// requests cannot be sent twice have none.
    private static let proofMilliseconds: Milliseconds = 1_000

    /// Takes over a new snapshot.
    ///
    /// - Returns: the places of endpoints that left. The caller closes their idle connections.
    package mutating func adopt(_ snapshot: EndpointSnapshot, _ now: Instant) -> [Int] {
        var kept: [ObjectIdentifier: Int32] = [:]
        for (index, pool) in snapshot.services.enumerated() where index < services.count {
            services[index].everyone = pool.endpoints.enumerated().map { number, endpoint in
                guard number < Limits.endpointsPerServiceMax else { return -1 }
                let identity = ObjectIdentifier(endpoint.stats)
                let place = kept[identity] ?? placeOf[identity] ?? insert(endpoint, index)
                guard place >= 0 else { return place }
                kept[identity] = place
                if endpoint.standing == .trial, places[Int(place)].standing != .trial {
                    places[Int(place)].anyMayProveFrom = now + Self.proofMilliseconds
                }
                places[Int(place)].standing = endpoint.standing
                places[Int(place)].stickyToken = endpoint.stickyToken
                return place
            }
            adoptTiers(of: pool, index)
        }
        for gone in min(snapshot.services.count, services.count)..<services.count {
            services[gone].everyone = []
            services[gone].tiers = []
        }
        let left = placeOf.filter { kept[$0.key] == nil }.map { Int($0.value) }.sorted()
        placeOf = kept
        for place in left { places[place].isRetired = true }
        return left
    }

    /// - Returns: the new place, or -1 where the table is full.
    private mutating func insert(_ endpoint: Endpoint, _ service: Int) -> Int32 {
        numbered &+= 1
        let place = Place(
            number: numbered, address: endpoint.address, stats: endpoint.stats, counters: BorrowedStats(endpoint.stats),
            service: service)
        return Int32(places.insert(place) ?? -1)
    }

    /// The tiers' choosers stay, and with them what they remember of the members that do.
    private mutating func adoptTiers(of pool: Pool, _ service: Int) {
        let before = services[service].tiers
        services[service].tiers = []
        services[service].tiers = pool.tiers.enumerated().map { number, tier in
            let known = number < before.count ? before[number] : nil
            var chooser = known?.chooser ?? Chooser(services[service].policy, worker: worker, seed: seed)
            chooser.adopt(
                tier.members.map { index in
                    let endpoint = pool.endpoints[index]
                    return Chooser.Member(identity: ObjectIdentifier(endpoint.stats), share: endpoint.share)
                }, tier.table)
            return Tier(
                members: tier.members.map { services[service].everyone[$0] }, load: tier.load,
                credit: known?.credit ?? 0, chooser: chooser)
        }
    }

    /// True where the service has an endpoint at all.
    func hasEndpoints(_ service: Int) -> Bool { !services[service].everyone.isEmpty }

    func policy(of place: Int) -> Policy { services[places[place].service].policy }
    func capacity(of place: Int) -> CapacitySettings { services[places[place].service].capacity }
    func ejection(of place: Int) -> EjectionSettings { services[places[place].service].ejection }

    /// Its endpoints take no more than so many requests or connections.
    func isLimited(_ service: Int) -> Bool {
        let capacity = services[service].capacity
        return capacity.requestsPerEndpointMax > 0 || capacity.connectionsPerEndpointMax > 0
    }

    // ---- connections ---------------------------------------------------------------------------------------------------

    mutating func countConnection(_ place: Int) { places[place].connections += 1 }

    /// Also frees the place where this was the last connection to an endpoint that left.
    mutating func uncountConnection(_ place: Int) {
        places[place].connections -= 1
        freeIfUnused(place)
    }

    /// Call it for each place that `adopt` answered, when its idle connections are closed.
    mutating func freeIfUnused(_ place: Int) {
        if places[place].isRetired, places[place].connections == 0 { places.remove(place) }
    }

    // ---- choice ------------------------------------------------------------------------------------------------------

    /// What came of the search for an endpoint.
    package enum Choice: Equatable {
        case place(Int)
        /// Those that could serve have as much to do as they may.
        case busy
        /// All were tried, or there is none.
        case none
    }

    /// How much a candidate is asked of.
    fileprivate enum Preference {
        /// Sound, and a connection to it has come about before.
        case proven
        /// Not suspect after a failed connect.
        case sound
        /// No connect to it has failed: the first one may be under way.
        case untold
        case any
    }

    /// The endpoint that the service's policy chooses for a request: first among those of the tier whose turn it is, then
    /// of the other tiers; first without the suspects, then with them; and if all of those were tried, anyone at all.
    @inline(__always)
    package mutating func pick(_ service: Int, for seeker: Seeker, _ now: Instant) -> Choice {
        let tiers = services[service].tiers.count
        guard tiers > 0 else { return .none }
        let first = tiers == 1 ? 0 : tierInTurn(service, seeker)
        var isBusy = false
        // On a second try nobody takes chances: an endpoint that has been reached before comes first.
        if seeker.tried.count > 0,
            let place = pick(service, first, .proven, seeker, now, &isBusy)
        {
            return .place(place)
        }
        if let place = pick(service, first, .sound, seeker, now, &isBusy) { return .place(place) }
        return pickElsewhere(service, first, seeker, now, isBusy)
    }

    private mutating func pickElsewhere(
        _ service: Int, _ first: Int, _ seeker: Seeker, _ now: Instant, _ isBusyThere: Bool
    ) -> Choice {
        var isBusy = isBusyThere
        // A first connection that is under way is no reason to turn to another tier.
        if let place = pick(service, first, .untold, seeker, now, &isBusy) { return .place(place) }
        for tier in services[service].tiers.indices where tier != first {
            if let place = pick(service, tier, .sound, seeker, now, &isBusy) { return .place(place) }
        }
        for tier in services[service].tiers.indices {
            if let place = pick(service, tier, .any, seeker, now, &isBusy) { return .place(place) }
        }
        if isBusy { return .busy }
        return lastResort(service, seeker).map { .place($0) } ?? .none
    }

    @inline(__always)
    private mutating func pick(
        _ service: Int, _ tier: Int, _ preference: Preference, _ seeker: Seeker, _ now: Instant, _ isBusy: inout Bool
    ) -> Int? {
        let members = services[service].tiers[tier].members
        let search = Search(seeker: seeker, preference: preference, now: now, capacity: services[service].capacity)
        let choice = Self.choose(&services[service].tiers[tier].chooser, members, places, search, &isBusy)
        return choice.map { Int(members[$0]) }
    }

    // A function of its own, because a closure over the table could not look at it while its chooser changes.
    @inline(__always)
    private static func choose(
        _ chooser: inout Chooser, _ members: [Int32], _ places: borrowing Slab<Place>, _ search: Search,
        _ isBusy: inout Bool
    ) -> Int? {
        var sawBusy = false
        let choice = chooser.pick(
            key: search.seeker.key,
            isEligible: { candidate in
                let place = members[candidate]
                guard place >= 0, places[Int(place)].isFree(search) else { return false }
                if places[Int(place)].hasRoom(search.capacity) { return true }
                sawBusy = true
                return false
            },
            load: { candidate in
                let place = members[candidate]
                return place < 0 ? 0 : places[Int(place)].inFlight
            },
            latency: { places[Int(members[$0])].latencyMicroseconds(search.now) })
        if sawBusy { isBusy = true }
        return choice
    }

    /// Nobody else is left: whoever was not tried, those that leave last.
    private mutating func lastResort(_ service: Int, _ seeker: Seeker) -> Int? {
        let count = services[service].everyone.count
        let start = services[service].lastResort
        services[service].lastResort = start &+ 1
        for takesDraining in [false, true] {
            for step in 0..<count {
                let place = Int(services[service].everyone[(start &+ step) % count])
                guard place >= 0, !seeker.tried.contains(places[place].number) else { continue }
                guard takesDraining || places[place].standing != .draining else { continue }
                if places[place].hasRoom(services[service].capacity) { return place }
            }
        }
        return nil
    }

    /// Tiers take turns in proportion to their loads. A request with a key always begins at the same one, and one with the
    /// token of an endpoint where that is.
    private mutating func tierInTurn(_ service: Int, _ seeker: Seeker) -> Int {
        if services[service].policy == .sticky {
            for tier in services[service].tiers.indices
            where services[service].tiers[tier].chooser.knows(token: seeker.key) { return tier }
        } else if seeker.key != 0 {
            var position = Int(seeker.key >> 32 % 100)
            for tier in services[service].tiers.indices {
                position -= services[service].tiers[tier].load
                if position < 0 { return tier }
            }
            return 0
        }
        var best = 0
        for tier in services[service].tiers.indices {
            services[service].tiers[tier].credit += services[service].tiers[tier].load
            if services[service].tiers[tier].credit > services[service].tiers[best].credit { best = tier }
        }
        services[service].tiers[best].credit -= 100
        return best
    }

    /// True where a sound endpoint is left to try, without choosing one.
    func hasAlternative(_ service: Int, for seeker: Seeker, _ now: Instant) -> Bool {
        let search = Search(seeker: seeker, preference: .sound, now: now, capacity: services[service].capacity)
        for tier in services[service].tiers {
            for place in tier.members where place >= 0 && places[Int(place)].isFree(search) { return true }
        }
        return false
    }

    /// One slow request is no sign; so many that wait for one endpoint are, or one where the last before it has failed.
    private static let hangingRequestsMin = 3

    /// True where the endpoint seems to hang, as one does that accepts connections and answers nobody: since that moment,
    /// when a request was sent to it, it has answered none, while another endpoint has answered one that was sent later.
    ///
    /// - Parameter isTrial: the request shows whether the endpoint serves again, so it is alone there.
    func seemsToHang(_ place: Int, since sent: Instant, isTrial: Bool) -> Bool {
        guard let stats = places[place].stats, stats.answeredMicroseconds.load(ordering: .relaxed) <= sent.microseconds,
            isTrial || stats.failuresInARow.load(ordering: .relaxed) > 0
                || stats.inFlight.load(ordering: .relaxed) >= Self.hangingRequestsMin
        else { return false }
        return services[places[place].service].everyone.contains { other in
            guard other >= 0, Int(other) != place, let stats = places[Int(other)].stats else { return false }
            return stats.answeredSentMicroseconds.load(ordering: .relaxed) > sent.microseconds
        }
    }

    /// One search for one request.
    fileprivate struct Search {
        let seeker: Seeker
        let preference: Preference
        let now: Instant
        let capacity: CapacitySettings
    }
}

/// What one request asks of the endpoint that it is given.
package struct Seeker {
    /// What the hashing policies look at, or the token of the client's cookie; 0 for none.
    var key: UInt64
    /// Those that have failed it.
    var tried: TriedEndpoints
    /// It can be sent again elsewhere, so it is the first to show whether an endpoint serves again after its ejection.
    var mayProve: Bool

    init(key: UInt64 = 0, tried: TriedEndpoints = TriedEndpoints(), mayProve: Bool = false) {
        self.key = key
        self.tried = tried
        self.mayProve = mayProve
    }

    /// One that was not tried anywhere yet.
    package init(key: UInt64) { self.init(key: key, mayProve: false) }
}

extension EndpointTable.Place {
    /// It was not tried, and nothing speaks against it but what it has to do already.
    @inline(__always)
    fileprivate func isFree(_ search: EndpointTable.Search) -> Bool {
        guard let counters, !search.seeker.tried.contains(number) else { return false }
        return counters.read { stats in
            if standing == .trial {
                guard search.seeker.mayProve || search.now >= anyMayProveFrom,
                    !stats.isOnTrial.load(ordering: .relaxed)
                else { return false }
            }
            switch search.preference {
            case .proven: return stats.isProven.load(ordering: .relaxed) && !stats.isSuspect(search.now)
            case .sound: return !stats.isSuspect(search.now)
            case .untold:
                return stats.connectFailures.load(ordering: .relaxed) == 0 || !stats.isSuspect(search.now)
            case .any: return true
            }
        }
    }

    /// It may take another request, over a connection that is there or may be made.
    @inline(__always)
    fileprivate func hasRoom(_ capacity: CapacitySettings) -> Bool {
        guard let counters else { return false }
        return counters.read { stats in
            let requestsMax = capacity.requestsPerEndpointMax
            if requestsMax > 0, stats.inFlight.load(ordering: .relaxed) >= requestsMax { return false }
            let connectionsMax = capacity.connectionsPerEndpointMax
            return connectionsMax == 0 || firstIdle >= 0
                || stats.connections.load(ordering: .relaxed) < connectionsMax
        }
    }

    @inline(__always)
    fileprivate var inFlight: Int { counters?.read { $0.inFlight.load(ordering: .relaxed) } ?? 0 }

    @inline(__always)
    fileprivate func latencyMicroseconds(_ now: Instant) -> Int64 {
        guard let counters else { return 0 }
        return counters.read { stats in
            PeakEWMA.current(
                average: stats.latencyMicroseconds.load(ordering: .relaxed),
                noted: Instant(microseconds: stats.latencyNotedMicroseconds.load(ordering: .relaxed)), now: now)
        }
    }
}

extension EndpointStats {
    /// A connect to it failed lately, or it seems to be leaving: others are preferred.
    @inline(__always)
    func isSuspect(_ now: Instant) -> Bool {
        suspectUntilMicroseconds.load(ordering: .relaxed) > now.microseconds
    }
}

/// The endpoints that one request has been tried on, by their numbers: while it waits for one of them, another may go,
/// and a third get its place.
struct TriedEndpoints {
    private var numbers = InlineArray<8, Int32>(repeating: 0)
    private(set) var count = 0

    @inline(__always)
    func contains(_ number: Int32) -> Bool {
        for index in 0..<count where numbers[index] == number { return true }
        return false
    }

    mutating func insert(_ number: Int32) {
        guard count < Limits.attemptsMax else { return }
        numbers[count] = number
        count += 1
    }
}
