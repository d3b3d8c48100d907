import Testing

@testable import ProxyCore

@Suite struct RequestWriterTests {
    /// The lines that end every request of 192.0.2.7 to the host `a`.
    private static let ours = """
        X-Forwarded-For: 192.0.2.7\r
        X-Forwarded-Proto: http\r
        X-Forwarded-Host: a\r
        Via: 1.1 balancer\r
        X-Request-Id: \(freshIDText)\r
        \r\n
        """

    private func get(_ fields: String) -> String { "GET /p HTTP/1.1\r\nHost: a\r\n\(fields)\r\n" }

    /// What is left of the field lines before ours, for a request with these beside its Host.
    private func kept(_ fields: String) throws -> String {
        let head = try rewritten(get(fields)).head
        let start = "GET /p HTTP/1.1\r\nHost: a\r\n"
        #expect(head.hasPrefix(start) && head.hasSuffix(Self.ours))
        return String(head.utf8.dropFirst(start.utf8.count).dropLast(Self.ours.utf8.count)) ?? head
    }

    // ---- whole heads ------------------------------------------------------------------------------------------------

    @Test func aPlainRequest() throws {
        #expect(
            try rewritten(get("Accept: */*\r\n")).head == "GET /p HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n" + Self.ours)
    }

    @Test func aRequestOfHTTP10WithoutAHost() throws {
        let expected = """
            GET /old?q HTTP/1.1\r
            Host: default.example:81\r
            Accept: */*\r
            X-Forwarded-For: 192.0.2.7\r
            X-Forwarded-Proto: http\r
            Via: 1.0 balancer\r
            X-Request-Id: \(freshIDText)\r
            \r\n
            """
        #expect(try rewritten("\r\nGET /old?q HTTP/1.0\r\nAccept: */*\r\n\r\n").head == expected)
    }

    @Test func aRequestWithoutAnyField() throws {
        let written = try rewritten("GET / HTTP/1.0\r\n\r\n")
        #expect(written.head.hasPrefix("GET / HTTP/1.1\r\nHost: default.example:81\r\nX-Forwarded-For: 192.0.2.7\r\n"))
    }

    @Test func anAbsoluteForm() throws {
        let expected = """
            PUT /p?q HTTP/1.1\r
            Host: b.example:8080\r
            Accept: */*\r
            Transfer-Encoding: chunked\r
            X-Forwarded-For: 2001:db8::1\r
            X-Forwarded-Proto: http\r
            X-Forwarded-Host: b.example:8080\r
            Via: 1.1 balancer\r
            X-Request-Id: mine\r
            \r\n
            """
        let text = """
            PUT http://b.example:8080/p?q HTTP/1.1\r
            Host: other\r
            Accept: */*\r
            Transfer-Encoding: Chunked\r
            \r\n
            """
        let written = try rewritten(text, from: "2001:db8::1")
        #expect(written.head == expected.replacing("mine", with: freshIDText))
        #expect(written.request == "PUT http://b.example:8080/p?q", "the log keeps the target as it was written")
        #expect(written.requestID == freshIDText)
    }

    @Test(arguments: [
        ("GET http://b HTTP/1.1", "GET / HTTP/1.1"), ("GET http://b?q HTTP/1.1", "GET /?q HTTP/1.1"),
        ("OPTIONS http://b HTTP/1.1", "OPTIONS * HTTP/1.1"), ("OPTIONS http://b/ HTTP/1.1", "OPTIONS / HTTP/1.1"),
        ("OPTIONS http://b?q HTTP/1.1", "OPTIONS /?q HTTP/1.1"), ("OPTIONS * HTTP/1.1", "OPTIONS * HTTP/1.1"),
        ("M-X //a HTTP/1.9", "M-X //a HTTP/1.1"), ("get /%20 HTTP/1.1", "get /%20 HTTP/1.1"),
    ])
    func targetsGoOnInOriginForm(line: String, expected: String) throws {
        let head = try rewritten("\(line)\r\nHost: a\r\n\r\n").head
        #expect(head.hasPrefix(expected + "\r\nHost: "))
    }

    // ---- what passes, and what does not -----------------------------------------------------------------------------

    @Test func fieldsPassByteForByteAndInTheirOrder() throws {
        let fields =
            "b:  2 \r\nA: 1\r\nb:\t\r\nCookie: a=b; c=\u{E9}\r\nTrailer: x\r\nExpect: 100-continue\r\nVia: 1.1 x\r\n"
        #expect(try kept(fields) == fields)
        let credentials = "Proxy-Authorization: Basic x\r\nAuthorization: y\r\nForwarded: for=z\r\n"
        #expect(try kept(credentials) == credentials)
    }

    @Test(arguments: [
        "Connection: close\r\n", "connection: keep-alive\r\n", "Keep-Alive: timeout=5\r\n",
        "Proxy-Connection: close\r\n",
        "TE: trailers\r\n", "X-Forwarded-Proto: https\r\n", "X-Forwarded-Host: evil\r\n", "Upgrade: websocket\r\n",
        "Connection: upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n",
    ])
    func hopByHopFieldsGoNoFurther(fields: String) throws { #expect(try kept(fields) == "") }

    @Test(arguments: [
        ("Connection: X-One, close\r\nx-one: 1\r\nX-Two: 2\r\nX-ONE: 3\r\n", "X-Two: 2\r\n"),
        (
            "A: 1\r\nReferer: b\r\nUser-Agent: c\r\nVia: d\r\nConnection: referer,user-agent,via\r\n",
            "A: 1\r\n"
        ),
        // What frames the message or says where it goes is no connection's to name (RFC 9110 section 7.6.1).
        ("Connection: Host, Content-Length\r\nContent-Length: 0\r\n", "Content-Length: 0\r\n"),
    ])
    func whatConnectionNamesGoesNoFurther(fields: String, expected: String) throws {
        #expect(try kept(fields) == expected)
    }

    /// Runs of lines are copied at once: whichever are taken out, the others stay as they are.
    @Test func anySelectionOfLinesCanBeTakenOut() throws {
        let count = 6
        for removed in 0..<1 << count {
            var fields = ""
            var expected = ""
            for index in 0..<count {
                if removed & 1 << index != 0 {
                    fields += "TE: \(index)\r\n"
                } else {
                    fields += "X-\(index): \(index)\r\n"
                    expected += "X-\(index): \(index)\r\n"
                }
            }
            #expect(try kept(fields) == expected)
            // And with a line that goes before the Host, so that the first and the last are taken out too.
            let head = try rewritten("GET /p HTTP/1.1\r\n\(fields)Host: a\r\n\r\n").head
            #expect(head == "GET /p HTTP/1.1\r\n\(expected)Host: a\r\n" + Self.ours)
        }
    }

    // ---- framing ----------------------------------------------------------------------------------------------------

    @Test(arguments: [
        ("Content-Length: 5\r\n", "Content-Length: 5\r\n"),
        ("Content-Length: 5\r\nA: b\r\ncontent-length: 05\r\n", "Content-Length: 5\r\nA: b\r\n"),
        ("Transfer-Encoding: ,CHUNKED,\r\nA: b\r\n", "A: b\r\nTransfer-Encoding: chunked\r\n"),
        ("Connection: transfer-encoding\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding: chunked\r\n"),
    ])
    func oneFramingIsSent(fields: String, expected: String) throws { #expect(try kept(fields) == expected) }

    @Test func anUpgradeIsPassedOn() throws {
        let written = try kept("Connection: Upgrade, X-One, keep-alive\r\nX-One: 1\r\nUpgrade: websocket\r\nA: b\r\n")
        #expect(written == "Upgrade: websocket\r\nA: b\r\nConnection: upgrade\r\n")
    }

    @Test func anUpgradeWithABodyIsAnOrdinaryRequest() throws {
        let written = try kept("Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 3\r\n")
        #expect(written == "Content-Length: 3\r\n")
    }

    // ---- who asked --------------------------------------------------------------------------------------------------

    @Test(arguments: [
        ("", "192.0.2.7"), ("X-Forwarded-For: 10.0.0.1\r\n", "10.0.0.1, 192.0.2.7"),
        ("X-Forwarded-For: a, b\r\nX: y\r\nx-forwarded-for: c\r\n", "a, b, c, 192.0.2.7"),
        ("X-Forwarded-For:\r\nX-Forwarded-For: \t\r\n", "192.0.2.7"),
        ("X-Forwarded-For: \u{E9}\r\n", "\u{E9}, 192.0.2.7"),
    ])
    func theClientIsAddedToThoseBeforeIt(fields: String, expected: String) throws {
        let lines = try rewritten(get(fields)).fields.filter { $0.lowercased().hasPrefix("x-forwarded-for:") }
        #expect(lines == ["X-Forwarded-For: \(expected)"])
    }

    @Test(arguments: [
        ("192.0.2.7", "192.0.2.7"), ("::1", "::1"), ("2001:DB8:0::1", "2001:db8::1"), ("::ffff:10.0.0.1", "10.0.0.1"),
    ])
    func addressesAreWrittenWithoutBracketsAndPort(peer: String, expected: String) throws {
        #expect(try rewritten(get(""), from: peer).fields.contains("X-Forwarded-For: \(expected)"))
    }

    @Test func anEmptyHostIsNotForwarded() throws {
        let head = try rewritten("GET / HTTP/1.1\r\nHost:\r\n\r\n").head
        #expect(head.hasPrefix("GET / HTTP/1.1\r\nHost:\r\nX-Forwarded-For:") && !head.contains("X-Forwarded-Host"))
    }

    @Test func viaOfOthersStays() throws {
        let lines = try rewritten(get("Via: 1.0 first\r\nvia: 1.1 second\r\n")).fields
        #expect(
            lines.filter { $0.lowercased().hasPrefix("via") } == [
                "Via: 1.0 first", "via: 1.1 second", "Via: 1.1 balancer",
            ])
    }

    // ---- identifiers ------------------------------------------------------------------------------------------------

    @Test(arguments: [
        ("X-Request-Id: abc-1._Z\r\n", "abc-1._Z"), ("x-request-ID:  a \r\n", "a"),
        ("X-Request-Id: a\r\nX-Request-Id: b\r\n", "a"),
        ("X-Request-Id: a b\r\nX-Request-Id: c\r\n", "c"), ("X-Request-Id:\r\n", freshIDText),
        ("X-Request-Id: a\"b\r\n", freshIDText), ("X-Request-Id: \u{E9}\r\n", freshIDText), ("", freshIDText),
        ("X-Request-Id: \(String(repeating: "a", count: 128))\r\n", String(repeating: "a", count: 128)),
        ("X-Request-Id: \(String(repeating: "a", count: 129))\r\n", freshIDText),
    ])
    func aRequestHasOneIdentifier(fields: String, expected: String) throws {
        let written = try rewritten(get(fields))
        let lines = written.fields.filter { $0.lowercased().hasPrefix("x-request-id:") }
        #expect(lines.count == 1)
        #expect(lines.first?.split(separator: ":").last?.drop { $0 == " " }.prefix { $0 != " " } == expected[...])
        #expect(written.requestID == expected)
    }

    /// What Connection names is meant for this connection alone, an identifier as much as any other field.
    @Test func anIdentifierThatConnectionNamesIsReplaced() throws {
        #expect(try rewritten(get("Connection: x-request-id\r\nX-Request-Id: a\r\n")).requestID == freshIDText)
    }

    // ---- for the log ------------------------------------------------------------------------------------------------

    @Test func thePartsOfTheLogAreWhereTheyAreSaidToBe() throws {
        let fields =
            "TE: x\r\nReferer:  http://r/ \r\nKeep-Alive: x\r\nUser-Agent: u a\r\nConnection: y\r\nX-Request-Id: i\r\n"
        for text in [get(fields), get(fields).replacing("/p", with: "http://b/p"), "\r\n\r\n" + get(fields)] {
            let written = try rewritten(text)
            #expect((written.referer, written.userAgent, written.requestID) == ("http://r/", "u a", "i"))
        }
        let written = try rewritten(get(fields))
        #expect(written.request == "GET /p")
    }

    @Test func whatIsMissingIsEmpty() throws {
        let written = try rewritten(get("Referer:\r\n"))
        #expect((written.referer, written.userAgent) == ("", ""))
    }

    @Test func whatConnectionNamesIsNotLogged() throws {
        let written = try rewritten(get("Connection: referer\r\nReferer: r\r\nUser-Agent: u\r\n"))
        #expect((written.referer, written.userAgent) == ("", "u"))
    }
}
