/// How names are resolved.
package struct ResolverSettings: Equatable, Sendable {
    /// Servers that are asked instead of those of `resolv.conf`, in this order; the search list stays in force.
    package var servers: [SocketAddress] = []
    /// The longest that an answer is used, whatever its TTL; a shorter TTL is honoured.
    package var intervalMilliseconds: Milliseconds = 1_000
    package var family = IPFamily.any
    /// How long addresses stay in use while no server answers; nil: without limit.
    package var staleMilliseconds: Milliseconds?
    /// How long a server may keep silent before the next one is tried; nil: what `resolv.conf` says, or 700.
    package var serverTimeoutMilliseconds: Milliseconds?
    package var resolvConfPath = "/etc/resolv.conf"
    package var hostsPath = "/etc/hosts"

    package init() {}
}

/// Which addresses of a name are used.
package enum IPFamily: String, CaseIterable, Sendable {
    case any
    case ipv4
    case ipv6
}
