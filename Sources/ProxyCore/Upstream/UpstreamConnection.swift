/// What epoll has said of a connection and we have not used up yet. Edges are reported once, so they are kept here.
struct EdgeState: OptionSet {
    let rawValue: UInt8
    /// A read may find bytes.
    static let readable = EdgeState(rawValue: 1)
    /// A write may be taken.
    static let writable = EdgeState(rawValue: 2)
    /// The peer has ended its direction; reads go on until they find that end.
    static let peerEnded = EdgeState(rawValue: 4)
    static let broken = EdgeState(rawValue: 8)

    mutating func note(_ readiness: Readiness) {
        if readiness.contains(.readable) { insert(.readable) }
        if readiness.contains(.writable) { insert(.writable) }
        if !readiness.isDisjoint(with: .peerEnded) { formUnion([.peerEnded, .readable]) }
        if !readiness.isDisjoint(with: .broken) { formUnion([.broken, .readable, .writable]) }
    }

    /// After a read that left room: the socket is empty, unless its end is still to be read.
    mutating func noteDrained() {
        if isDisjoint(with: [.peerEnded, .broken]) { remove(.readable) }
    }
}

/// A connection to an endpoint: being made, serving one request, or idle in its endpoint's list.
struct UpstreamConnection: Vacatable {
    enum State: UInt8 {
        case vacant, connecting, active, idle
    }

    var transport = Transport(descriptor: -1)
    var generation: UInt32 = 0
    var state = State.vacant
    var edges: EdgeState = []
    /// The endpoint's place in the worker's table.
    var endpoint: Int32 = -1
    /// The session that it serves, -1 while it is idle.
    var session: Int32 = -1
    /// Neighbours in the endpoint's list of idle connections.
    var nextIdle: Int32 = -1
    var previousIdle: Int32 = -1
    /// Requests that it has served.
    var requests: UInt32 = 0
    /// When the connect that is under way is given up.
    var connectDeadline = Instant.distantFuture
    /// When it has become too old to be used again.
    var retires = Instant.distantFuture
    /// How long it may be idle: ours, or less where the server says when it closes.
    var idleMilliseconds: Milliseconds = 0

    static func makeVacant() -> UpstreamConnection { UpstreamConnection() }
}
