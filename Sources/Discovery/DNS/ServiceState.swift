import ProxyCore

/// Which SRV records of a service are in force (RFC 2782).
///
/// Those that leave stay until the addresses of those that come are known: otherwise a service that moves to other hosts
/// would have none in between.
struct ServiceState: Sendable {
    /// What is known of the host that a record names.
    enum Standing: Equatable, Sendable {
        /// Its first lookup has not ended.
        case unknown
        /// It has no address, and nothing could be learned.
        case failing
        case known(hasAddresses: Bool)
    }

    private var settled: [ServiceRecord] = []
    /// The newest answer, until it takes the place of `settled`.
    private var awaited: [ServiceRecord]?

    var isSettled: Bool { awaited == nil }

    /// The hosts whose addresses are needed.
    var targets: Set<String> { Set((settled + (awaited ?? [])).map(\.target)) }

    /// Takes the records of an answer.
    mutating func take(_ records: [ServiceRecord]) { awaited = records }

    /// Lets the newest answer alone count, once all of its hosts were asked for; where none has an address only because
    /// servers fail, what was there before stays.
    mutating func settle(_ standing: (_ target: String) -> Standing) {
        guard let awaited else { return }
        let standings = awaited.map { standing($0.target) }
        if standings.contains(.unknown) { return }
        if standings.contains(.failing) && !standings.contains(.known(hasAddresses: true)) { return }
        settled = awaited
        self.awaited = nil
    }

    /// Each address with its port once, with the role that the first record to name it gives.
    func endpoints(_ addresses: (_ target: String) -> [SocketAddress]) -> [FoundEndpoint] {
        var seen: Set<SocketAddress> = []
        return (Self.roles(awaited ?? []) + Self.roles(settled)).flatMap { record, role in
            addresses(record.target).map { FoundEndpoint(address: $0.withPort(record.port), role: role) }
        }
        .filter { seen.insert($0.address).inserted }
    }

    private static func roles(_ records: [ServiceRecord]) -> [(ServiceRecord, EndpointRole)] {
        let byPriority = Dictionary(grouping: records, by: \.priority)
        return byPriority.keys.sorted().flatMap { priority in
            let equals = byPriority[priority, default: []]
            return zip(equals, shares(equals.map { Int($0.weight) })).map { record, share in
                (record, EndpointRole(weight: share, priority: Int(priority)))
            }
        }
    }

    /// Weights that count only in proportion to one another, as the least whole numbers of that proportion: servers that
    /// spread 100 over all records change each weight with each record that comes.
    ///
    /// A weight of 0 among others means a very small share; where all are 0, they are equal.
    static func shares(_ weights: [Int]) -> [Int] {
        guard let largest = weights.max(), largest > 0 else { return weights.map { _ in 1 } }
        let unit = weights.reduce(0, greatestCommonDivisor)
        let isScaled = weights.contains(0) || largest / unit > Limits.serviceWeightMax
        return weights.map { isScaled ? max(1, $0 * Limits.serviceWeightMax / largest) : $0 / unit }
    }

    private static func greatestCommonDivisor(_ left: Int, _ right: Int) -> Int {
        right == 0 ? left : greatestCommonDivisor(right, left % right)
    }
}
