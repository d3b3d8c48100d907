import Testing

@testable import ProxyCore

/// No parser reads behind the bytes it is given, wherever they end.
@Suite struct GuardPageTests {
    private let memory = GuardedBytes(capacity: 16 * 1024)

    private func forEachPrefix(of texts: [String], _ body: (RawSpan) -> Void) {
        for text in texts {
            let bytes = [UInt8](latin1: text)
            for count in 0...bytes.count { memory.withBytes(Array(bytes[..<count]), body) }
        }
    }

    @Test func requestHeads() {
        var head = RequestHead()
        var outcomes = 0
        forEachPrefix(of: Heads.requests + RequestRefusalTests.malformed) {
            if head.parse($0) != .partial { outcomes += 1 }
        }
        #expect(outcomes >= Heads.requests.count + RequestRefusalTests.malformed.count)
    }

    @Test func responseHeads() {
        var head = ResponseHead()
        var outcomes = 0
        forEachPrefix(of: Heads.responses + ResponseHeadTests.malformed) {
            if head.parse($0) != .partial { outcomes += 1 }
        }
        #expect(outcomes >= Heads.responses.count + ResponseHeadTests.malformed.count)
    }

    @Test func chunkedBodies() {
        var finished = 0
        forEachPrefix(of: ChunkedDecoderTests.bodies.map(\.0) + ChunkedDecoderTests.malformed) {
            var framing = BodyFraming.chunked(ChunkedDecoder())
            if framing.scan($0, from: 0) != .malformed, framing.isFinished { finished += 1 }
        }
        #expect(finished == ChunkedDecoderTests.bodies.count)
    }

    @Test func theSearchForAControlCharacter() {
        for count in 0..<64 {
            for start in 0...count {
                let end = memory.withBytes([UInt8](repeating: 0x61, count: count)) { $0.indexOfControl(from: start) }
                #expect(end == count)
            }
        }
    }

    @Test func theGuardIsThere() async {
        await #expect(processExitsWith: .failure) {
            let memory = GuardedBytes(capacity: 1)
            let byte = memory.withBytes([1]) { span in
                unsafe span.withUnsafeBytes { unsafe ($0.baseAddress! + 1).load(as: UInt8.self) }
            }
            #expect(byte == 0)
        }
    }
}
