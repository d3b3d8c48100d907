/// The head of an answer that the balancer gives itself. Its body, where it has one, follows behind it.
enum OwnHead {
    /// Appends the status line and what every answer of ours says; the caller appends further lines, and `end`.
    ///
    /// - Parameters:
    ///   - contentType: empty for none.
    ///   - length: of the body, also where the request was HEAD; nil where the answer has none by its status (RFC 9110
    ///     section 8.6).
    static func begin(status: Int, contentType: RawSpan, length: Int?, to out: inout ByteBuffer) {
        out.append("HTTP/1.1 ")
        out.append(decimal: status)
        out.append(ASCII.space)
        out.append(ReasonPhrase.of(status))
        if !contentType.isEmpty {
            out.append("\r\nContent-Type: ")
            out.append(contentType)
        }
        if let length {
            out.append("\r\nContent-Length: ")
            out.append(decimal: length)
        }
        out.append("\r\n")
    }

    /// Appends what the answer says of its connection, and the empty line.
    static func end(_ connection: HeadWriter.ConnectionField, to out: inout ByteBuffer) {
        HeadWriter.write(connection, to: &out)
        out.append("\r\n")
    }
}

/// What a status is called (RFC 9110 section 15). Clients do not look at it; people do.
enum ReasonPhrase {
    static func of(_ status: Int) -> StaticString {
        switch status {
        case 200: "OK"
        case 201: "Created"
        case 202: "Accepted"
        case 204: "No Content"
        case 206: "Partial Content"
        case 301: "Moved Permanently"
        case 302: "Found"
        case 303: "See Other"
        case 304: "Not Modified"
        case 307: "Temporary Redirect"
        case 308: "Permanent Redirect"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 402: "Payment Required"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 406: "Not Acceptable"
        case 408: "Request Timeout"
        case 409: "Conflict"
        case 410: "Gone"
        case 411: "Length Required"
        case 412: "Precondition Failed"
        case 413: "Content Too Large"
        case 414: "URI Too Long"
        case 415: "Unsupported Media Type"
        case 416: "Range Not Satisfiable"
        case 418: "I'm a teapot"
        case 421: "Misdirected Request"
        case 422: "Unprocessable Content"
        case 425: "Too Early"
        case 426: "Upgrade Required"
        case 428: "Precondition Required"
        case 429: "Too Many Requests"
        case 431: "Request Header Fields Too Large"
        case 451: "Unavailable For Legal Reasons"
        case 500: "Internal Server Error"
        case 501: "Not Implemented"
        case 502: "Bad Gateway"
        case 503: "Service Unavailable"
        case 504: "Gateway Timeout"
        case 505: "HTTP Version Not Supported"
        case 507: "Insufficient Storage"
        case 511: "Network Authentication Required"
        default: "Status"
        }
    }
}
