import Testing

@testable import ProxyCore

@Suite struct AnswerEditsTests {
    /// The lines of the answer that stay, and those that come.
    private func edited(_ edits: AnswerEdits, _ fields: String...) throws -> (stay: [String], come: [String]) {
        let bytes = [UInt8](latin1: (["HTTP/1.1 200 OK"] + fields + ["", ""]).joined(separator: "\r\n"))
        var head = ResponseHead()
        guard case .complete = bytes.withRaw({ head.parse($0) }) else {
            Issue.record("\(fields) make no head")
            return ([], [])
        }
        let come = written { out in bytes.withRaw { edits.write(head, $0, nil, to: &out) } }
        let stay = (0..<head.fields.count)
            .filter { index in bytes.withRaw { !edits.drops($0, head.fields[index].nameRange) } }
            .map { bytes.text(head.fields[$0].line.lowerBound..<head.fields[$0].line.upperBound - 2) }
        return (stay, Array(come.components(separatedBy: "\r\n").dropLast()))
    }

    private let coded = AnswerEdits(coding: .brotli, variesByCoding: true)
    private let plain = AnswerEdits(coding: nil, variesByCoding: true)

    @Test func aCodedBodyHasItsNameAndNoLength() throws {
        let (stay, come) = try edited(
            coded, "Content-Type: text/html", "content-length: 5000", "Accept-Ranges: bytes",
            "Content-Encoding: identity", "Date: x")
        #expect(stay == ["Content-Type: text/html", "Date: x"])
        #expect(come == ["Vary: Accept-Encoding", "Content-Encoding: br"])
    }

    @Test func answersOfOurOwnSayTheSame() {
        #expect(
            written { coded.writeOwn(withBody: true, to: &$0) }
                == "Vary: Accept-Encoding\r\nContent-Encoding: br\r\nTransfer-Encoding: chunked\r\n")
        #expect(
            written { coded.writeOwn(withBody: false, to: &$0) } == "Vary: Accept-Encoding\r\nContent-Encoding: br\r\n")
        #expect(written { plain.writeOwn(withBody: true, to: &$0) } == "Vary: Accept-Encoding\r\n")
        #expect(written { AnswerEdits().writeOwn(withBody: true, to: &$0) } == "")
    }

    @Test(arguments: [
        (CompressionSettings.Coding.gzip, "gzip"), (.brotli, "br"), (.zstd, "zstd"),
    ])
    func everyCodingHasAName(coding: CompressionSettings.Coding, name: String) throws {
        let come = try edited(AnswerEdits(coding: coding, variesByCoding: true)).come
        #expect(come == ["Vary: Accept-Encoding", "Content-Encoding: \(name)"])
    }

    @Test func whoAcceptsNoneHearsThatOthersMight() throws {
        let (stay, come) = try edited(plain, "Content-Length: 5000", "ETag: \"a\"", "Accept-Ranges: bytes")
        #expect(stay == ["Content-Length: 5000", "ETag: \"a\"", "Accept-Ranges: bytes"])
        #expect(come == ["Vary: Accept-Encoding"])
    }

    @Test func aStrongTagBecomesWeak() throws {
        #expect(try edited(coded, "ETag: \"a,b\"").come.last == "ETag: W/\"a,b\"")
        #expect(try edited(coded, "etag: W/\"a\"").come.last == "ETag: W/\"a\"")
        #expect(try edited(coded, "ETag: \"a\"").stay == [])
    }

    @Test(arguments: [
        (["Vary: Origin"], "Vary: Origin, Accept-Encoding"),
        (["Vary: Origin", "vary: Cookie"], "Vary: Origin, Cookie, Accept-Encoding"),
        (["Vary: Origin, accept-encoding"], "Vary: Origin, accept-encoding"),
        (["Vary: Accept-Encoding", "Vary: Cookie"], "Vary: Accept-Encoding, Cookie"), (["Vary: *"], "Vary: *"),
        (["Vary:"], "Vary: Accept-Encoding"), (["Vary: X-Accept-Encoding"], "Vary: X-Accept-Encoding, Accept-Encoding"),
    ])
    func whatItVariesByIsSaidOnce(fields: [String], line: String) throws {
        let (stay, come) =
            fields.count == 1 ? try edited(plain, fields[0]) : try edited(plain, fields[0], fields[1])
        #expect(stay == [])
        #expect(come == [line])
    }

    @Test func theUpstreamsCORSFieldsGo() throws {
        let (stay, come) = try edited(
            AnswerEdits(hidesCORS: true), "Access-Control-Allow-Origin: *", "access-control-expose-headers: a",
            "Vary: Origin", "Content-Length: 5")
        #expect(stay == ["Vary: Origin", "Content-Length: 5"])
        #expect(come == [])
    }

    @Test func nothingIsNothing() throws {
        #expect(AnswerEdits().isNone)
        #expect(try edited(AnswerEdits(), "ETag: \"a\"", "Vary: a", "Access-Control-Max-Age: 1").stay.count == 3)
    }
}
