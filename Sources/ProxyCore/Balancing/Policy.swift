/// How an endpoint is chosen among those that can serve.
package enum Policy: String, CaseIterable, Sendable {
    /// Each in turn.
    case roundRobin = "round-robin"
    /// Who has the fewest requests in flight.
    case leastConnections = "least-connections"
    /// The better of two taken at random, by latency and load (peak EWMA).
    case fastestOfTwo = "p2c"
    case random
    /// By a key of the request; who leaves takes only its own keys along.
    case ringHash = "ring-hash"
    /// By a key of the request; all have equally many.
    case maglev
    /// A cookie says where a client was before; new ones go round.
    case sticky
}
