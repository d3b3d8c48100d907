/// What of a request its service's policy looks at, prepared once.
enum RequestKey: Sendable {
    case nothing
    case client
    case uri
    /// The value of the field of this name, in lower case.
    case field([UInt8])
    case cookie([UInt8])
    /// The token in the cookie of this name, which names an endpoint.
    case stickyCookie([UInt8])

    init(_ settings: ServiceSettings) {
        switch settings.policy {
        case .roundRobin, .leastConnections, .fastestOfTwo, .random: self = .nothing
        case .sticky: self = .stickyCookie(Array(settings.sticky.cookieName.utf8))
        case .ringHash, .maglev:
            switch settings.hashKey {
            case .client: self = .client
            case .uri: self = .uri
            case .header(let name): self = .field(Array(name.lowercased().utf8))
            case .cookie(let name): self = .cookie(Array(name.utf8))
            }
        }
    }

    /// The key of the request in `head`. A request that lacks what is looked for goes by its client.
    ///
    /// - Returns: 0 where the policy looks at nothing, or the client has brought no token.
    func value(_ head: borrowing RequestHead, _ bytes: RawSpan, from client: SocketAddress) -> UInt64 {
        switch self {
        case .nothing: return 0
        case .client: return KeyHash.of(client: client)
        case .uri: return KeyHash.of(bytes, head.target)
        case .field(let name):
            guard let value = head.field(name, bytes) else { return KeyHash.of(client: client) }
            return KeyHash.of(bytes, value)
        case .cookie(let name):
            guard let value = head.cookie(name, bytes) else { return KeyHash.of(client: client) }
            return KeyHash.of(bytes, value)
        case .stickyCookie(let name):
            guard let value = head.cookie(name, bytes) else { return 0 }
            return StickyToken.parse(bytes, value)
        }
    }
}
