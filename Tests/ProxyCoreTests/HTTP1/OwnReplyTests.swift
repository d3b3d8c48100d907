import Testing

@testable import ProxyCore

@Suite struct OwnReplyTests {
    private static let all: [OwnReply] = [
        .badRequest, .unauthorized, .forbidden, .notFound, .methodNotAllowed, .requestTimeout, .contentTooLarge,
        .requestLineTooLong, .headTooLarge, .notImplemented, .badGateway,
        .noEndpoint, .gatewayTimeout, .versionNotSupported,
    ]

    private func text(
        _ reply: OwnReply, _ connection: HeadWriter.ConnectionField = .unsaid, withBody: Bool = true
    ) -> String {
        written(room: Limits.headGrowthBytesMax) {
            reply.write(to: &$0, connection, lines: RawSpan(), withBody: withBody)
        }
    }

    @Test func theWholeAnswer() {
        let expected = """
            HTTP/1.1 503 Service Unavailable\r
            Content-Type: text/plain; charset=utf-8\r
            Content-Length: 63\r
            Retry-After: 1\r
            Connection: close\r
            \r
            No endpoint of this service can be reached at the moment.\n
            """
        let body = "No endpoint of this service can be reached at the moment.\n"
        #expect(text(.noEndpoint, .close) == expected.replacing("63", with: "\(body.utf8.count)"))
    }

    @Test(arguments: all)
    func everyAnswerIsOneThatWeWouldAccept(reply: OwnReply) throws {
        let answer = text(reply)
        let bytes = [UInt8](latin1: answer)
        var head = ResponseHead()
        guard case .complete(let length) = bytes.withRaw({ head.parse($0) }) else {
            Issue.record("no response: \(answer)")
            return
        }
        #expect(head.status == Int(reply.rawValue))
        #expect(head.body(toHead: false) == .length(bytes.count - length))
        #expect(answer.hasSuffix(".\n"))
        #expect(answer.contains("Retry-After: 1\r\n") == (reply == .noEndpoint))
    }

    @Test(arguments: all)
    func anAnswerToHeadHasTheLengthAndNoBody(reply: OwnReply) {
        let head = text(reply, withBody: false)
        #expect(head.hasSuffix("\r\n\r\n") && text(reply).hasPrefix(head) && text(reply) != head)
    }

    @Test(arguments: [
        (HeadWriter.ConnectionField.unsaid, [String]()), (.close, ["Connection: close"]),
        (.keepAlive, ["Connection: keep-alive"]),
    ])
    func whatBecomesOfTheConnectionIsSaid(connection: HeadWriter.ConnectionField, expected: [String]) {
        let lines = text(.notFound, connection).components(separatedBy: "\r\n")
        #expect(lines.filter { $0.hasPrefix("Connection") } == expected)
    }
}
