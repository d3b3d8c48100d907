import Testing

@testable import ProxyCore

@Suite struct AccessLogTests {
    private let now = Instant.read()
    private static let longestAddress = "aaaa:bbbb:cccc:dddd:eeee:1111:2222:3333"

    private struct NoRequest: Error {
        let text: String
    }

    private func before(_ microseconds: Int64) -> Instant { Instant(microseconds: now.microseconds - microseconds) }

    /// The exchange of a request that came in these bytes 1.3 ms ago and has not been sent yet.
    private func exchange(_ text: String) throws -> Exchange {
        let bytes = [UInt8](latin1: text)
        let host: [UInt8] = []
        var head = RequestHead()
        guard case .complete(let length) = bytes.withRaw({ head.parse($0) }) else { throw NoRequest(text: text) }
        var out = ByteBuffer(capacity: HeadWriter.requestBytesMax(head, length: length))
        var exchange = Exchange()
        exchange.logged = bytes.withRaw {
            HeadWriter.writeRequest(
                head, $0, from: .anyIPv4(port: 0), defaultHost: host.span, freshID: freshID, to: &out)
        }
        exchange.head = out
        exchange.minorVersion = head.minorVersion
        exchange.began = before(1_300)
        return exchange
    }

    private func get(_ fields: String = "") -> String { "GET /x HTTP/1.1\r\nHost: a\r\n\(fields)\r\n" }

    /// The line of an exchange, with its date left out.
    private func line(_ exchange: borrowing Exchange, from peer: String = "192.0.2.7") throws -> String {
        let sink = try LogSink()
        var log = sink.log()
        log.append(exchange, from: try #require(SocketAddress(ip: peer, port: 1)), now)
        log.close(now)
        #expect(sink.writer.stop(waitingMilliseconds: 10_000) == 0)
        return withoutDate(sink.read(lines: 1))
    }

    private func withoutDate(_ line: String) -> String {
        line.replacing(/\[\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000\]/, with: "[]")
    }

    // ---- lines ------------------------------------------------------------------------------------------------------

    @Test func anAnsweredRequest() throws {
        var exchange = try exchange(get("Referer: http://r/\r\nUser-Agent: curl/8 x\r\nX-Request-Id: abc\r\n"))
        exchange.status = 200
        exchange.bodyBytes = 123
        exchange.endpointAddress = SocketAddress(ip: "127.0.1.1", port: 8080)
        exchange.sent = before(1_234)
        exchange.answered = now
        let expected = """
            192.0.2.7 - - [] "GET /x HTTP/1.1" 200 123 "http://r/" "curl/8 x" upstream=127.0.1.1:8080 \
            upstream_time=0.001234 time=0.001300 id=abc\n
            """
        #expect(try line(exchange) == expected)
    }

    @Test func whatIsMissingIsADash() throws {
        let expected = """
            192.0.2.7 - - [] "GET /x HTTP/1.1" 499 0 "-" "-" upstream=- upstream_time=- time=0.001300 \
            id=\(freshIDText)\n
            """
        #expect(try line(exchange(get("Referer:\r\n"))) == expected)
    }

    @Test func addressesOfIPv6AndAwkwardTimes() throws {
        var exchange = try exchange(get("X-Request-Id: i\r\n"))
        exchange.status = 504
        exchange.endpointAddress = SocketAddress(ip: "fd00::1", port: 80)
        exchange.began = before(60_000_000)
        exchange.sent = before(-1)
        exchange.answered = now
        let expected = """
            2001:db8::7 - - [] "GET /x HTTP/1.1" 504 0 "-" "-" upstream=[fd00::1]:80 upstream_time=0.000000 \
            time=60.000000 id=i\n
            """
        #expect(try line(exchange, from: "2001:db8::7") == expected)
    }

    @Test(arguments: [
        ("GET /old HTTP/1.0\r\n\r\n", "GET /old HTTP/1.0"),
        ("M-X /a?b HTTP/1.9\r\nHost: a\r\n\r\n", "M-X /a?b HTTP/1.1"),
        ("GET http://b:80/c?d HTTP/1.1\r\nHost: a\r\n\r\n", "GET http://b:80/c?d HTTP/1.1"),
        ("GET http://b HTTP/1.0\r\n\r\n", "GET http://b HTTP/1.0"),
        ("OPTIONS * HTTP/1.1\r\nHost:\r\n\r\n", "OPTIONS * HTTP/1.1"),
    ])
    func requestsAreLoggedAsTheyWereWritten(text: String, expected: String) throws {
        #expect(try line(exchange(text)).hasPrefix("192.0.2.7 - - [] \"\(expected)\" 499 "))
    }

    @Test(arguments: [
        ("a b~!", "a b~!"), ("a\"b", "a\\x22b"), ("a\\b", "a\\x5cb"), ("a\tb", "a\\x09b"),
        ("\u{E9}\u{FF}\u{80}", "\\xe9\\xff\\x80"), ("\" 200 0 \"-\" \"x", "\\x22 200 0 \\x22-\\x22 \\x22x"),
    ])
    func nothingInAFieldLooksLikeTheLinesOwn(value: String, expected: String) throws {
        let line = try line(exchange(get("User-Agent: \(value)\r\nReferer: \(value)\r\n")))
        #expect(line.contains(" 499 0 \"\(expected)\" \"\(expected)\" upstream=-"))
        #expect(line.utf8.allSatisfy { $0 == 0x0A || (0x20..<0x7F).contains($0) })
    }

    @Test func quotesInTheTargetAreEscaped() throws {
        let line = try line(exchange("GET /\"\\ HTTP/1.1\r\nHost: a\r\n\r\n"))
        #expect(line.contains("[] \"GET /\\x22\\x5c HTTP/1.1\" 499"))
    }

    @Test func longPartsAreCut() throws {
        let max = Limits.logFieldBytesMax
        let long = String(repeating: "a", count: max + 500)
        let text = "GET /\(long) HTTP/1.1\r\nHost: a\r\nReferer: \(long)\r\nUser-Agent: \(long)\r\n\r\n"
        let (target, field) = (long.prefix(max - 5), long.prefix(max))
        #expect(
            try line(exchange(text)).contains("\"GET /\(target) HTTP/1.1\" 499 0 \"\(field)\" \"\(field)\" upstream=-"))
    }

    @Test func aRefusedRequest() throws {
        let sink = try LogSink()
        var log = sink.log()
        log.appendRefusal(431, from: try #require(SocketAddress(ip: "192.0.2.7", port: 1)), now)
        log.close(now)
        #expect(sink.writer.stop(waitingMilliseconds: 10_000) == 0)
        let expected = "192.0.2.7 - - [] \"-\" 431 0 \"-\" \"-\" upstream=- upstream_time=- time=0.000000 id=-\n"
        #expect(withoutDate(sink.read(lines: 1)) == expected)
    }

    /// However full the buffer is, a line either has room or is not begun.
    @Test func theLongestLinesFit() throws {
        let long = String(repeating: "\"", count: 4_000)
        let id = String(repeating: "i", count: Limits.requestIDBytesMax)
        let fields = "Referer: \(long)\r\nUser-Agent: \(long)\r\nX-Request-Id: \(id)\r\n"
        var exchange = try exchange("GET /\(long) HTTP/1.1\r\nHost: a\r\n\(fields)\r\n")
        exchange.status = 999
        exchange.bodyBytes = .max
        exchange.endpointAddress = SocketAddress(ip: Self.longestAddress, port: 65_535)
        exchange.began = Instant(microseconds: 0)
        exchange.answered = Instant(microseconds: .max)
        let peer = try #require(SocketAddress(ip: Self.longestAddress, port: 1))
        let sink = try LogSink()
        var log = sink.log()
        // The pipe is not read, so the buffers fill.
        for _ in 0..<100 { log.append(exchange, from: peer, Instant(microseconds: .max - 1_000_000_000)) }
        log.close(now)
        #expect(sink.dropped > 0)
        let text = sink.read(lines: 100 - sink.dropped)
        #expect(sink.writer.stop(waitingMilliseconds: 10_000) == 0)
        #expect(text.split(separator: "\n").allSatisfy { $0.hasSuffix(" id=\(id)") })
    }

    // ---- when -------------------------------------------------------------------------------------------------------

    @Test func linesWaitForOthersBeforeTheyGo() throws {
        let sink = try LogSink()
        var log = sink.log()
        log.flushIfDue(now)
        // The first goes at once, because none has gone for long.
        for (delay, waits) in [(0, false), (AccessLog.flushMilliseconds - 1, true)] {
            log.appendRefusal(400, from: .anyIPv4(port: 0), now + delay)
            log.flushIfDue(now + delay)
            #expect(log.hasLines == waits)
        }
        #expect(sink.read(lines: 1).hasSuffix("id=-\n"))
        // The writer may still be about to give the first buffer back.
        let deadline = Instant.read() + 10_000
        while log.hasLines, Instant.read() < deadline { log.flushIfDue(now + AccessLog.flushMilliseconds) }
        #expect(sink.writer.stop(waitingMilliseconds: 10_000) == 0)
        #expect(sink.takeLinesThere() == 1)
    }

    @Test func withoutALogNothingIsKept() throws {
        let reports = WorkerReports(
            endpoint: { _ in }, serviceIsEmpty: { _ in }, outOfDescriptors: { _, _ in },
            logLinesDropped: { Issue.record("\($0) lines were dropped") })
        var log = AccessLog(nil, reports: reports)
        log.append(try exchange(get()), from: .anyIPv4(port: 0), now)
        log.appendRefusal(400, from: .anyIPv4(port: 0), now)
        #expect(log.hasLines == false)
        log.close(now)
    }
}
