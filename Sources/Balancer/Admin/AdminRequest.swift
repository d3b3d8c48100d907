/// What a client of the admin server asks for: as much of HTTP/1.1 (RFC 9112) as pages need that are only read.
struct AdminRequest: Equatable {
    enum Reading: Equatable {
        /// The head is not whole yet.
        case incomplete
        case request(AdminRequest)
        /// To be answered with this status.
        case refused(Int)
    }

    /// Nothing that asks for a page is longer.
    static let headBytesMax = 8 * 1024

    /// Without its query.
    let path: String
    /// The head alone is wanted.
    let isHead: Bool

    /// Reads the head of a request at the beginning of `bytes`.
    static func read(_ bytes: [UInt8]) -> Reading {
        guard let end = end(of: bytes) else { return bytes.count > headBytesMax ? .refused(431) : .incomplete }
        guard end <= headBytesMax else { return .refused(431) }
        let lines = String(decoding: bytes[..<end], as: UTF8.self).split(whereSeparator: \.isNewline)
        let words = (lines.first ?? "").split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 3, words[2].hasPrefix("HTTP/1."), words[1].hasPrefix("/") else { return .refused(400) }
        guard words[0] == "GET" || words[0] == "HEAD" else { return .refused(405) }
        return .request(AdminRequest(path: String(words[1].prefix { $0 != "?" }), isHead: words[0] == "HEAD"))
    }

    /// Where the empty line ends.
    private static func end(of bytes: [UInt8]) -> Int? {
        var lineStart = 0
        for (index, byte) in bytes.enumerated() where byte == UInt8(ascii: "\n") {
            let line = bytes[lineStart..<index]
            if index > 0, line.isEmpty || line.elementsEqual([UInt8(ascii: "\r")]) { return index + 1 }
            lineStart = index + 1
        }
        return nil
    }
}

/// What an admin page says.
struct AdminAnswer: Equatable {
    var status = 200
    var contentType = "text/plain; charset=utf-8"
    var body: String

    static func json(_ text: String) -> AdminAnswer {
        AdminAnswer(contentType: "application/json", body: text + "\n")
    }

    static func failure(_ status: Int) -> AdminAnswer {
        AdminAnswer(status: status, body: "\(status) \(reason(status))\n")
    }

    /// As it is sent. The connection ends with it: who asks here does so every few seconds.
    func bytes(headOnly: Bool) -> [UInt8] {
        let body = Array(self.body.utf8)
        let allow = status == 405 ? "Allow: GET, HEAD\r\n" : ""
        let head =
            "HTTP/1.1 \(status) \(Self.reason(status))\r\nContent-Type: \(contentType)\r\nContent-Length: \(body.count)\r\n"
            + "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n\(allow)Connection: close\r\n\r\n"
        return Array(head.utf8) + (headOnly ? [] : body)
    }

    private static func reason(_ status: Int) -> String {
        switch status {
        case 200: "OK"
        case 400: "Bad Request"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 408: "Request Timeout"
        case 431: "Request Header Fields Too Large"
        case 503: "Service Unavailable"
        default: "Unknown"
        }
    }
}
