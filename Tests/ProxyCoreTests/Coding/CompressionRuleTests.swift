import Testing

@testable import ProxyCore

@Suite struct CompressionRuleTests {
    private static let text = "Content-Type: text/html"

    private func verdict(
        _ fields: String..., status: String = "200 OK", _ change: (inout CompressionSettings) -> Void = { _ in }
    ) throws -> CompressionRule.Verdict {
        let bytes = [UInt8](latin1: (["HTTP/1.1 \(status)"] + fields + ["", ""]).joined(separator: "\r\n"))
        var settings = CompressionSettings()
        change(&settings)
        var head = ResponseHead()
        guard case .complete = bytes.withRaw({ head.parse($0) }) else {
            Issue.record("\(fields) make no head")
            return .leave
        }
        return bytes.withRaw { CompressionRule(settings).verdict(head, $0) }
    }

    @Test func textOfAnyKindIsEncoded() throws {
        for type in ["text/html", "text/css;charset=utf-8", "TEXT/Plain ; a=b", "application/json", "image/svg+xml"] {
            #expect(try verdict("Content-Type: \(type)") == .encode(flushesAlways: false), "\(type)")
        }
        #expect(try verdict("Content-Type: text/event-stream") == .encode(flushesAlways: true))
    }

    @Test func whatIsCompactByItselfIsNot() throws {
        for type in ["image/png", "video/mp4", "text", "textual/html", "text/", "application/jsonx", ""] {
            #expect(try verdict("Content-Type: \(type)") == .leave, "\(type)")
        }
        #expect(try verdict() == .leave)
    }

    @Test func theListOfTypesDecides() throws {
        #expect(try verdict("Content-Type: image/png") { $0.types = ["image/*"] } == .encode(flushesAlways: false))
        #expect(try verdict("Content-Type: image/png") { $0.types = ["*/*"] } == .encode(flushesAlways: false))
        #expect(try verdict("Content-Type: Image/PNG") { $0.types = ["image/Png"] } == .encode(flushesAlways: false))
        #expect(try verdict(Self.text) { $0.types = [] } == .leave)
    }

    @Test func shortBodiesAreLeft() throws {
        #expect(try verdict(Self.text, "Content-Length: 1023") == .leave)
        #expect(try verdict(Self.text, "Content-Length: 1024") == .encode(flushesAlways: false))
        #expect(try verdict(Self.text, "Content-Length: 0") { $0.bytesMin = 0 } == .leave)
        #expect(try verdict(Self.text, "Transfer-Encoding: chunked") == .encode(flushesAlways: false))
    }

    @Test(arguments: [
        "204 No Content", "205 Reset Content", "206 Partial Content", "304 Not Modified", "103 Early Hints",
    ])
    func statusesWithoutWholeContentAreLeft(status: String) throws {
        #expect(try verdict(Self.text, status: status) == .leave)
    }

    @Test func answersOfOurOwnAreJudgedAlike() {
        func covers(_ type: String, status: Int = 200, length: Int = 1024) -> Bool {
            [UInt8](latin1: type).withRaw {
                CompressionRule(CompressionSettings()).covers(status: status, type: $0, length: length)
            }
        }
        #expect(covers("text/html; charset=utf-8") && covers("Application/JSON") && covers("text/plain", status: 404))
        #expect(!covers("image/png") && !covers("") && !covers("text/html", length: 1023))
        for status in [103, 204, 205, 206, 304] { #expect(!covers("text/html", status: status)) }
    }

    @Test func errorsAreEncodedToo() throws {
        #expect(try verdict(Self.text, status: "404 Not Found") == .encode(flushesAlways: false))
    }

    @Test(arguments: [
        "Content-Encoding: gzip", "content-encoding: br", "Cache-Control: public, No-Transform", "Content-MD5: x",
        "Content-Digest: sha-256=:x:", "Repr-Digest: sha-256=:x:", "Digest: sha-256=x",
    ])
    func whatForbidsItLeavesIt(field: String) throws { #expect(try verdict(Self.text, field) == .leave) }

    @Test(arguments: ["Content-Encoding: identity", "Cache-Control: no-transformation", "Cache-Control: no-store"])
    func whatDoesNotForbidItDoesNot(field: String) throws {
        #expect(try verdict(Self.text, field) == .encode(flushesAlways: false))
    }
}
