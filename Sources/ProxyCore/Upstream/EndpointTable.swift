/// One worker's view of who can serve: the endpoints of the last snapshot that it adopted, and those that left but still
/// have requests running.
struct EndpointTable: ~Copyable {
    /// An endpoint's place in this worker's table.
    struct Place: Vacatable {
        fileprivate(set) var address = SocketAddress.anyIPv4(port: 0)
        fileprivate(set) var stats: EndpointStats?
        fileprivate(set) var service = 0
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
        var members: [Int32] = []
        var chooser: Chooser
    }

    private var places: Slab<Place>
    private var services: [Service]
    private var placeOf: [ObjectIdentifier: Int32] = [:]

    /// - Parameters:
    ///   - policies: one for each service, in the order of the snapshots' services.
    ///   - worker: the number of the worker, at which round robin starts.
    init(policies: [Policy], worker: Int) {
        places = Slab(capacity: policies.count * Limits.endpointsPerServiceMax * 2 + 1)
        services = policies.map { Service(chooser: Chooser($0, startingAt: worker)) }
    }

    subscript(place: Int) -> Place {
        @inline(__always) _read { yield places[place] }
        @inline(__always) _modify { yield &places[place] }
    }

    /// Takes over a new snapshot.
    ///
    /// - Returns: the places of endpoints that left. The caller closes their idle connections.
    mutating func adopt(_ snapshot: EndpointSnapshot) -> [Int] {
        var kept: [ObjectIdentifier: Int32] = [:]
        for (index, endpoints) in snapshot.services.enumerated() where index < services.count {
            services[index].members = endpoints.prefix(Limits.endpointsPerServiceMax).compactMap { endpoint in
                let identity = ObjectIdentifier(endpoint.stats)
                if let known = kept[identity] ?? placeOf[identity] {
                    kept[identity] = known
                    return known
                }
                guard
                    let place = places.insert(
                        Place(address: endpoint.address, stats: endpoint.stats, service: index))
                else { return nil }
                kept[identity] = Int32(place)
                return Int32(place)
            }
        }
        let left = placeOf.filter { kept[$0.key] == nil }.map { Int($0.value) }
        placeOf = kept
        for place in left { places[place].isRetired = true }
        return left
    }

    /// True where the service has an endpoint at all.
    func hasEndpoints(_ service: Int) -> Bool { !services[service].members.isEmpty }

    /// How much a candidate is asked of.
    enum Preference {
        /// Sound, and a connection to it has come about before.
        case proven
        /// Not tried for this request, and not suspect after a failed connect.
        case sound
        /// Not tried for this request.
        case untried
    }

    /// The place of the endpoint that the service's policy chooses, or nil where none meets the preference.
    @inline(__always)
    mutating func pick(_ service: Int, _ preference: Preference, excluding tried: TriedEndpoints, _ now: Instant)
        -> Int?
    {
        let count = services[service].members.count
        let table = services[service].members
        var chooser = services[service].chooser
        defer { services[service].chooser = chooser }
        let choice = chooser.pick(
            count: count,
            isEligible: { candidate in
                let place = table[candidate]
                if tried.contains(place) { return false }
                switch preference {
                case .proven: return isProven(Int(place)) && !isSuspect(Int(place), now)
                case .sound: return !isSuspect(Int(place), now)
                case .untried: return true
                }
            },
            load: { places[Int(table[$0])].stats?.inFlight.load(ordering: .relaxed) ?? 0 })
        return choice.map { Int(table[$0]) }
    }

    /// True where a sound endpoint is left to try, without choosing one.
    func hasAlternative(_ service: Int, excluding tried: TriedEndpoints, _ now: Instant) -> Bool {
        services[service].members.contains { !tried.contains($0) && !isSuspect(Int($0), now) }
    }

    private func isProven(_ place: Int) -> Bool { places[place].stats?.isProven.load(ordering: .relaxed) ?? false }

    private func isSuspect(_ place: Int, _ now: Instant) -> Bool {
        guard let stats = places[place].stats else { return true }
        return stats.suspectUntilMicroseconds.load(ordering: .relaxed) > now.microseconds
    }

    // ---- what happens to an endpoint ---------------------------------------------------------------------------------

    @inline(__always)
    func requestBegan(_ place: Int) { places[place].stats?.inFlight.wrappingAdd(1, ordering: .relaxed) }

    @inline(__always)
    func requestEnded(_ place: Int) { places[place].stats?.inFlight.wrappingSubtract(1, ordering: .relaxed) }

    mutating func connectionOpened(_ place: Int) { places[place].connections += 1 }

    /// Also frees the place where this was the last connection to an endpoint that left.
    mutating func connectionClosed(_ place: Int) {
        places[place].connections -= 1
        freeIfUnused(place)
    }

    /// Call it for each place that `adopt` answered, when its idle connections are closed.
    mutating func freeIfUnused(_ place: Int) {
        if places[place].isRetired, places[place].connections == 0 { places.remove(place) }
    }

    /// While the first connection to an endpoint is under way, others are preferred: where a dozen names appear before
    /// their containers listen, only one request at a time finds that out for each.
    func connectBegan(_ place: Int, until: Instant) {
        guard let stats = places[place].stats, !isProven(place) else { return }
        stats.suspectUntilMicroseconds.store(until.microseconds, ordering: .relaxed)
    }

    func connectSucceeded(_ place: Int) {
        guard let stats = places[place].stats else { return }
        if isProven(place), stats.connectFailures.load(ordering: .relaxed) == 0 { return }
        stats.isProven.store(true, ordering: .relaxed)
        stats.connectFailures.store(0, ordering: .relaxed)
        stats.suspectUntilMicroseconds.store(0, ordering: .relaxed)
    }

    /// Others are preferred for a second. Not for longer: an endpoint that comes up is to serve within about that time.
    ///
    /// - Returns: true for the first failure in a row.
    func connectFailed(_ place: Int, _ now: Instant) -> Bool {
        guard let stats = places[place].stats else { return false }
        stats.suspectUntilMicroseconds.store((now + 1000).microseconds, ordering: .relaxed)
        return stats.connectFailures.wrappingAdd(1, ordering: .relaxed).newValue == 1
    }
}

/// The endpoints that one request has been tried on.
struct TriedEndpoints {
    private var places = InlineArray<8, Int32>(repeating: -1)
    private(set) var count = 0

    @inline(__always)
    func contains(_ place: Int32) -> Bool {
        for index in 0..<count where places[index] == place { return true }
        return false
    }

    mutating func insert(_ place: Int) {
        guard count < Limits.attemptsMax else { return }
        places[count] = Int32(place)
        count += 1
    }
}
