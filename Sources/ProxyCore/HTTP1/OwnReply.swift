/// Why the balancer answers a request itself, where it is not what its route wants.
enum OwnReply: UInt16 {
    case badRequest = 400
    case unauthorized = 401
    case forbidden = 403
    case notFound = 404
    case methodNotAllowed = 405
    case requestTimeout = 408
    case contentTooLarge = 413
    case requestLineTooLong = 414
    case headTooLarge = 431
    case serverError = 500
    case notImplemented = 501
    case badGateway = 502
    case noEndpoint = 503
    case gatewayTimeout = 504
    case versionNotSupported = 505
    /// Another 503: its number without the thousand is its status.
    case overloaded = 1503

    var status: Int { Int(rawValue) % 1000 }

    init(_ refusal: Refusal) {
        self =
            switch refusal {
            case .malformed: .badRequest
            case .requestLineTooLong: .requestLineTooLong
            case .headTooLarge: .headTooLarge
            case .notImplemented: .notImplemented
            case .versionNotSupported: .versionNotSupported
            }
    }

    private static let contentType = Array("text/plain; charset=utf-8".utf8)

    /// Appends the whole answer. `withBody` is false for HEAD.
    ///
    /// - Parameter lines: further lines of its head, each with its CRLF.
    /// - Returns: the bytes of its body.
    @discardableResult
    func write(
        to out: inout ByteBuffer, _ connection: HeadWriter.ConnectionField, lines: RawSpan, withBody: Bool
    ) -> Int {
        let text = text
        let length = text.utf8CodeUnitCount + 1
        unsafe OwnHead.begin(status: status, contentType: Self.contentType.span.bytes, length: length, to: &out)
        if status == 503 { out.append("Retry-After: 1\r\n") }
        out.append(lines)
        OwnHead.end(connection, to: &out)
        guard withBody else { return 0 }
        out.append(text)
        out.append(ASCII.lf)
        return length
    }

    private var text: StaticString {
        switch self {
        case .badRequest: "The request is malformed."
        case .unauthorized: "This takes a name and a password."
        case .forbidden: "You are not let in here."
        case .notFound: "No route leads to this path."
        case .methodNotAllowed: "Only GET and HEAD are served here."
        case .requestTimeout: "The request took too long to arrive."
        case .contentTooLarge: "The request's body is too large."
        case .requestLineTooLong: "The request line is too long."
        case .headTooLarge: "The request's head is too large."
        case .serverError: "An expression of the configuration takes too long for this request."
        case .notImplemented: "This method or transfer coding is not served here."
        case .badGateway: "The upstream could not be reached, or its answer could not be understood."
        case .noEndpoint: "No endpoint of this service can be reached at the moment."
        case .gatewayTimeout: "The upstream took too long to answer."
        case .overloaded: "Too many wait to be let in at the moment."
        case .versionNotSupported: "Only HTTP/1.0 and HTTP/1.1 are served here."
        }
    }
}
