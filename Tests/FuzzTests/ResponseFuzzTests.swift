import Testing

@testable import ProxyCore

/// Answers that are nearly valid: what is accepted means the same to the client who gets it from us.
@Suite struct ResponseFuzzTests {
    private static let seeds = [
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nServer: x\r\n\r\n",
        "HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\nTrailer: a\r\n\r\n",
        "HTTP/1.0 404 Not Found\r\nConnection: keep-alive, X-One\r\nX-One: 1\r\nKeep-Alive: timeout=5, max=9\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        "HTTP/1.1 204 No\tContent \u{E9}\r\nVia: 1.1 x\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n\r\n",
        "HTTP/1.1 426 Upgrade Required\r\nUpgrade: h2\r\nConnection: upgrade, close\r\nContent-Length: 0\r\n\r\n",
    ]

    private static let words = [
        "\r\n", "\r", "\n", "\r\n\r\n", "\u{0}", " ", "\t", ":", ",", ";", "=", "\"", "\u{E9}", "\u{7F}", " : ", "0",
        "9", "100",
        "204", "304", "999", "HTTP/1.1", "HTTP/1.0", "http/1.1", "chunked", "\r\n folded", "Content-Length: 5\r\n",
        "Content-Length: 6\r\n", "Transfer-Encoding: chunked\r\n", "Transfer-Encoding: gzip, chunked\r\n",
        "Connection: content-length, transfer-encoding\r\n", "Keep-Alive: timeout=99999999999\r\n",
    ]

    private struct Reading: Equatable {
        var status: Int
        var body: BodyFraming
        var bodyToHead: BodyFraming
        var length: Int
    }

    private func read(_ bytes: [UInt8]) -> (Reading, forwarded: [UInt8])? {
        var head = ResponseHead()
        guard case .complete(let length) = bytes.withRaw({ head.parse($0) }) else { return nil }
        let body = head.body(toHead: false)
        var out = ByteBuffer(capacity: length + Limits.headGrowthBytesMax)
        let isChunked = if case .chunked = body { true } else { false }
        bytes.withRaw { HeadWriter.writeResponse(head, $0, chunked: isChunked, connection: .unsaid, to: &out) }
        let forwarded = (0..<out.count).map { out.bytes.byte($0) }
        return (
            Reading(status: head.status, body: body, bodyToHead: head.body(toHead: true), length: length), forwarded
        )
    }

    @Test(arguments: Rounds.seeds)
    func whatIsAcceptedMeansTheSameToTheClient(number: UInt64) {
        var mutator = Mutator(number: number, seeds: Self.seeds, words: Self.words)
        var accepted = 0
        for _ in 0..<Rounds.inputsPerSeed {
            let input = mutator.next()
            guard let (reading, forwarded) = read(input) else { continue }
            accepted += 1
            #expect(Lines.areClean(Array(input[..<reading.length])), "\(input.escaped)")
            #expect(Lines.areClean(forwarded), "\(input.escaped)")
            var expected = reading
            expected.length = forwarded.count
            #expect(read(forwarded)?.0 == expected, "\(input.escaped)")
            let names = Lines.names(in: forwarded)
            for hopByHop in ["te", "keep-alive", "proxy-connection"] {
                #expect(!names.contains(hopByHop), "\(input.escaped)")
            }
            #expect(names.count { $0 == "content-length" || $0 == "transfer-encoding" } <= 1, "\(input.escaped)")
        }
        #expect(accepted > Rounds.inputsPerSeed / 10, "most inputs are refused at once, which tests little")
    }
}
