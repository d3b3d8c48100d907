import Testing

@testable import ProxyCore

@Suite struct ResponseHeadTests {
    private struct NotComplete: Error {
        let text: String
        let outcome: ParseOutcome
    }

    /// Parses a head that is expected to be complete and answers what `ask` makes of it.
    private func asked<Answer>(_ text: String, _ ask: (borrowing ResponseHead) -> Answer) throws -> Answer {
        var head = ResponseHead()
        let outcome = [UInt8](latin1: text).withRaw { head.parse($0) }
        guard case .complete = outcome else { throw NotComplete(text: text, outcome: outcome) }
        return ask(head)
    }

    private func answer(_ fields: String, status: Int = 200, version: String = "1.1") -> String {
        "HTTP/\(version) \(status) x\r\n\(fields)\r\n"
    }

    @Test(arguments: Heads.responses)
    func aHeadEndsAtItsEmptyLine(text: String) {
        let count = text.unicodeScalars.count
        #expect(parseResponse(text + "\u{0}\u{FF}HTTP") == .complete(count))
    }

    @Test(arguments: [
        ("HTTP/1.1 200 OK", 200, 1, "200 OK"), ("HTTP/1.0 404 ", 404, 0, "404 "),
        ("HTTP/1.1 200", 200, 1, "200"), ("HTTP/1.1 100 Continue", 100, 1, "100 Continue"),
        ("HTTP/1.1 503  a\tb \u{E9}", 503, 1, "503  a\tb \u{E9}"), ("HTTP/1.9 999 x", 999, 9, "999 x"),
    ])
    func statusLines(line: String, status: Int, minorVersion: UInt8, kept: String) throws {
        let text = line + "\r\n\r\n"
        let bytes = [UInt8](latin1: text)
        let found = try asked(text) { ($0.status, $0.minorVersion, bytes.text($0.statusAndReason)) }
        #expect(found == (status, minorVersion, kept))
    }

    @Test func fieldsAreThoseOfTheHead() throws {
        let text = answer("A: b\r\nSet-Cookie: c\r\nset-cookie:d\r\n")
        let bytes = [UInt8](latin1: text)
        #expect(try asked(text) { $0.fields.texts(in: bytes) } == ["A=b", "Set-Cookie=c", "set-cookie=d"])
    }

    // ---- what is refused --------------------------------------------------------------------------------------------

    static let malformed: [String] =
        [
            "", " HTTP/1.1 200 OK", "\r\nHTTP/1.1 200 OK", "http/1.1 200 OK", "HTTP/2.0 200 OK", "HTTP/0.9 200 OK",
            "HTTP/1.a 200 OK", "HTTP/1,1 200 OK", "HTTP/11.1 200 OK", "HTTP/1.1  200 OK", "HTTP/1.1\t200 OK",
            "HTTP/1.1 20 OK",
            "HTTP/1.1 2000 OK", "HTTP/1.1 200OK", "HTTP/1.1 200\tOK", "HTTP/1.1 099 OK", "HTTP/1.1 000 OK",
            "HTTP/1.1 abc OK",
            "HTTP/1.1 -20 OK", "HTTP/1.1 200 O\u{0}K", "HTTP/1.1 200 OK\u{7F}", "HTTP/1.1 200 O\rK",
            "HTTP/1.1 200 OK\r",
            "HTTP/1.1", "ICY 200 OK", "<html>", "220 smtp", "\u{16}\u{3}\u{1}",
        ].map { $0 + "\r\nA: b\r\n\r\n" } + [
            "HTTP/1.1 200 OK\nA: b\r\n\r\n", "HTTP/1.1 200 OK\r\nA: b\n\r\n", "HTTP/1.1 200 OK\r\nA: b\r\n\n",
            "HTTP/1.1 200\n\r\n",
        ]
        + [
            " A: b", "A : b", "A", ": b", "A: b\r\n c", "A: b\u{0}", "A: b\rc", "Content-Length: a", "Content-Length:",
            "Content-Length: 1\r\nContent-Length: 2", "Content-Length: 1, 1", "Content-Length: -1",
            "Content-Length: 1\r\nTransfer-Encoding: chunked", "Transfer-Encoding: gzip, chunked",
            "Transfer-Encoding: gzip",
            "Transfer-Encoding: chunked, chunked", "Transfer-Encoding:", "Transfer-Encoding: identity",
            "Connection: " + (0...Limits.connectionOptionsMax).map { "X\($0)" }.joined(separator: ","),
        ].map { "HTTP/1.1 200 OK\r\n\($0)\r\n\r\n" } + [
            "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        ]

    @Test(arguments: malformed)
    func malformedHeads(text: String) { #expect(parseResponse(text) == .refused(.malformed)) }

    @Test func headsThatAreTooLarge() {
        let fields = String(repeating: "A: b\r\n", count: Limits.fieldLinesMax)
        let fitting = answer(fields)
        #expect(parseResponse(fitting) == .complete(fitting.utf8.count))
        #expect(parseResponse(answer(fields + "A: b\r\n")) == .refused(.headTooLarge))
        #expect(
            parseResponse(answer("A: " + String(repeating: "b", count: 70_000) + "\r\n")) == .refused(.headTooLarge))
        let reason = String(repeating: "x", count: 70_000)
        #expect(parseResponse("HTTP/1.1 200 \(reason)\r\nA: b\r\n\r\n") == .refused(.headTooLarge))
    }

    // ---- connection -------------------------------------------------------------------------------------------------

    @Test(arguments: [
        ("1.1", "", true), ("1.1", "Connection: close\r\n", false), ("1.1", "connection: x, CLOSE\r\n", false),
        ("1.0", "", false), ("1.0", "Connection: keep-alive\r\n", true),
        ("1.0", "Connection: keep-alive, close\r\n", false),
    ])
    func whetherTheConnectionStays(version: String, fields: String, stays: Bool) throws {
        #expect(try asked(answer(fields, version: version)) { $0.keepsConnection } == stays)
    }

    @Test(arguments: [
        ("", nil), ("Keep-Alive: timeout=5\r\n", 5), ("Keep-Alive: max=100, TIMEOUT=05\r\n", 5),
        ("Keep-Alive: timeout=0\r\n", 0), ("Keep-Alive: timeout=9999999\r\n", 9_999_999),
        ("Keep-Alive: timeout=99999999\r\n", nil), ("Keep-Alive: timeout=\r\n", nil),
        ("Keep-Alive: timeout=5s\r\n", nil),
        ("Keep-Alive: timeout = 5\r\n", nil), ("Keep-Alive: timeout=-5\r\n", nil), ("Keep-Alive: 5\r\n", nil),
    ])
    func howLongAnIdleConnectionIsKept(fields: String, seconds: Int?) throws {
        #expect(try asked(answer(fields)) { $0.keepAliveSeconds } == seconds)
    }

    @Test(arguments: [(100, true), (101, true), (103, true), (199, true), (200, false), (404, false)])
    func interimAnswers(status: Int, isInterim: Bool) throws {
        #expect(try asked(answer("", status: status)) { $0.isInterim } == isInterim)
    }

    // ---- body -------------------------------------------------------------------------------------------------------

    private static let chunked = BodyFraming.chunked(ChunkedDecoder())

    @Test(arguments: [
        (200, "", BodyFraming.untilClose), (200, "Content-Length: 0\r\n", .length(0)),
        (200, "Content-Length: 9\r\nContent-Length: 9\r\n", .length(9)), (404, "Content-Length: 9\r\n", .length(9)),
        (200, "Transfer-Encoding: chunked\r\n", chunked), (500, "transfer-encoding:\tCHUNKED\r\n", chunked),
        (100, "Content-Length: 9\r\n", .length(0)), (103, "Transfer-Encoding: chunked\r\n", .length(0)),
        (204, "Content-Length: 9\r\n", .length(0)), (204, "", .length(0)), (304, "Content-Length: 9\r\n", .length(0)),
        (304, "Transfer-Encoding: chunked\r\n", .length(0)), (205, "", .untilClose),
    ])
    func whereTheBodyEnds(status: Int, fields: String, body: BodyFraming) throws {
        #expect(try asked(answer(fields, status: status)) { $0.body(toHead: false) } == body)
        #expect(try asked(answer(fields, status: status)) { $0.body(toHead: true) } == .length(0))
    }

    @Test func nothingOfAnEarlierHeadIsLeft() {
        let loaded =
            "HTTP/1.0 200 OK\r\nContent-Length: 9\r\nConnection: x\r\nUpgrade: y\r\nKeep-Alive: timeout=5\r\n\r\n"
        let plain = "HTTP/1.1 200 OK\r\n\r\n"
        var head = ResponseHead()
        for text in [loaded, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", loaded, plain] {
            _ = [UInt8](latin1: text).withRaw { head.parse($0) }
        }
        #expect(head.body(toHead: false) == .untilClose)
        #expect((head.hasUpgrade, head.keepAliveSeconds, head.keepsConnection) == (false, nil, true))
        #expect(head.options.isEmpty == true && head.fields.count == 0)
    }
}
