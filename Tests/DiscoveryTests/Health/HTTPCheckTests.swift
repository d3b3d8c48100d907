import ProxyCore
import Testing

@testable import Discovery

@Suite struct HTTPCheckTests {
    private func check(_ change: (inout HealthSettings) -> Void = { _ in }) -> HTTPCheck {
        var settings = HealthSettings()
        change(&settings)
        return HTTPCheck(path: "/status", host: "web:8080", settings: settings)
    }

    private func answer(_ status: String, _ fields: String..., body: String = "") -> [UInt8] {
        Array((["HTTP/1.1 \(status)"] + fields + ["", body]).joined(separator: "\r\n").utf8)
    }

    /// What a check says of an answer, in pieces of `size` bytes; of its end where it is not clear before.
    private func verdict(_ check: HTTPCheck, on answer: [UInt8], inPiecesOf size: Int = .max) -> ProbeResult {
        var check = check
        var rest = answer[...]
        while !rest.isEmpty {
            if let result = check.take(Array(rest.prefix(size))) { return result }
            rest = rest.dropFirst(size)
        }
        return check.end()
    }

    @Test func theRequestIsSentOnce() {
        var check = check()
        let expected =
            "GET /status HTTP/1.1\r\nHost: web:8080\r\nUser-Agent: balancer-health-check\r\n\r\n"
        #expect(String(decoding: check.output(), as: UTF8.self) == expected)
        #expect(check.output().isEmpty)
    }

    @Test(arguments: [
        ("200 OK", ProbeResult.passed), ("204 No Content", .passed), ("399", .passed), ("302 Found", .passed),
        ("404 Not Found", .failed("answered 404")), ("500 Oh", .failed("answered 500")),
        ("503 Busy", .leaving("answered 503 to its probe")),
    ])
    func theStatusDecides(status: String, result: ProbeResult) {
        #expect(verdict(check(), on: answer(status)) == result)
    }

    @Test func anAnswerMayEndItsConnection() {
        #expect(verdict(check(), on: answer("200 OK", "Connection: close")) == .closing)
        #expect(verdict(check(), on: Array("HTTP/1.0 200 OK\r\n\r\n".utf8)) == .closing)
        #expect(verdict(check(), on: answer("200 OK", "Connection: keep-alive")) == .passed)
        #expect(verdict(check(), on: answer("500 Oh", "Connection: close")) == .failed("answered 500"))
    }

    @Test func otherStatusesMayBeAskedFor() {
        let teapot = check { $0.statuses = [200...200, 418...418] }
        #expect(verdict(teapot, on: answer("418 Short")) == .passed)
        #expect(verdict(teapot, on: answer("204 No Content")) == .failed("answered 204"))
        let busy = check { $0.statuses = [503...503] }
        #expect(verdict(busy, on: answer("503 Busy")) == .passed)
    }

    @Test func theHeadIsEnoughWhereNoTextIsLookedFor() {
        #expect(verdict(check(), on: answer("200 OK", "Content-Length: 1000000", body: "x")) == .passed)
        #expect(verdict(check(), on: answer("200 OK", "Transfer-Encoding: chunked", body: "zz")) == .passed)
    }

    /// A body with the text in it, framed in each way, cut everywhere.
    @Test(arguments: 1...40)
    func theTextIsFoundHoweverItIsCut(size: Int) {
        let ready = check { $0.bodyContains = "ready" }
        let answers = [
            answer("200 OK", "Content-Length: 14", body: "status: ready\n"),
            answer(
                "200 OK", "Transfer-Encoding: chunked", body: "6\r\nstatus\r\n4;a=b\r\n: re\r\n3\r\nady\r\n0\r\n\r\n"),
            answer("200 OK", body: "status: ready"),
            answer("103 Early Hints", "Link: </a>") + answer("200 OK", "Content-Length: 5", body: "ready"),
        ]
        for answer in answers { #expect(verdict(ready, on: answer, inPiecesOf: size) == .passed) }
    }

    @Test(arguments: 1...40)
    func aMissingTextIsAFailure(size: Int) {
        let ready = check { $0.bodyContains = "ready" }
        let absent = ProbeResult.failed("its answer lacks the text that is looked for")
        let length = answer("200 OK", "Content-Length: 6", body: "rea dy")
        #expect(verdict(ready, on: length, inPiecesOf: size) == absent)
        let chunked = answer("200 OK", "Transfer-Encoding: chunked", body: "3\r\nrea\r\n0\r\n\r\n")
        #expect(verdict(ready, on: chunked, inPiecesOf: size) == absent)
        let cut = ProbeResult.failed("answered 200 without the text that is looked for")
        #expect(verdict(ready, on: answer("200 OK", body: "read"), inPiecesOf: size) == cut)
        let behind = answer("200 OK", "Content-Length: 2", body: "noready")
        #expect(verdict(ready, on: behind, inPiecesOf: size) == absent, "what stands behind the body is not the body")
    }

    @Test func onlyTheBeginningOfABodyIsSearched() {
        let ready = check { $0.bodyContains = "ready" }
        let filler = String(repeating: "x", count: 64 * 1024 - 5)
        #expect(verdict(ready, on: answer("200 OK", body: filler + "ready")) == .passed)
        let late = answer("200 OK", body: filler + "xready")
        #expect(verdict(ready, on: late) == .failed("its answer lacks the text that is looked for"))
    }

    @Test(arguments: [
        "SSH-2.0-OpenSSH_9.2\r\n", "HTTP/1.1 099 Low\r\n\r\n", "HTTP/1.1 200 OK\r\nA b: c\r\n\r\n",
        "HTTP/2 200\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    ])
    func whatIsNoAnswerIsAFailure(text: String) {
        #expect(verdict(check(), on: Array(text.utf8)) == .failed("its answer is malformed"))
    }

    @Test func aHeadWithoutEndIsAFailure() {
        let endless = answer("200 OK").dropLast(2) + Array(String(repeating: "A: b\r\n", count: 10_000).utf8)
        #expect(verdict(check(), on: Array(endless), inPiecesOf: 4_096) == .failed("its answer is malformed"))
    }

    @Test func anEndWithoutAnswerIsAFailure() {
        #expect(verdict(check(), on: []) == .failed("closed without an answer"))
        #expect(verdict(check(), on: Array("HTTP/1.1 200 OK\r\n".utf8)) == .failed("closed without an answer"))
    }
}
