import Testing

@testable import ProxyCore

/// A rewritten head fits the room that is taken for it, whatever is asked for.
@Suite struct HeadGrowthTests {
    private static let longestHost = String(repeating: "h", count: Limits.hostBytesMax)
    /// No address is written longer than this one.
    private static let longestPeer = "aaaa:bbbb:cccc:dddd:eeee:1111:2222:3333"

    /// What a request can say that makes its head grow, each in its shortest form.
    private static let requestLines = [
        "G / HTTP/1.1", "G / HTTP/1.0", "G http://a HTTP/1.1", "G http://a?b HTTP/1.1",
        "G http://\(longestHost) HTTP/1.1",
        "G https://\(longestHost)?b HTTP/1.1", "G http://\(longestHost)/ HTTP/1.0",
        "G http://a/\(String(repeating: "p", count: 8000)) HTTP/1.1", "OPTIONS http://a HTTP/1.1",
    ]
    private static let hosts = ["Host:\r\n", "Host:\(longestHost)\r\n", ""]
    private static let others = [
        "", "Transfer-Encoding:chunked\r\n", "Connection:upgrade\r\nUpgrade:x\r\n",
        String(repeating: "X-Forwarded-For:a\r\n", count: 150), String(repeating: "X-Forwarded-For:\r\n", count: 150),
        String(repeating: "X-Forwarded-For:\(String(repeating: "f", count: 200))\r\n", count: 100),
        "X-Request-Id:!\r\nX-Forwarded-Proto:\r\nX-Forwarded-Host:\r\n", String(repeating: "A:\r\n", count: 190),
    ]

    @Test(arguments: requestLines)
    func requestsFitTheirRoom(line: String) throws {
        for host in Self.hosts where !host.isEmpty || line.hasSuffix("1.0") {
            for other in Self.others where !(line.hasSuffix("1.0") && other.hasPrefix("Transfer-Encoding")) {
                let text = line + "\r\n" + host + other + "\r\n"
                let written = try rewritten(text, from: Self.longestPeer, defaultHost: Self.longestHost)
                #expect(written.bytes.written <= written.bytes.max)
                #expect(written.head.utf8.count <= text.utf8.count + Limits.headGrowthBytesMax)
                guard case .complete = parseRequest(written.head) else {
                    Issue.record("what was written is no request: \(written.head)")
                    return
                }
            }
        }
    }

    @Test func theLargestHeadFitsALargeBlock() {
        let largest = Limits.headBytesMax + Limits.headGrowthBytesMax + Limits.requestLineBytesMax
        #expect(largest <= Limits.largeBlockBytes)
        #expect(largest <= Int(UInt16.max), "what is logged is named by 16-bit offsets")
        #expect(
            Limits.headBytesMax + Limits.headGrowthBytesMax + Limits.joinedBodyBytesMax <= Limits.largeBlockBytes)
    }

    @Test func responsesFitTheirRoom() throws {
        let connections: [HeadWriter.ConnectionField] = [.unsaid, .close, .keepAlive, .upgrade]
        for line in ["HTTP/1.1 200", "HTTP/1.0 200", "HTTP/1.1 426", "HTTP/1.1 101"] {
            for fields in ["", "A:\r\n", "Upgrade:x\r\n"] {
                for connection in connections {
                    let text = "\(line)\r\n\(fields)\r\n"
                    let head = try rewrittenResponse(text, chunked: true, connection: connection)
                    #expect(head.utf8.count <= text.utf8.count + Limits.headGrowthBytesMax)
                    #expect(parseResponse(head) == .complete(head.utf8.count))
                }
            }
        }
    }
}
