/// How an endpoint is chosen among those that can serve.
package enum Policy: String, CaseIterable, Sendable {
    case roundRobin = "round-robin"
    case leastConnections = "least-connections"
}
