/// Where a service's endpoints come from: what a person wrote as `HOST:PORT`.
package enum UpstreamTarget: Hashable, Sendable, CustomStringConvertible {
    /// An IP literal, which is its own and only endpoint.
    case address(SocketAddress)
    /// A DNS name (without a port; a trailing dot makes it absolute, RFC 1034 section 3.1) and the port of its endpoints.
    case name(String, port: UInt16)
    /// The name of SRV records (RFC 2782), which give hosts, ports, priorities and weights.
    case service(String)

    package var description: String {
        switch self {
        case .address(let address): address.description
        case .name(let name, let port): "\(name):\(port)"
        case .service(let name): "srv:\(name)"
        }
    }
}

/// One source of endpoints and the part that they play in their pool.
package struct Upstream: Hashable, Sendable, CustomStringConvertible {
    package var target: UpstreamTarget
    /// The share of each endpoint relative to the others', from 1 to `weightMax`. SRV weights multiply it.
    package var weight: Int
    /// Endpoints with a lower number come first; others take over as those fail. SRV priorities divide it further.
    package var priority: Int
    /// Used only where no endpoint that is not a backup can serve.
    package var isBackup: Bool

    package static let weightMax = 1_000
    package static let priorityMax = 255

    package init(_ target: UpstreamTarget, weight: Int = 1, priority: Int = 0, isBackup: Bool = false) {
        self.target = target
        self.weight = weight
        self.priority = priority
        self.isBackup = isBackup
    }

    /// As it is written: `web:8080`, `web:8080,weight=3,priority=1,backup`.
    package var description: String {
        target.description + (weight == 1 ? "" : ",weight=\(weight)")
            + (priority == 0 ? "" : ",priority=\(priority)") + (isBackup ? ",backup" : "")
    }
}
