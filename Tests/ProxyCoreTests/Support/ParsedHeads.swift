@testable import ProxyCore

/// A head as the parser left it, as values that a test can compare and keep.
struct ParsedRequest: Equatable {
    var method: RequestHead.Method
    var methodText: String
    var target: String
    var authority: String?
    var host: String?
    var minorVersion: UInt8
    var fields: [String]
    var body: BodyFraming

    init(_ head: borrowing RequestHead, _ bytes: [UInt8]) {
        method = head.method
        methodText = bytes.text(head.methodRange)
        target = bytes.text(head.target)
        authority = head.authority.map { bytes.text($0) }
        host = head.host.map { bytes.text($0) }
        minorVersion = head.minorVersion
        fields = head.fields.texts(in: bytes)
        body = head.body
    }
}

extension FieldLines {
    /// Each line as `name=value`.
    func texts(in bytes: [UInt8]) -> [String] {
        (0..<count).map { "\(bytes.text(self[$0].nameRange))=\(bytes.text(self[$0].value))" }
    }
}

/// What the parser says of a request head.
func parseRequest(_ bytes: [UInt8]) -> ParseOutcome {
    var head = RequestHead()
    return bytes.withRaw { head.parse($0) }
}

func parseRequest(_ text: String) -> ParseOutcome { parseRequest([UInt8](latin1: text)) }

/// The request head that `text` is, or nil where it is none.
func request(_ text: String) -> ParsedRequest? {
    let bytes = [UInt8](latin1: text)
    var head = RequestHead()
    guard case .complete = bytes.withRaw({ head.parse($0) }) else { return nil }
    return ParsedRequest(head, bytes)
}

/// What the parser says of a response head.
func parseResponse(_ bytes: [UInt8]) -> ParseOutcome {
    var head = ResponseHead()
    return bytes.withRaw { head.parse($0) }
}

func parseResponse(_ text: String) -> ParseOutcome { parseResponse([UInt8](latin1: text)) }
