/// How an endpoint is chosen among those that can serve.
package enum Policy: String, CaseIterable, Sendable {
    case roundRobin = "round-robin"
    case leastConnections = "least-connections"
}

/// A policy with what it remembers from pick to pick. To add one: a file beside this one, a case here and in `Policy`.
enum Chooser {
    case roundRobin(RoundRobin)
    case leastConnections(LeastConnections)

    init(_ policy: Policy, startingAt start: Int) {
        self =
            switch policy {
            case .roundRobin: .roundRobin(RoundRobin(startingAt: start))
            case .leastConnections: .leastConnections(LeastConnections(startingAt: start))
            }
    }

    /// One of `count` candidates that `isEligible`, or nil where none is. `load` answers a candidate's requests in flight.
    @inline(__always)
    mutating func pick(count: Int, isEligible: (Int) -> Bool, load: (Int) -> Int) -> Int? {
        switch self {
        case .roundRobin(var policy):
            defer { self = .roundRobin(policy) }
            return policy.pick(count: count, isEligible: isEligible)
        case .leastConnections(var policy):
            defer { self = .leastConnections(policy) }
            return policy.pick(count: count, isEligible: isEligible, load: load)
        }
    }
}
