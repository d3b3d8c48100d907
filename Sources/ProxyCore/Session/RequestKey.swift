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
            guard let value = Self.field(name, head, bytes) else { return KeyHash.of(client: client) }
            return KeyHash.of(bytes, value)
        case .cookie(let name):
            guard let value = Self.cookie(name, head, bytes) else { return KeyHash.of(client: client) }
            return KeyHash.of(bytes, value)
        case .stickyCookie(let name):
            guard let value = Self.cookie(name, head, bytes) else { return 0 }
            return StickyToken.parse(bytes, value)
        }
    }

    private static func field(_ name: [UInt8], _ head: borrowing RequestHead, _ bytes: RawSpan) -> Range<Int>? {
        for index in 0..<head.fields.count where bytes.equals(head.fields[index].nameRange, lowercase: name) {
            return head.fields[index].value
        }
        return nil
    }

    /// A client may send several Cookie fields where it speaks through HTTP/2 (RFC 9113 section 8.2.3).
    private static func cookie(_ name: [UInt8], _ head: borrowing RequestHead, _ bytes: RawSpan) -> Range<Int>? {
        for index in 0..<head.fields.count where bytes.equals(head.fields[index].nameRange, ignoringCase: "cookie") {
            if let value = bytes.cookieValue(name, in: head.fields[index].value) { return value }
        }
        return nil
    }
}

extension RawSpan {
    /// True where the bytes of `range` are `name`, whatever their case.
    fileprivate func equals(_ range: Range<Int>, lowercase name: [UInt8]) -> Bool {
        guard range.count == name.count else { return false }
        for offset in name.indices {
            let byte = byte(range.lowerBound + offset)
            let isUpper = byte &- 0x41 < 26
            guard (isUpper ? byte | 0x20 : byte) == name[offset] else { return false }
        }
        return true
    }
}
