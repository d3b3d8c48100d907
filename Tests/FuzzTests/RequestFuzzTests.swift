import Testing

@testable import ProxyCore

/// Requests that are nearly valid: what is accepted is what the reference accepts, and means the same to whoever gets
/// it from us.
@Suite struct RequestFuzzTests {
    private static let seeds = [
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "\r\nPOST /a?b=c HTTP/1.1\r\nHost: example.com:8080\r\nContent-Length: 5\r\nAccept: */*\r\n\r\n",
        "PUT http://b.example/p?q HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nX-Empty:\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost:\r\nConnection: close, X-One\r\nX-One: 1\r\n\r\n",
        "GET /chat HTTP/1.1\r\nHost: [::1]:80\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        "GET /old HTTP/1.0\r\nX-Forwarded-For: 10.0.0.1\r\nVia: 1.1 x\r\nX-Request-Id: abc\r\n\r\n",
        "POST / HTTP/1.1\r\nhost:a\r\ncontent-length: 0\r\nContent-Length: 00\r\nTE: x\r\nReferer: \u{E9}\r\n\r\n",
        "OPTIONS http://b HTTP/1.1\r\nHost: a\r\nKeep-Alive: x\r\nUser-Agent: u\r\nExpect: 100-continue\r\n\r\n",
    ]

    private static let words = [
        "\r\n", "\r", "\n", "\r\n\r\n", "\u{0}", " ", "\t", ":", ",", ";", "=", "\"", "#", "@", "/", "?", "*", "\u{E9}",
        "\u{7F}", " : ", "0", "99999999999", "http://", "https://", "http://:80/", "[::1]", "HTTP/1.1", "HTTP/1.0",
        "Http/1.1", "HTTP/2.0", "CONNECT", "OPTIONS", "chunked", "\r\n folded", "Host: b\r\n", "Content-Length: 5\r\n",
        "Content-Length: 6\r\n", "Transfer-Encoding: chunked\r\n", "Transfer-Encoding: gzip, chunked\r\n",
        "Connection: host, content-length, transfer-encoding\r\n", "Connection: upgrade\r\nUpgrade: h2c\r\n",
        "Connection: a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q\r\n", "X-Forwarded-For:\r\n", "X-Request-Id: a b\r\n",
    ]

    /// A head as our parser takes it, and how it goes on to the upstream.
    private struct Forwarded {
        let reading: RequestReading
        let wantsUpgrade: Bool
        let head: [UInt8]
    }

    private let defaultHost = "default".bytes

    /// nil where the head is refused or not complete.
    private func forward(_ bytes: [UInt8]) -> Forwarded? {
        var head = RequestHead()
        guard case .complete(let length) = bytes.withRaw({ head.parse($0) }) else { return nil }
        var out = ByteBuffer(capacity: HeadWriter.requestBytesMax(head, length: length))
        let id = RequestID(high: 1, low: 2)
        let parts = bytes.withRaw {
            HeadWriter.writeRequest(
                head, $0, from: .anyIPv6(port: 1), defaultHost: defaultHost.span, freshID: id, to: &out)
        }
        let written = (Int(parts.headStart)..<out.count).map { out.bytes.byte($0) }
        return Forwarded(
            reading: reading(head, bytes, length: length), wantsUpgrade: head.wantsUpgrade, head: written)
    }

    private func reading(_ head: borrowing RequestHead, _ bytes: [UInt8], length: Int) -> RequestReading {
        var target = Array(bytes[head.target])
        if target.isEmpty { target = head.method == .options ? "*".bytes : "/".bytes }
        if target.first == UInt8(ascii: "?") { target = "/".bytes + target }
        let framing: RequestReading.Framing =
            switch head.body {
            case .length(let length): .length(length)
            case .chunked, .untilClose: .chunked
            }
        return RequestReading(
            method: Array(bytes[head.methodRange]), target: target,
            host: (head.authority ?? head.host).map { Array(bytes[$0]) }, framing: framing,
            isHTTP10: head.minorVersion == 0, length: length)
    }

    @Test(arguments: Rounds.seeds)
    func whatIsAcceptedMeansTheSameToEveryone(number: UInt64) {
        var mutator = Mutator(number: number, seeds: Self.seeds, words: Self.words)
        var accepted = 0
        for _ in 0..<Rounds.inputsPerSeed {
            let input = mutator.next()
            let forwarded = forward(input)
            #expect(forwarded?.reading == ReferenceRequestParser.read(input), "\(input.escaped)")
            guard let forwarded else { continue }
            accepted += 1
            check(forwarded, input)
        }
        #expect(accepted > Rounds.inputsPerSeed / 10, "most inputs are refused at once, which tests little")
    }

    private func check(_ forwarded: Forwarded, _ input: [UInt8]) {
        var expected = forwarded.reading
        expected.length = forwarded.head.count
        expected.isHTTP10 = false
        if expected.host == nil { expected.host = defaultHost }
        #expect(ReferenceRequestParser.read(forwarded.head) == expected, "\(input.escaped)")
        let again = forward(forwarded.head)
        #expect(again?.reading == expected, "\(input.escaped)")
        #expect(again?.wantsUpgrade == forwarded.wantsUpgrade, "\(input.escaped)")

        let names = Lines.names(in: forwarded.head)
        for hopByHop in ["te", "keep-alive", "proxy-connection"] {
            #expect(!names.contains(hopByHop), "\(input.escaped)")
        }
        for once in ["host", "x-forwarded-for", "x-forwarded-proto", "x-request-id"] {
            #expect(names.count { $0 == once } == 1, "\(once) in \(input.escaped)")
        }
        #expect(Lines.areClean(forwarded.head), "\(input.escaped)")
    }
}
