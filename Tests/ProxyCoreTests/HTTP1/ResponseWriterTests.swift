import Testing

@testable import ProxyCore

@Suite struct ResponseWriterTests {
    /// The field lines that are left of an answer with these.
    private func kept(_ fields: String, status: Int = 200) throws -> String {
        let head = try rewrittenResponse("HTTP/1.1 \(status) x\r\n\(fields)\r\n")
        let (start, end) = ("HTTP/1.1 \(status) x\r\n", "Via: 1.1 balancer\r\n\r\n")
        #expect(head.hasPrefix(start) && head.hasSuffix(end))
        return String(head.utf8.dropFirst(start.utf8.count).dropLast(end.utf8.count)) ?? head
    }

    @Test func aPlainAnswer() throws {
        let text = "HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 5\r\n\r\n"
        let expected = "HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 5\r\nVia: 1.1 balancer\r\n\r\n"
        #expect(try rewrittenResponse(text) == expected)
    }

    @Test(arguments: [
        ("HTTP/1.1 200 OK", "HTTP/1.1 200 OK"), ("HTTP/1.1 404 Not  \u{E9}\t", "HTTP/1.1 404 Not  \u{E9}\t"),
        ("HTTP/1.1 200 ", "HTTP/1.1 200 "),
        // The space before an absent reason is required of us (RFC 9112 section 4).
        ("HTTP/1.1 200", "HTTP/1.1 200 "),
    ])
    func statusAndReasonPass(line: String, expected: String) throws {
        #expect(try rewrittenResponse(line + "\r\n\r\n") == expected + "\r\nVia: 1.1 balancer\r\n\r\n")
    }

    @Test func anAnswerOfHTTP10IsRaised() throws {
        #expect(try rewrittenResponse("HTTP/1.0 200 OK\r\n\r\n") == "HTTP/1.1 200 OK\r\nVia: 1.0 balancer\r\n\r\n")
    }

    @Test(arguments: [
        (HeadWriter.ConnectionField.unsaid, ""), (.close, "Connection: close\r\n"),
        (.keepAlive, "Connection: keep-alive\r\n"),
        (.upgrade, "Connection: upgrade\r\n"),
    ])
    func whatBecomesOfTheConnectionIsSaid(connection: HeadWriter.ConnectionField, expected: String) throws {
        let head = try rewrittenResponse("HTTP/1.1 200 OK\r\nConnection: x\r\nA: b\r\n\r\n", connection: connection)
        #expect(head == "HTTP/1.1 200 OK\r\nA: b\r\n\(expected)Via: 1.1 balancer\r\n\r\n")
    }

    @Test func fieldsPassByteForByteAndInTheirOrder() throws {
        let fields = "Set-Cookie: b\r\nset-cookie:  a \r\nDate: x\r\nHost: y\r\nX-Request-Id: z\r\nVia: 1.1 a\r\nX:\r\n"
        #expect(try kept(fields) == fields)
        let credentials = "Proxy-Authenticate: Basic\r\nTrailer: a\r\nX-Forwarded-For: b\r\n"
        #expect(try kept(credentials) == credentials)
    }

    @Test(arguments: [
        ("Connection: close\r\n", ""), ("Keep-Alive: timeout=5\r\n", ""), ("Proxy-Connection: close\r\n", ""),
        ("TE: x\r\n", ""), ("Transfer-Encoding: chunked\r\n", ""), ("Upgrade: h2\r\n", ""),
        ("A: 1\r\nConnection: a, X-Two\r\nB: 2\r\nx-TWO: 3\r\nC: 4\r\n", "B: 2\r\nC: 4\r\n"),
        ("Connection: content-length\r\nContent-Length: 5\r\n", "Content-Length: 5\r\n"),
        ("Connection: close\r\nA: 1\r\nConnection: x\r\n", "A: 1\r\n"),
    ])
    func hopByHopFieldsGoNoFurther(fields: String, expected: String) throws { #expect(try kept(fields) == expected) }

    @Test(arguments: [
        (200, "Content-Length: 5\r\n", "Content-Length: 5\r\n"),
        (304, "Content-Length: 5\r\n", "Content-Length: 5\r\n"),
        (200, "Content-Length: 5\r\nA: b\r\nContent-Length: 5\r\n", "Content-Length: 5\r\nA: b\r\n"),
        (204, "Content-Length: 5\r\n", ""), (100, "Content-Length: 5\r\n", ""),
        (103, "Content-Length: 0\r\nLink: a\r\n", "Link: a\r\n"),
    ])
    func whereThereIsNoContentThereIsNoLength(status: Int, fields: String, expected: String) throws {
        #expect(try kept(fields, status: status) == expected)
    }

    @Test func aChunkedBodyIsTold() throws {
        let text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: CHUNKED\r\nA: b\r\n\r\n"
        let expected = "HTTP/1.1 200 OK\r\nA: b\r\nTransfer-Encoding: chunked\r\nVia: 1.1 balancer\r\n\r\n"
        #expect(try rewrittenResponse(text, chunked: true) == expected)
        #expect(try rewrittenResponse(text) == expected.replacing("Transfer-Encoding: chunked\r\n", with: ""))
    }

    @Test func anUpgradeIsPassedOnWhereItIsOne() throws {
        let fields = "Upgrade: websocket\r\nConnection: upgrade\r\n"
        let head = try rewrittenResponse("HTTP/1.1 101 Go\r\n\(fields)\r\n", connection: .upgrade)
        #expect(head == "HTTP/1.1 101 Go\r\nUpgrade: websocket\r\nConnection: upgrade\r\nVia: 1.1 balancer\r\n\r\n")
        #expect(try kept(fields, status: 426) == fields, "Upgrade Required says which")
        #expect(try kept(fields, status: 200) == "")
    }

    @Test func anySelectionOfLinesCanBeTakenOut() throws {
        for removed in 0..<64 {
            let lines = (0..<6).map { removed & 1 << $0 != 0 ? "TE: \($0)\r\n" : "X-\($0): y\r\n" }
            #expect(try kept(lines.joined()) == lines.filter { $0.hasPrefix("X") }.joined())
        }
    }
}
