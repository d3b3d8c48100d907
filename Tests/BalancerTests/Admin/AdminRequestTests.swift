import Testing

@testable import Balancer

@Suite struct AdminRequestTests {
    private func read(_ text: String) -> AdminRequest.Reading { AdminRequest.read(Array(text.utf8)) }

    @Test(arguments: ["\r\n", "\n"]) func aRequestIsRead(end: String) {
        let text = "GET /metrics?a=b HTTP/1.1\(end)Host: x\(end)\(end)"
        #expect(read(text) == .request(AdminRequest(path: "/metrics", isHead: false)))
        for count in 0..<text.utf8.count {
            #expect(AdminRequest.read(Array(text.utf8.prefix(count))) == .incomplete)
        }
    }

    @Test func headIsKnown() {
        #expect(read("HEAD / HTTP/1.0\r\n\r\n") == .request(AdminRequest(path: "/", isHead: true)))
    }

    @Test(arguments: [
        ("POST / HTTP/1.1", 405), ("GET / HTTP/2", 400), ("GET  / HTTP/1.1", 400), ("GET http://x/ HTTP/1.1", 400),
        ("GET /", 400), ("", 400), ("\u{0}", 400),
    ])
    func othersAreRefused(line: String, status: Int) {
        #expect(read("\(line)\r\n\r\n") == .refused(status))
    }

    @Test func aLongHeadIsRefused() {
        let line = "X: \(String(repeating: "x", count: AdminRequest.headBytesMax))\r\n"
        #expect(read("GET / HTTP/1.1\r\n\(line)") == .refused(431))
        #expect(read("GET / HTTP/1.1\r\n\(line)\r\n") == .refused(431))
    }

    @Test func anAnswerIsWhole() {
        let answer = AdminAnswer(body: "ok\n")
        let whole = String(decoding: answer.bytes(headOnly: false), as: UTF8.self)
        #expect(whole.hasPrefix("HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 3\r\n"))
        #expect(whole.hasSuffix("Connection: close\r\n\r\nok\n"))
        let head = String(decoding: answer.bytes(headOnly: true), as: UTF8.self)
        #expect(head + "ok\n" == whole)
    }
}
