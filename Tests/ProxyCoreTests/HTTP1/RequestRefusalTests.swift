import Testing

@testable import ProxyCore

/// Request heads that are refused, and with which status.
@Suite struct RequestRefusalTests {
    /// Heads that are refused as soon as they are whole, or before.
    static let malformed: [String] =
        requestLines.map { $0 + "\r\nHost: a\r\n\r\n" } + lineEnds + hosts + framings + fields

    private static let requestLines = [
        "GET", "GET /", "GET /  HTTP/1.1", "GET  / HTTP/1.1", " GET / HTTP/1.1", "GET / HTTP/1.1 ", "GET\t/ HTTP/1.1",
        "GET /\tHTTP/1.1", "/ HTTP/1.1", "G(T / HTTP/1.1", "G\u{E9}T / HTTP/1.1", "GET /a b HTTP/1.1", "GET HTTP/1.1",
        "GET / HTTP", "GET / HTTP/1", "GET / HTTP/1.", "GET / HTTP/.1", "GET / HTTP/1.11", "GET / HTTP/11.1",
        "GET / HTTP/a.1", "GET / HTTP/1.a", "GET / HTTP/1,1", "GET / HTTP 1.1", "GET / HTTPS/1.1", "GET / XTTP/1.1",
        "GET / http/1.1", "GET / HTTP/ 1.1", "GET / HTTP/-1.1", "GET / HTTP/1.1x", "GET /#a HTTP/1.1",
        "GET /\u{E9} HTTP/1.1", "GET /\u{7F} HTTP/1.1", "GET /\u{0} HTTP/1.1", "GET a HTTP/1.1", "GET a/b HTTP/1.1",
        "GET * HTTP/1.1", "GET ?a HTTP/1.1", "GET ** HTTP/1.1", "OPTIONS ** HTTP/1.1", "options * HTTP/1.1",
        "OPTIONS a HTTP/1.1", "GET http: HTTP/1.1", "GET http:// HTTP/1.1", "GET http:/// HTTP/1.1",
        "GET http:///a HTTP/1.1", "GET http://?a HTTP/1.1", "GET http://user@b/ HTTP/1.1",
        "GET http://user:pass@b/ HTTP/1.1", "GET http://b:a/ HTTP/1.1", "GET http://[::1/ HTTP/1.1",
        "GET http:/b/ HTTP/1.1", "GET httpx://b/ HTTP/1.1", "GET ftp://b/ HTTP/1.1", "GET b:80 HTTP/1.1",
        "GET https:// HTTP/1.1", "GET http://b\\c/ HTTP/1.1",
        "GET http://\(String(repeating: "b", count: Limits.hostBytesMax + 1))/ HTTP/1.1",
    ]

    private static let lineEnds = [
        "GET / HTTP/1.1\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n\n",
        "GET / HTTP/1.1\n\n", "GET / HTTP/1.1\r\nHost: a\n\n", "GET / HTTP/1.1\rHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\rb",
        "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "\rGET / HTTP/1.1\r\nHost: a\r\n\r\n", "\r\rGET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n b: c\r\n\r\n", "GET / HTTP/1.1\r\n Host: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nB: c\u{0}\r\n\r\n",
    ]

    private static let hosts = [
        "GET / HTTP/1.1\r\n\r\n", "GET http://b/ HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHOST: b\r\n\r\n", "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: user@a\r\n\r\n", "GET / HTTP/1.1\r\nHost: a:b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: ::1\r\n\r\n", "GET / HTTP/1.1\r\nHost: http://a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: \(String(repeating: "a", count: Limits.hostBytesMax + 1))\r\n\r\n",
    ]

    private static let framings =
        [
            "Content-Length: 1\r\nTransfer-Encoding: chunked", "Transfer-Encoding: chunked\r\nContent-Length: 1",
            "Content-Length: 1\r\nContent-Length: 2", "Content-Length: 1, 1", "Content-Length:", "Content-Length: -1",
            "Content-Length: 1\r\nTransfer-Encoding: gzip, chunked", "Content-Length: 0x1",
            "Content-Length: 99999999999999999999", "Transfer-Encoding: gzip", "Transfer-Encoding: identity",
            "Transfer-Encoding: chunked, gzip", "Transfer-Encoding: chunked, chunked", "Transfer-Encoding:",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip",
            "Transfer-Encoding: chunked;a", "Transfer-Encoding: \"chunked\"", "Transfer-Encoding: chunked\u{B}",
        ].map { "POST / HTTP/1.1\r\nHost: a\r\n\($0)\r\n\r\n" } + [
            "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
            "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        ]

    private static let fields = [
        "Content-Length : 1", "Host : b", "Transfer-Encoding\t: chunked", "B", "B\r\nC: d", ": b", "B c: d", "\"B\": c",
        "B[0]: c", "B\u{E9}: c", "B@c: d", "B: c\u{1}", "B: c\u{7F}", "B: c\u{8}", "B\u{0}: c",
        "Connection: " + (0...Limits.connectionOptionsMax).map { "X\($0)" }.joined(separator: ","),
    ].map { "GET / HTTP/1.1\r\nHost: a\r\n\($0)\r\n\r\n" }

    @Test(arguments: malformed)
    func malformedHeads(text: String) { #expect(parseRequest(text) == .refused(.malformed)) }

    /// HTTP's name is case-sensitive (RFC 9112 section 2.3).
    @Test(arguments: ["Http", "HTTp", "HttP", "hTTP"])
    func theProtocolHasOneSpelling(name: String) {
        #expect(parseRequest("GET / \(name)/1.1\r\nHost: a\r\n\r\n") == .refused(.malformed))
    }

    /// A URI of `http` without a host is invalid (RFC 9110 section 4.2.1), with a port as much as without.
    @Test(arguments: ["http://:80/", "http://:", "https://:443"])
    func anAbsoluteFormNamesAHost(target: String) {
        #expect(parseRequest("GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n") == .refused(.malformed))
    }

    @Test(arguments: ["2.0", "0.9", "3.0", "2.1", "9.9"])
    func otherMajorVersions(version: String) {
        #expect(parseRequest("GET / HTTP/\(version)\r\nHost: a\r\n\r\n") == .refused(.versionNotSupported))
    }

    @Test func thePrefaceOfHTTP2() {
        #expect(parseRequest("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") == .refused(.versionNotSupported))
    }

    @Test(arguments: [
        "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n", "CONNECT a:80 HTTP/1.1\r\n", "CONNECT / HTTP/1.0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: x;q=\"1\", chunked\r\n\r\n",
    ])
    func whatIsNotServedHere(text: String) { #expect(parseRequest(text) == .refused(.notImplemented)) }

    // ---- sizes ------------------------------------------------------------------------------------------------------

    private func requestLine(bytes count: Int) -> String {
        "GET /" + String(repeating: "a", count: count - "GET / HTTP/1.1".utf8.count) + " HTTP/1.1"
    }

    @Test func theLongestRequestLine() {
        let line = requestLine(bytes: Limits.requestLineBytesMax)
        #expect(parseRequest(line) == .partial)
        let head = line + "\r\nHost: a\r\n\r\n"
        #expect(parseRequest(head) == .complete(head.utf8.count))
        #expect(parseRequest("\r\n\r\n" + head) == .complete(head.utf8.count + 4), "empty lines before it do not count")
    }

    @Test(arguments: [
        String(repeating: "G", count: Limits.requestLineBytesMax + 3),
        "GET /" + String(repeating: "a", count: Limits.requestLineBytesMax),
        "GET http://b/" + String(repeating: "a", count: Limits.requestLineBytesMax) + " HTTP/1.1\r\nHost: a\r\n\r\n",
    ])
    func longerRequestLines(text: String) { #expect(parseRequest(text) == .refused(.requestLineTooLong)) }

    @Test func aRequestLineThatIsOneByteTooLong() {
        let line = requestLine(bytes: Limits.requestLineBytesMax + 1)
        #expect(parseRequest(line + "\r\nHost: a\r\n\r\n") == .refused(.requestLineTooLong))
        for cut in 0...12 {
            #expect(parseRequest(String(line.dropLast(cut))) == .partial, "\(cut) bytes before its end")
        }
    }

    @Test func moreFieldLinesThanThereIsPlaceFor() {
        let fields = String(repeating: "A: b\r\n", count: Limits.fieldLinesMax - 1)
        #expect(parseRequest("GET / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n") == .complete(27 + fields.utf8.count))
        #expect(parseRequest("GET / HTTP/1.1\r\nHost: a\r\n\(fields)A: b\r\n") == .refused(.headTooLarge))
    }

    @Test func aLineBeyondTheLargestHead() {
        let text = "GET / HTTP/1.1\r\nHost: a\r\nA: " + String(repeating: "b", count: Limits.headBytesMax) + "\r\n\r\n"
        #expect(parseRequest(text) == .refused(.headTooLarge))
    }

    @Test func everyRefusalHasItsStatus() {
        let statuses: [Refusal: UInt16] = [
            .malformed: 400, .requestLineTooLong: 414, .headTooLarge: 431, .notImplemented: 501,
            .versionNotSupported: 505,
        ]
        for (refusal, status) in statuses {
            #expect(refusal.rawValue == status)
            #expect(OwnReply(refusal).rawValue == status)
        }
    }
}
