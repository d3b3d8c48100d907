import ProxyCore

/// In which order the name servers are asked: as configured, but one that answered where those before it kept silent
/// comes first for a while, so that a dead server costs its time-out once and not at each refresh.
///
/// A value: who was heard and the time go in, the order comes out.
struct ServerOrder: Sendable {
    /// As configured.
    let servers: [SocketAddress]
    private var preferred: SocketAddress?
    private var probeDue = Instant.distantFuture

    init(_ servers: [SocketAddress]) { self.servers = servers }

    /// Whom to ask, one after another.
    var inOrder: [SocketAddress] {
        guard let preferred else { return servers }
        return [preferred] + servers.filter { $0 != preferred }
    }

    /// A server was heard, after those before it in `asked` had kept silent.
    ///
    /// - Returns: true where the order has changed by that.
    mutating func note(heard server: SocketAddress, asked: [SocketAddress], at now: Instant) -> Bool {
        guard server != asked.first, servers.contains(server), server != inOrder.first else { return false }
        prefer(server, at: now)
        return true
    }

    /// Those that the preferred server stands in for, where it is time to see whether they answer again. Each call that
    /// returns some puts the next time off.
    mutating func serversToProbe(at now: Instant) -> [SocketAddress]? {
        guard let preferred, let place = servers.firstIndex(of: preferred), now >= probeDue else { return nil }
        probeDue = now + Limits.serverProbeMilliseconds
        return Array(servers[..<place])
    }

    /// A probe was answered: the server takes its place again.
    mutating func note(probed server: SocketAddress, at now: Instant) {
        if servers.contains(server) { prefer(server, at: now) }
    }

    private mutating func prefer(_ server: SocketAddress, at now: Instant) {
        preferred = server == servers.first ? nil : server
        probeDue = now + Limits.serverProbeMilliseconds
    }
}
