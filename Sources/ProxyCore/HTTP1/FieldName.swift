/// The field names that a proxy acts on. All others pass as they are.
enum FieldName: UInt8 {
    case other
    case authorization
    case connection
    case contentLength
    case host
    case keepAlive
    case proxyConnection
    case referer
    case te
    case transferEncoding
    case upgrade
    case userAgent
    case via
    case xForwardedFor
    case xForwardedHost
    case xForwardedProto
    case xRequestID

    /// Field names are case-insensitive (RFC 9110 section 5.1).
    @inline(__always)
    init(_ bytes: RawSpan, _ range: Range<Int>) {
        self = .other
        switch range.count {
        case 2: if bytes.equals(range, ignoringCase: "te") { self = .te }
        case 3: if bytes.equals(range, ignoringCase: "via") { self = .via }
        case 4: if bytes.equals(range, ignoringCase: "host") { self = .host }
        case 7:
            if bytes.equals(range, ignoringCase: "upgrade") {
                self = .upgrade
            } else if bytes.equals(range, ignoringCase: "referer") {
                self = .referer
            }
        case 10:
            if bytes.equals(range, ignoringCase: "connection") {
                self = .connection
            } else if bytes.equals(range, ignoringCase: "user-agent") {
                self = .userAgent
            } else if bytes.equals(range, ignoringCase: "keep-alive") {
                self = .keepAlive
            }
        case 12: if bytes.equals(range, ignoringCase: "x-request-id") { self = .xRequestID }
        case 13: if bytes.equals(range, ignoringCase: "authorization") { self = .authorization }
        case 14: if bytes.equals(range, ignoringCase: "content-length") { self = .contentLength }
        case 15: if bytes.equals(range, ignoringCase: "x-forwarded-for") { self = .xForwardedFor }
        case 16:
            if bytes.equals(range, ignoringCase: "proxy-connection") {
                self = .proxyConnection
            } else if bytes.equals(range, ignoringCase: "x-forwarded-host") {
                self = .xForwardedHost
            }
        case 17:
            if bytes.equals(range, ignoringCase: "transfer-encoding") {
                self = .transferEncoding
            } else if bytes.equals(range, ignoringCase: "x-forwarded-proto") {
                self = .xForwardedProto
            }
        default: break
        }
    }
}
