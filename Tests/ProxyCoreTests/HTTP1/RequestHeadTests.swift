import Testing

@testable import ProxyCore

/// What valid request heads mean.
@Suite struct RequestHeadTests {
    private func get(_ fields: String, version: String = "1.1") -> String {
        "GET / HTTP/\(version)\r\nHost: a\r\n\(fields)\r\n"
    }

    /// Parses a head that is expected to be complete and answers what `ask` makes of it.
    private func asked<Answer>(_ text: String, _ ask: (borrowing RequestHead) -> Answer) throws -> Answer {
        var head = RequestHead()
        let outcome = [UInt8](latin1: text).withRaw { head.parse($0) }
        guard case .complete = outcome else { throw NotComplete(text: text, outcome: outcome) }
        return ask(head)
    }

    private struct NotComplete: Error {
        let text: String
        let outcome: ParseOutcome
    }

    @Test(arguments: Heads.requests)
    func aHeadEndsAtItsEmptyLine(text: String) {
        let count = text.unicodeScalars.count
        #expect(parseRequest(text) == .complete(count))
        #expect(parseRequest(text + "GET / HTTP/1.1\r\n\u{0}\u{FF}") == .complete(count), "what follows is another's")
    }

    @Test func thePartsOfAHead() throws {
        let head = try #require(
            request("\r\nPATCH /a?b=%20 HTTP/1.0\r\nhOST: example.com:8080\r\nX-One:  1\t\r\nX-Empty:\r\n\r\n"))
        #expect((head.method, head.methodText) == (.other, "PATCH"))
        #expect((head.target, head.authority, head.host) == ("/a?b=%20", nil, "example.com:8080"))
        #expect(head.minorVersion == 0)
        #expect(head.fields == ["hOST=example.com:8080", "X-One=1", "X-Empty="])
        #expect(head.body == .length(0))
    }

    // ---- the request line -------------------------------------------------------------------------------------------

    @Test(arguments: [
        ("GET", RequestHead.Method.get, true), ("HEAD", .head, true), ("PUT", .put, true), ("DELETE", .delete, true),
        ("OPTIONS", .options, true), ("TRACE", .trace, true), ("POST", .other, false), ("PATCH", .other, false),
        ("get", .other, false), ("Get", .other, false), ("GETS", .other, false), ("A", .other, false),
        ("!#$%&'*+-.^_`|~09", .other, false), ("connect", .other, false),
    ])
    func anyTokenIsAMethod(text: String, method: RequestHead.Method, isIdempotent: Bool) throws {
        let head = try #require(request("\(text) / HTTP/1.1\r\nHost: a\r\n\r\n"))
        #expect((head.method, head.methodText) == (method, text))
        #expect(head.method.isIdempotent == isIdempotent)
    }

    @Test(arguments: [
        ("/", nil, "/"), ("//a//", nil, "//a//"), ("/?", nil, "/?"), ("/a?http://b/", nil, "/a?http://b/"),
        ("/!\"$%&'()*+,-./:;<=>?@[\\]^_`{|}~", nil, "/!\"$%&'()*+,-./:;<=>?@[\\]^_`{|}~"),
        ("http://b", "b", ""), ("http://b/", "b", "/"), ("HTTP://b:80/c?d", "b:80", "/c?d"),
        ("http://b?c/d", "b", "?c/d"),
        ("https://[::1]:443/", "[::1]:443", "/"), ("HtTpS://b", "b", ""), ("http://b//c", "b", "//c"),
    ])
    func formsOfTheRequestTarget(written: String, authority: String?, target: String) throws {
        let head = try #require(request("GET \(written) HTTP/1.1\r\nHost: a\r\n\r\n"))
        #expect((head.authority, head.target, head.host) == (authority, target, "a"))
    }

    @Test func optionsMayAskOfTheServer() throws {
        #expect(try #require(request("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n")).target == "*")
    }

    @Test func emptyLinesBeforeARequestAreSkipped() {
        for lines in 0...4 {
            let text = String(repeating: "\r\n", count: lines) + get("")
            #expect(parseRequest(text) == .complete(text.utf8.count))
        }
        #expect(parseRequest(String(repeating: "\r\n", count: 5)) == .refused(.malformed))
    }

    @Test(arguments: [("1.1", 1), ("1.0", 0), ("1.9", 9)])
    func minorVersions(version: String, expected: UInt8) throws {
        #expect(try #require(request(get("", version: version))).minorVersion == expected)
    }

    // ---- connection -------------------------------------------------------------------------------------------------

    @Test(arguments: [
        ("1.1", "", true), ("1.1", "Connection: close\r\n", false), ("1.1", "Connection: keep-alive\r\n", true),
        ("1.1", "Connection: keep-alive, Close\r\n", false), ("1.1", "Connection: x\r\nConnection: close\r\n", false),
        ("1.0", "", false), ("1.0", "Connection: keep-alive\r\n", true), ("1.0", "Connection: close\r\n", false),
        ("1.0", "Connection: Keep-Alive, close\r\n", false), ("1.2", "", true),
    ])
    func whetherTheConnectionStays(version: String, fields: String, stays: Bool) throws {
        #expect(try asked(get(fields, version: version)) { $0.keepsConnection } == stays)
    }

    @Test(arguments: [
        ("1.1", "Connection: upgrade\r\nUpgrade: websocket\r\n", true),
        ("1.1", "upgrade: a/1, b\r\nconnection: close, UPGRADE\r\n", true),
        ("1.1", "Connection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 0\r\n", true),
        ("1.1", "Upgrade: websocket\r\n", false),
        ("1.1", "Connection: upgrade\r\n", false),
        ("1.0", "Connection: upgrade\r\nUpgrade: websocket\r\n", false),
        ("1.1", "Connection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 1\r\n", false),
        ("1.1", "Connection: upgrade\r\nUpgrade: websocket\r\nTransfer-Encoding: chunked\r\n", false),
        ("1.1", "Connection: upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: a\r\n", false),
        ("1.1", "Connection: upgrade\r\nUpgrade: H2C\r\n", false),
    ])
    func whetherTheProtocolIsToChange(version: String, fields: String, wants: Bool) throws {
        #expect(try asked(get(fields, version: version)) { $0.wantsUpgrade } == wants)
    }

    /// Behind an upgrade to cleartext HTTP/2 requests would pass unseen, wherever in the list it is offered.
    @Test(
        arguments: [
            "Upgrade: websocket, h2c\r\n", "Upgrade: h2c, websocket\r\n", "Upgrade: h2c\r\nUpgrade: websocket\r\n",
            "Upgrade: websocket\r\nUpgrade: h2c\r\n", "Upgrade: ,h2c\r\n",
        ])
    func noUpgradeOffersCleartextHTTP2(fields: String) throws {
        #expect(try asked(get("Connection: upgrade\r\n" + fields)) { $0.wantsUpgrade } == false)
    }

    // ---- body -------------------------------------------------------------------------------------------------------

    @Test(arguments: [
        ("", BodyFraming.length(0)), ("Content-Length: 0\r\n", .length(0)), ("Content-Length: 17\r\n", .length(17)),
        ("Content-Length: 17\r\nContent-Length: 017\r\n", .length(17)),
        ("Transfer-Encoding: chunked\r\n", .chunked(ChunkedDecoder())),
        ("Transfer-Encoding: ,\tCHUNKED ,\r\n", .chunked(ChunkedDecoder())),
    ])
    func whereTheBodyEnds(fields: String, body: BodyFraming) throws {
        #expect(try asked(get(fields)) { $0.body } == body)
    }

    // ---- reuse ------------------------------------------------------------------------------------------------------

    @Test func nothingOfAnEarlierHeadIsLeft() throws {
        let loaded = """
            POST http://b/c HTTP/1.0\r\nHost: x\r\nContent-Length: 9\r\nConnection: close, upgrade, y\r\n\
            Upgrade: z\r\nExpect: 100-continue\r\n\r\n
            """
        let plain = "GET / HTTP/1.0\r\n\r\n"
        var head = RequestHead()
        for text in [loaded, "\(loaded.dropLast())", "POST http://b/c HTTP/1.1\r\n\r\n", plain] {
            _ = [UInt8](latin1: text).withRaw { head.parse($0) }
        }
        let fresh = try #require(request(plain))
        #expect(ParsedRequest(head, [UInt8](latin1: plain)) == fresh)
        #expect(head.options.isEmpty == true && head.options.close == false && head.options.upgrade == false)
        #expect((head.hasUpgrade, head.keepsConnection) == (false, false))
    }
}
