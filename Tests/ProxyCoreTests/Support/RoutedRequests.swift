import Testing

@testable import ProxyCore

/// A request to find a route for.
struct RoutedRequest {
    var method = "GET"
    var target = "/"
    /// The Host field's value.
    var host = "example.com"
    /// Lines with their CRLF.
    var fields = ""
    var client = "192.0.2.7"
    var port: UInt16 = 80

    var head: [UInt8] { [UInt8](latin1: "\(method) \(target) HTTP/1.1\r\nHost: \(host)\r\n\(fields)\r\n") }
}

/// What a table says of a request.
struct FoundRoute: Equatable {
    /// The index of the route, or a negative number.
    var route: Int32
    /// What the groups have found, from 0 on; nil for one that took no part.
    var captures: [String?]
    var givenUp: Int
}

extension RouteTable {
    /// The route of a request, by the path of its target as it is normalised.
    func find(_ request: RoutedRequest) throws -> FoundRoute {
        let bytes = request.head
        let client = try #require(SocketAddress(ip: request.client, port: 50_000))
        var head = RequestHead()
        let outcome = bytes.withRaw { head.parse($0) }
        try #require(outcome == .complete(bytes.count), "\(request)")
        let target = bytes[head.target]
        let path = try #require(normalized(Array(target.prefix { $0 != UInt8(ascii: "?") })), "\(request)")
        var memory = MatchMemory()
        var captures = Captures()
        let route = bytes.withRaw { bytes in
            path.withRaw { path in
                match(bytes, head, path: path, client: client, port: request.port, with: &memory, captures: &captures)
            }
        }
        return FoundRoute(
            route: route, captures: (0..<captures.count).map { group in captures[group].map { path.text($0) } },
            givenUp: memory.matchesGivenUp)
    }
}

/// The normal form of a path, or nil where it is refused.
func normalized(_ path: [UInt8]) -> [UInt8]? {
    var out = ByteBuffer(capacity: max(1, 3 * path.count))
    switch path.withRaw({ PathNormalizer.normalize($0, into: &out) }) {
    case .asIs: return path
    case .changed: return out.array
    case .refused: return nil
    }
}
