import ProxyCore

/// A worker's table of one service, with requests in flight that begin where it picks and end in random order.
struct PickScene: ~Copyable {
    static let rounds = 101
    static let picksPerRound = 10_000

    enum Pool: String, CaseIterable {
        case equal
        case weighted = "weighted 1 to 10"
        /// Others are preferred, because a connect failed.
        case suspects = "equal, a tenth suspect"
    }

    private var table: EndpointTable
    /// By place: places are given in the order of the endpoints.
    private let endpoints: [Endpoint]
    private let keys: [UInt64]
    /// The places of the requests in flight.
    private var running: [Int]
    private var step = 0

    init(_ policy: Policy, _ pool: Pool, endpoints count: Int) {
        var settings = ServiceSettings()
        settings.policy = policy
        endpoints = (0..<count).map { number in
            var endpoint = Endpoint(
                address: .anyIPv4(port: UInt16(number)),
                role: EndpointRole(weight: pool == .weighted ? number % 10 + 1 : 1))
            endpoint.stickyToken = UInt64(number + 1) &* 0x9E37_79B9_7F4A_7C15
            endpoint.stats.latencyMicroseconds.store(Int64(1_000 + number % 7 * 100), ordering: .relaxed)
            endpoint.stats.latencyNotedMicroseconds.store(Instant.read().microseconds, ordering: .relaxed)
            if pool == .suspects, number % 10 == 3 {
                endpoint.stats.suspectUntilMicroseconds.store(.max, ordering: .relaxed)
            }
            return endpoint
        }
        let tokens = endpoints.map(\.stickyToken)
        keys = (0..<4_096).map { policy == .sticky ? tokens[$0 * 7 % count] : UInt64.random(in: 1...UInt64.max) }
        table = EndpointTable(settings: [settings], worker: 0)
        _ = table.adopt(
            EndpointSnapshot(services: [ProxyCore.Pool(endpoints: endpoints, settings: settings)]),
            Instant(microseconds: 0))
        running = Array(0..<count)
        for place in running { endpoints[place].stats.inFlight.wrappingAdd(1, ordering: .relaxed) }
    }

    /// What a pick takes: rounds with picks, less the same that only end and begin requests.
    mutating func measure() -> Figure {
        for _ in 0..<20 { _ = round(picks: true) }
        let others = (0..<Self.rounds).map { _ in round(picks: false) }.min() ?? 0
        return Figure((0..<Self.rounds).map { _ in round(picks: true) - others })
    }

    /// - Returns: nanoseconds for one request.
    private mutating func round(picks: Bool) -> Double {
        let now = Instant.read()
        let nanoseconds = processorNanoseconds { for _ in 0..<Self.picksPerRound { replaceRequest(picks, now) } }
        return nanoseconds / Double(Self.picksPerRound)
    }

    /// One request ends, whichever, and another begins.
    @inline(__always)
    private mutating func replaceRequest(_ picks: Bool, _ now: Instant) {
        step &+= 1
        let ending = (step &* 0x9E37_79B9) &>> 7 % running.count
        let place = running[ending]
        endpoints[place].stats.inFlight.wrappingSubtract(1, ordering: .relaxed)
        var next = place
        if picks {
            let seeker = Seeker(key: keys[step & 4_095])
            if case .place(let picked) = table.pick(0, for: seeker, now) { next = picked }
        }
        endpoints[next].stats.inFlight.wrappingAdd(1, ordering: .relaxed)
        running[ending] = next
    }
}
