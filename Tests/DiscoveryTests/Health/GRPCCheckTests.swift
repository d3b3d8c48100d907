import ProxyCore
import Testing

@testable import Discovery

/// A gRPC check, and a server's frames written by hand (RFC 9113 section 4.1, RFC 7541).
@Suite struct GRPCCheckTests {
    private static func frame(_ type: UInt8, flags: UInt8 = 0, stream: UInt8 = 1, _ payload: [UInt8] = []) -> [UInt8] {
        [0, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF), type, flags, 0, 0, 0, stream] + payload
    }

    /// A field that goes into no table (RFC 7541 section 6.2.2).
    private static func field(_ name: String, _ value: String) -> [UInt8] {
        [0, UInt8(name.utf8.count)] + Array(name.utf8) + [UInt8(value.utf8.count)] + Array(value.utf8)
    }

    private static let settings = frame(4, stream: 0)
    private static let status200: [UInt8] = [0x88]
    private static let head = frame(1, flags: 4, status200 + field("content-type", "application/grpc"))
    private static func trailers(_ status: String) -> [UInt8] { frame(1, flags: 5, field("grpc-status", status)) }
    private static func data(_ message: [UInt8]) -> [UInt8] {
        frame(0, [0, 0, 0, 0, UInt8(message.count)] + message)
    }

    private static func answer(_ status: UInt8) -> [UInt8] { settings + head + data([8, status]) + trailers("0") }

    /// What a check says of a server's bytes, in pieces of `size`.
    private func verdict(on bytes: [UInt8], inPiecesOf size: Int = .max, service: String = "tweets") -> ProbeResult {
        let check = GRPCCheck(service: service, host: "web:50051")
        _ = check.output()
        var rest = bytes[...]
        while !rest.isEmpty {
            if let result = check.take(Array(rest.prefix(size))) { return result }
            _ = check.output()
            rest = rest.dropFirst(size)
        }
        return check.end()
    }

    @Test func theRequestIsOneCall() {
        let check = GRPCCheck(service: "tweets", host: "web:50051")
        let sent = check.output()
        let text = String(decoding: sent, as: UTF8.self)
        #expect(text.hasPrefix("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))
        // The message ends the stream (flag 1 of DATA on stream 1).
        let message: [UInt8] = [0, 0, 0, 0, 8, 10, 6] + Array("tweets".utf8)
        #expect(sent.suffix(9 + message.count).elementsEqual(Self.frame(0, flags: 1, message)))
        #expect(check.output().isEmpty)
        #expect(check.take(Self.settings) == nil)
        #expect(check.output() == Self.frame(4, flags: 1, stream: 0), "the server's settings are acknowledged")
    }

    @Test(
        arguments: [
            (1, ProbeResult.passed), (2, .leaving("answered NOT_SERVING to its probe")),
            (0, .failed("answered status 0")),
            (3, .failed("it knows no service \"tweets\"")),
        ] as [(UInt8, ProbeResult)])
    func theStatusDecides(status: UInt8, result: ProbeResult) {
        #expect(verdict(on: Self.answer(status)) == result)
    }

    @Test(arguments: 1...60)
    func theAnswerMayBeCut(size: Int) {
        #expect(verdict(on: Self.answer(1), inPiecesOf: size) == .passed)
        #expect(verdict(on: Self.answer(2), inPiecesOf: size) == .leaving("answered NOT_SERVING to its probe"))
    }

    @Test(arguments: [
        ("5", "it knows no service \"tweets\""), ("12", "it has no grpc.health.v1.Health"),
        ("14", "answered gRPC status 14"),
    ])
    func anErrorIsAFailure(status: String, reason: String) {
        let trailersOnly = Self.frame(1, flags: 5, Self.status200 + Self.field("grpc-status", status))
        #expect(verdict(on: Self.settings + trailersOnly) == .failed(reason))
        #expect(verdict(on: Self.settings + Self.head + Self.trailers(status)) == .failed(reason))
    }

    @Test func whatIsNoAnswerIsAFailure() {
        let notFound: [UInt8] = [0x8d]
        #expect(verdict(on: Self.settings + Self.frame(1, flags: 5, notFound)) == .failed("answered 404"))
        #expect(
            verdict(on: Self.settings + Self.frame(1, flags: 5, Self.status200))
                == .failed("its answer has no grpc-status"))
        #expect(
            verdict(on: Self.settings + Self.head + Self.frame(3, [0, 0, 0, 7]))
                == .failed("its stream was reset (HTTP/2 error 7)"))
        #expect(
            verdict(on: Self.settings + Self.head + Self.data([9]) + Self.trailers("0"))
                == .failed("its answer is malformed"))
        #expect(verdict(on: Self.settings + Self.head) == .failed("closed without an answer"))
        #expect(verdict(on: []) == .failed("closed without an answer"))
    }

    @Test(arguments: [
        "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n", "SSH-2.0-OpenSSH_9.2\r\n",
        "\u{15}\u{3}\u{1}\0\u{2}\u{2}\u{28}\0\0\0\0",
    ])
    func anotherProtocolIsAFailure(text: String) {
        #expect(verdict(on: Array(text.utf8)) == .failed("it does not speak HTTP/2"))
    }

    // MARK: Messages

    @Test func namesOfAnyLengthAreFramed() {
        #expect(HealthCheckMessage.request(service: "") == [0, 0, 0, 0, 0])
        #expect(HealthCheckMessage.request(service: "a") == [0, 0, 0, 0, 3, 10, 1, 97])
        let long = HealthCheckMessage.request(service: String(repeating: "a", count: 300))
        #expect(long.prefix(8) == [0, 0, 0, 1, 47, 10, 0xAC, 2])
        #expect(long.count == 308)
    }

    /// Messages and the status in them; nil for what is none.
    @Test(
        arguments: [
            ([0, 0, 0, 0, 0], 0), ([0, 0, 0, 0, 2, 8, 1], 1), ([0, 0, 0, 0, 3, 8, 0x81, 1], 129),
            // Fields that are not known, of each type that can be skipped, before and behind.
            ([0, 0, 0, 0, 6, 18, 2, 8, 9, 8, 2], 2), ([0, 0, 0, 0, 4, 8, 2, 16, 7], 2),
            ([0, 0, 0, 0, 7, 29, 1, 2, 3, 4, 8, 1], 1), ([0, 0, 0, 0, 11, 25, 1, 2, 3, 4, 5, 6, 7, 8, 8, 1], 1),
            ([], nil), ([0, 0, 0, 0], nil), ([1, 0, 0, 0, 0], nil), ([0, 0, 0, 0, 1], nil),
            ([0, 0, 0, 0, 1, 8, 1], nil),
            ([0, 0, 0, 0, 1, 8], nil), ([0, 0, 0, 0, 2, 18, 9], nil), ([0, 0, 0, 0, 1, 11], nil),
            ([0, 0, 0, 0, 11, 8, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255], nil),
            ([0, 0xFF, 0xFF, 0xFF, 0xFF], nil), ([0, 0, 0, 0, 2, 29, 1], nil), ([0, 0, 0, 0, 2, 25, 1], nil),
        ] as [([UInt8], UInt64?)])
    func statusesAreRead(bytes: [UInt8], status: UInt64?) {
        #expect(HealthCheckMessage.status(bytes) == status)
    }

    @Test func anEndlessBodyIsCut() {
        var answer = GRPCAnswer(service: "")
        for _ in 0..<100 { answer.append([UInt8](repeating: 0, count: 100)) }
        answer.note(":status".utf8, "200".utf8)
        answer.note("grpc-status".utf8, "0".utf8)
        #expect(answer.verdict == .failed("its answer is malformed"))
    }
}
