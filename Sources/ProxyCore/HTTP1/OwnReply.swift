/// The answers that the balancer gives itself.
enum OwnReply: UInt16 {
    case badRequest = 400
    case noRoute = 404
    case requestTimeout = 408
    case requestLineTooLong = 414
    case headTooLarge = 431
    case notImplemented = 501
    case badGateway = 502
    case noEndpoint = 503
    case gatewayTimeout = 504
    case versionNotSupported = 505

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

    /// Appends the whole answer. `withBody` is false for HEAD.
    ///
    /// - Returns: the bytes of its body.
    @discardableResult
    func write(to out: inout ByteBuffer, closes: Bool, keepsAlive10: Bool, withBody: Bool) -> Int {
        let (reason, text) = words
        out.append("HTTP/1.1 ")
        out.append(decimal: Int(rawValue))
        out.append(ASCII.space)
        out.append(reason)
        out.append("\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ")
        out.append(decimal: text.utf8CodeUnitCount + 1)
        out.append("\r\n")
        if self == .noEndpoint { out.append("Retry-After: 1\r\n") }
        if closes {
            out.append("Connection: close\r\n")
        } else if keepsAlive10 {
            out.append("Connection: keep-alive\r\n")
        }
        out.append("\r\n")
        guard withBody else { return 0 }
        out.append(text)
        out.append(ASCII.lf)
        return text.utf8CodeUnitCount + 1
    }

    private var words: (reason: StaticString, text: StaticString) {
        switch self {
        case .badRequest: ("Bad Request", "The request is malformed.")
        case .noRoute: ("Not Found", "No route leads to this path.")
        case .requestTimeout: ("Request Timeout", "The request took too long to arrive.")
        case .requestLineTooLong: ("URI Too Long", "The request line is too long.")
        case .headTooLarge: ("Request Header Fields Too Large", "The request's head is too large.")
        case .notImplemented: ("Not Implemented", "This method or transfer coding is not served here.")
        case .badGateway: ("Bad Gateway", "The upstream could not be reached, or its answer could not be understood.")
        case .noEndpoint: ("Service Unavailable", "No endpoint of this service can be reached at the moment.")
        case .gatewayTimeout: ("Gateway Timeout", "The upstream took too long to answer.")
        case .versionNotSupported: ("HTTP Version Not Supported", "Only HTTP/1.0 and HTTP/1.1 are served here.")
        }
    }
}
