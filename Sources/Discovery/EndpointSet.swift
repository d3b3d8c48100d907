import ProxyCore

/// The endpoints of one service, in an order that stays. Health joins here.
struct EndpointSet {
    private(set) var endpoints: [Endpoint] = []

    var addresses: [SocketAddress] { endpoints.map(\.address) }

    /// Brings the set to `wanted`: an endpoint that stays keeps its place and its statistics, new ones are appended in
    /// the order in which they are wanted, and duplicates are one.
    ///
    /// - Returns: true where the set has changed.
    mutating func reconcile(with wanted: [SocketAddress]) -> Bool {
        var missing = Set(wanted)
        let kept = endpoints.filter { missing.remove($0.address) != nil }
        let added = wanted.filter { missing.remove($0) != nil }.map { Endpoint(address: $0) }
        guard kept.count < endpoints.count || !added.isEmpty else { return false }
        endpoints = kept + added
        return true
    }
}

/// The difference between two sets of addresses, as the event log tells it: `3 endpoints (+127.0.1.3, -127.0.1.1)`.
struct AddressChange: CustomStringConvertible {
    private let count: Int
    private let signed: [String]

    init(before: [SocketAddress], after: [SocketAddress]) {
        let old = Set(before)
        let new = Set(after)
        count = after.count
        signed =
            after.filter { !old.contains($0) }.map { "+\($0.ip)" }
            + before.filter { !new.contains($0) }.map { "-\($0.ip)" }
    }

    /// True where the sets differ at most in their order.
    var isEmpty: Bool { signed.isEmpty }

    var description: String {
        let named = signed.prefix(Limits.addressesPerLogLineMax)
        let more = signed.count > named.count ? ", \(signed.count - named.count) more" : ""
        return "\(count.counted("endpoint")) (\(named.joined(separator: ", "))\(more))"
    }
}

extension Int {
    /// `1 endpoint`, `2 endpoints`.
    func counted(_ noun: String) -> String { "\(self) \(noun)\(self == 1 ? "" : "s")" }
}
