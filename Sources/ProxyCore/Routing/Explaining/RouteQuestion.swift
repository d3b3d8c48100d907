/// A request that is only asked about, for explanations and measurements.
package struct RouteQuestion: ~Copyable {
    /// Why there can be no such request.
    package enum Mistake: Error, Hashable {
        /// The parser refuses it, with this status.
        case refused(status: Int)
        /// The normaliser refuses its path, with 400.
        case pathRefused
    }

    private let bytes: FixedArray<UInt8>
    private let normalPath: FixedArray<UInt8>
    private let head: RequestHead
    private let port: UInt16

    package let client: SocketAddress
    /// The path as routes see it.
    package let path: String

    /// - Parameters:
    ///   - target: in origin form: a path and perhaps a query; or `*`.
    ///   - fields: with Host.
    ///   - port: of the listener.
    package init(
        method: String, target: String, fields: [(name: String, value: String)], client: SocketAddress, port: UInt16
    ) throws(Mistake) {
        let lines = ["\(method) \(target) HTTP/1.1"] + fields.map { "\($0.name): \($0.value)" }
        let text = lines.flatMap { Array(($0 + "\r\n").utf8) } + [ASCII.cr, ASCII.lf]
        let bytes = FixedArray(text)
        guard bytes.count <= Limits.headBytesMax else { throw .refused(status: 431) }
        var head = RequestHead()
        switch head.parse(bytes.bytes) {
        case .complete(let length) where length == bytes.count: break
        case .refused(let refusal): throw .refused(status: Int(refusal.rawValue))
        case .complete, .partial: throw .refused(status: 400)
        }
        var out = ByteBuffer(capacity: 3 * bytes.count)
        let written = head.path(bytes.bytes)
        let path: [UInt8]
        switch PathNormalizer.normalize(bytes.bytes.extracting(written), into: &out) {
        case .asIs: path = written.map { bytes[$0] }
        case .changed: path = (0..<out.count).map { out.bytes.byte($0) }
        case .refused: throw .pathRefused
        }
        self.path = String(decoding: path, as: UTF8.self)
        normalPath = FixedArray(path)
        self.bytes = FixedArray(text)
        self.head = head
        self.client = client
        self.port = port
    }

    /// What `RouteTable.match` says of it.
    package func route(in table: RouteTable, with memory: inout MatchMemory) -> Int32 {
        var captures = Captures()
        return table.match(
            bytes.bytes, head, path: normalPath.bytes, client: client, port: port, with: &memory, captures: &captures)
    }

    // ---- under the route that takes it -------------------------------------------------------------------------------

    /// A browser asks whether it may send a request.
    package var isPreflight: Bool { CORSRule.isPreflight(head, bytes.bytes) }

    /// How long its body is, where it says so.
    package var contentLength: Int? { head.framing.contentLength }

    /// A target after it was rewritten.
    package enum Target: Hashable {
        case sent(String)
        /// None can be made, and the request is refused with this status.
        case refused(status: Int)
    }

    /// - Returns: nil where the route does not rewrite it, or has an expression that is none.
    package func target(rewrittenBy route: Route) -> Target? {
        guard let rewrite = route.modifiers.rewrite,
            let rewriter = try? PathRewriter(rewrite, for: route.match.path),
            let table = try? RouteTable(routes: [route])
        else { return nil }
        var memory = MatchMemory()
        var captures = Captures()
        _ = table.match(
            bytes.bytes, head, path: normalPath.bytes, client: client, port: port, with: &memory, captures: &captures)
        let facts = RequestFacts(
            bytes: bytes.bytes, path: normalPath.bytes, captures: captures, client: client, port: port,
            id: RequestID(high: 0, low: 0))
        var out = ByteBuffer(capacity: Limits.largeBlockBytes)
        switch rewriter.rewrite(head, facts, with: &memory, to: &out) {
        case .rewritten: return .sent(String(decoding: (0..<out.count).map { out.bytes.byte($0) }, as: UTF8.self))
        case .refused: return .refused(status: 400)
        case .tooLong: return .refused(status: 414)
        }
    }
}
