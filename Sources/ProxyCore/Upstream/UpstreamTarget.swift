/// Where a service's endpoints come from: what a person wrote as `HOST:PORT`.
package enum UpstreamTarget: Hashable, Sendable, CustomStringConvertible {
    /// An IP literal, which is its own and only endpoint.
    case address(SocketAddress)
    /// A DNS name (without a port; a trailing dot makes it absolute, RFC 1034 section 3.1) and the port of its endpoints.
    case name(String, port: UInt16)

    package var description: String {
        switch self {
        case .address(let address): address.description
        case .name(let name, let port): "\(name):\(port)"
        }
    }
}
