import Testing

@testable import ProxyCore

@Suite struct BodyFramingTests {
    private func scan(_ framing: inout BodyFraming, _ text: String, from start: Int = 0) -> BodyFraming.Scan {
        [UInt8](latin1: text).withRaw { framing.scan($0, from: start) }
    }

    @Test func aLengthIsCountedDown() {
        var framing = BodyFraming.length(5)
        #expect(scan(&framing, "ab") == .body(2))
        #expect(framing == .length(3) && !framing.isFinished)
        #expect(scan(&framing, "") == .body(0))
        #expect(scan(&framing, "xxcdefg", from: 2) == .body(3), "the rest belongs to what comes behind it")
        #expect(framing.isFinished)
        #expect(scan(&framing, "GET") == .body(0))
    }

    @Test func nothingIsABodyOfItsOwn() {
        var framing = BodyFraming.length(0)
        #expect(framing.isFinished)
        #expect(scan(&framing, "GET / HTTP/1.1") == .body(0))
    }

    @Test func untilTheEndOfTheConnectionAllIsBody() {
        var framing = BodyFraming.untilClose
        #expect(scan(&framing, "abc", from: 1) == .body(2))
        #expect(scan(&framing, "") == .body(0))
        #expect(!framing.isFinished)
    }

    @Test func chunksAreFollowedToTheirEnd() {
        var framing = BodyFraming.chunked(ChunkedDecoder())
        #expect(scan(&framing, "head3\r\nab", from: 4) == .body(5))
        #expect(!framing.isFinished)
        #expect(scan(&framing, "c\r\n0\r\nA: b\r\n") == .body(12))
        #expect(!framing.isFinished)
        #expect(scan(&framing, "\r\nGET") == .body(2))
        #expect(framing.isFinished)
        #expect(scan(&framing, "0\r\n\r\n") == .body(0))
    }

    @Test func malformedChunksAreTold() {
        var framing = BodyFraming.chunked(ChunkedDecoder())
        #expect(scan(&framing, "3\r\nabc\r\n") == .body(8))
        #expect(scan(&framing, "3\nabc") == .malformed)
    }

    @Test(arguments: ChunkedDecoderTests.bodies)
    func aScanOfPiecesAddsUpToTheBody(body: String, data: String) {
        let bytes = [UInt8](latin1: body + "GET / HTTP/1.1\r\n")
        for cut in 0...bytes.count {
            var framing = BodyFraming.chunked(ChunkedDecoder())
            var total = 0
            for piece in [bytes[..<cut], bytes[cut...]] {
                guard case .body(let count) = Array(piece).withRaw({ framing.scan($0, from: 0) }) else {
                    Issue.record("malformed when cut at \(cut)")
                    return
                }
                total += count
            }
            #expect(total == body.unicodeScalars.count && framing.isFinished)
        }
    }
}
