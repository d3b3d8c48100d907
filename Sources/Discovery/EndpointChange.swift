import ProxyCore

/// The difference between two sets of endpoints, as the event log tells it: `3 endpoints (+127.0.1.3, -127.0.1.1)`, and
/// where their roles differ `2 endpoints (+10.0.0.1:80 priority 10 weight 3, ~10.0.0.2:80 priority 20 weight 1)`.
struct EndpointChange: CustomStringConvertible {
    private let count: Int
    private let signed: [String]

    /// - Parameter showsPorts: false where all have the same port, which the line names anyway.
    init(before: [FoundEndpoint], after: [FoundEndpoint], showsPorts: Bool) {
        let old = Dictionary(before.map { ($0.address, $0.role) }) { first, _ in first }
        let new = Set(after.map(\.address))
        let showsRoles = Set((before + after).map(\.role)).count > 1
        func text(_ endpoint: FoundEndpoint) -> String {
            let address = showsPorts ? endpoint.address.description : endpoint.address.ip
            return showsRoles ? "\(address) priority \(endpoint.role.priority) weight \(endpoint.role.weight)" : address
        }
        let joined = after.filter { old[$0.address] == nil }
        let left = before.filter { !new.contains($0.address) }
        let moved = after.filter { old[$0.address, default: $0.role] != $0.role }
        count = after.count
        signed = joined.map { "+" + text($0) } + left.map { "-" + text($0) } + moved.map { "~" + text($0) }
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
