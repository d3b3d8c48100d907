import Glibc
import Testing

@testable import ProxyCore

@Suite struct FileBodyTests {
    private let type = Array("text/plain".utf8)

    private func make(_ value: String, of size: Int = 100, boundary: UInt64? = nil) -> FileBody? {
        let reading = [UInt8](latin1: value).withRaw { ByteRanges.read($0, 0..<$0.byteCount, size: size) }
        guard case .ranges(let ranges) = reading else { return nil }
        return FileBody(0, OpenFile.Representation(size: size), ranges, boundary: boundary)
    }

    /// All that is sent, each byte of the file as the number of its place.
    private func sent(_ body: inout FileBody) -> String {
        var out = ByteBuffer(capacity: 4096)
        while !body.isFinished {
            body.beginNextPart(type: type, to: &out)
            while !body.rest.isEmpty {
                out.append(ASCII.zero + UInt8(body.rest.lowerBound % 10))
                body.noteSent(1)
            }
        }
        return out.text
    }

    @Test func oneRangeIsSentAsItIs() throws {
        var body = try #require(make("bytes=8-12"))
        #expect(body.length(type: type) == 5)
        #expect(sent(&body) == "89012")
    }

    @Test func severalHaveHeads() throws {
        var body = try #require(make("bytes=0-2,50-51,-1", boundary: 0xABC))
        let length = body.length(type: type)
        let text = sent(&body)
        #expect(
            text == """
                \r\n--0000000000000abc\r
                Content-Type: text/plain\r
                Content-Range: bytes 0-2/100\r
                \r
                012\r
                --0000000000000abc\r
                Content-Type: text/plain\r
                Content-Range: bytes 50-51/100\r
                \r
                01\r
                --0000000000000abc\r
                Content-Type: text/plain\r
                Content-Range: bytes 99-99/100\r
                \r
                9\r
                --0000000000000abc--\r\n
                """)
        #expect(length == text.utf8.count)
    }
}
