import Testing

@testable import ProxyCore

@Suite struct ChunkedDecoderTests {
    /// What a decoder makes of a body that comes in pieces.
    private enum Decoded: Equatable {
        /// The data, and how many bytes the body took.
        case whole(String, Int)
        /// It needs more.
        case partial(String)
        case malformed
    }

    private func decode(_ pieces: [[UInt8]]) -> Decoded {
        var decoder = ChunkedDecoder()
        var data: [UInt8] = []
        var used = 0
        for piece in pieces {
            var index = 0
            while index < piece.count, !decoder.isFinished {
                switch piece.withRaw({ decoder.step($0, from: index) }) {
                case .framing(let end):
                    if end <= index { return .malformed }
                    index = end
                case .data(let end):
                    if end <= index || end > piece.count { return .malformed }
                    data += piece[index..<end]
                    index = end
                case .malformed: return .malformed
                }
            }
            used += index
        }
        return decoder.isFinished ? .whole(String(latin1: data), used) : .partial(String(latin1: data))
    }

    private func decode(_ text: String) -> Decoded { decode([[UInt8](latin1: text)]) }

    // ---- valid bodies -----------------------------------------------------------------------------------------------

    static let bodies: [(String, String)] = [
        ("0\r\n\r\n", ""),
        ("5\r\nhello\r\n0\r\n\r\n", "hello"),
        ("1\r\na\r\n2\r\nbc\r\n0\r\n\r\n", "abc"),
        ("a\r\n0123456789\r\nA\r\n0123456789\r\n00\r\n\r\n", "01234567890123456789"),
        ("0000000000000003\r\n\r\n\n\r\n0\r\n\r\n", "\r\n\n"),
        ("3\r\n0\r\n\r\n0\r\n\r\n", "0\r\n"),
        ("3;a\r\nabc\r\n0;b=c\r\n\r\n", "abc"),
        ("3;a;b=c;d=\"e;f\\\"g\\\\\"\r\nabc\r\n0\r\n\r\n", "abc"),
        ("3 ;\ta = b ; c =\t\"\" ; d\r\nabc\r\n0\r\n\r\n", "abc"),
        ("3;a=\"\u{E9}\t \"\r\nabc\r\n0\r\n\r\n", "abc"),
        ("1\r\nx\r\n0\r\nA: b\r\nC:\r\nD: \t\u{E9} \r\n\r\n", "x"),
    ]

    @Test(arguments: bodies)
    func bodiesEndWhereTheirTrailersDo(body: String, data: String) {
        let count = body.unicodeScalars.count
        #expect(decode(body) == .whole(data, count))
        #expect(decode(body + "0\r\n\r\nGET") == .whole(data, count), "what follows is another's")
    }

    @Test(arguments: bodies)
    func noCutChangesABody(body: String, data: String) {
        let bytes = [UInt8](latin1: body)
        for cut in 0...bytes.count {
            #expect(decode([Array(bytes[..<cut]), Array(bytes[cut...])]) == .whole(data, bytes.count), "cut at \(cut)")
        }
        #expect(decode(bytes.map { [$0] }) == .whole(data, bytes.count), "byte by byte")
    }

    @Test(arguments: bodies)
    func everyPrefixNeedsMore(body: String, data: String) {
        let bytes = [UInt8](latin1: body)
        for count in 0..<bytes.count {
            guard case .partial(let found) = decode([Array(bytes[..<count])]) else {
                Issue.record("the first \(count) bytes of \(body)")
                continue
            }
            #expect(data.unicodeScalars.starts(with: found.unicodeScalars))
        }
    }

    @Test func manyCutsChangeNothing() {
        var random = SeededGenerator(seed: 2)
        for (body, data) in Self.bodies {
            let bytes = [UInt8](latin1: body)
            for _ in 0..<50 {
                var pieces: [[UInt8]] = []
                var rest = bytes[...]
                while !rest.isEmpty {
                    let count = Int.random(in: 1...min(5, rest.count), using: &random)
                    pieces.append(Array(rest.prefix(count)))
                    rest = rest.dropFirst(count)
                }
                #expect(decode(pieces) == .whole(data, bytes.count), "\(pieces)")
            }
        }
    }

    // ---- malformed bodies -------------------------------------------------------------------------------------------

    static let malformed: [String] = [
        // Sizes.
        "\r\n", "g\r\n", "x5\r\n", "0x5\r\n", "-1\r\n", "+1\r\n", " 5\r\n", "5 \r\n", "5\t\r\n", "5 5\r\n", "5,\r\n",
        "5.\r\n",
        "00000000000000001\r\n", "fffffffffffffffff\r\n", "ffffffffffffffff\r\n", "1000000000000000\r\n", "\u{0}5\r\n",
        "5h\r\n",
        // Line ends.
        "5\n", "5\r\r\n", "5\r5", "5\rhello", "\n5\r\n", "5;a\n", "5;a\r;", "0\r\n\n", "0\r\n\rx", "0\n\n", "0\r\n\r\r",
        // Chunk ends.
        "5\r\nhello0\r\n", "5\r\nhello\n", "5\r\nhello\r0", "5\r\nhello \r\n", "5\r\nhellox\r\n", "5\r\nhello\r\r\n",
        "5\r\nhello\r\n\r\n",
        // Extensions.
        "5;\r\n", "5;;a\r\n", "5;=a\r\n", "5;a=\r\n", "5;a=;b\r\n", "5;a b\r\n", "5;a=b c\r\n", "5;a=b=c\r\n",
        "5;a,b\r\n",
        "5;a=\"b\r\n", "5;a=\"b\n\"\r\n", "5;a=\"\u{0}\"\r\n", "5;a=\"\\\r\n", "5;a=\"b\"x\r\n", "5;\u{E9}\r\n",
        "5;a \r\n",
        "5;a=b \r\n", "5;a=\"b\" \r\n", "5;a\u{0}\r\n", "5;a\u{7F}\r\n", "5;a=\u{E9}\r\n", "5 a\r\n", "5 =a\r\n",
        "5\"a\"\r\n",
        // Trailers.
        "0\r\nA\r\n", "0\r\n: b\r\n", "0\r\n A: b\r\n", "0\r\nA : b\r\n", "0\r\nA: b\n", "0\r\nA: b\rc",
        "0\r\nA: \u{0}\r\n",
        "0\r\nA: b\r\n c\r\n", "0\r\nA: b\u{7F}\r\n", "0\r\n\u{E9}: b\r\n", "0\r\nA b: c\r\n",
    ]

    @Test(arguments: malformed)
    func malformedBodies(body: String) {
        #expect(decode(body) == .malformed)
        #expect(decode([UInt8](latin1: body).map { [$0] }) == .malformed, "byte by byte")
    }

    /// What follows a quoted string is no more of the size.
    @Test(arguments: ["5;a=\"b\"0\r\n", "1;a=\"\"f\r\n", "0;a=\"b\"5\r\nhello\r\n0\r\n\r\n", "5;a=\"b\"c\r\n"])
    func digitsBehindAQuotedStringAreNoSize(body: String) { #expect(decode(body) == .malformed) }

    // ---- bounds -----------------------------------------------------------------------------------------------------

    @Test func aLineOfExtensionsIsBounded() {
        // The bound counts the size and the line end too.
        let fitting = "1;" + String(repeating: "a", count: Limits.chunkLineBytesMax - 3)
        #expect(decode(fitting + "\r\nx\r\n0\r\n\r\n") == .whole("x", fitting.utf8.count + 10))
        #expect(decode(fitting + "a\r\n") == .malformed)
        #expect(decode("1;" + String(repeating: ";a", count: Limits.chunkLineBytesMax)) == .malformed)
        #expect(decode("1" + String(repeating: " ", count: Limits.chunkLineBytesMax)) == .malformed)
        #expect(decode("1;a=\"" + String(repeating: "b", count: Limits.chunkLineBytesMax)) == .malformed)
        #expect(decode("1;a=\"" + String(repeating: "\\b", count: Limits.chunkLineBytesMax)) == .malformed)
    }

    @Test func everyChunkHasALineOfItsOwn() {
        let longest = "1;" + String(repeating: "a", count: Limits.chunkLineBytesMax - 3) + "\r\nx\r\n"
        let body = String(repeating: longest, count: 3) + "0\r\n\r\n"
        #expect(decode(body) == .whole("xxx", body.utf8.count))
    }

    @Test func theTrailerSectionIsBounded() {
        let line = "A: " + String(repeating: "b", count: 95) + "\r\n"
        let lines = Limits.trailerBytesMax / 100
        let fitting = "0\r\n" + String(repeating: line, count: lines) + "\r\n"
        #expect(decode(fitting) == .whole("", fitting.utf8.count))
        #expect(decode("0\r\n" + String(repeating: line, count: lines + 1)) == .malformed)
        #expect(decode("0\r\n" + String(repeating: "A", count: Limits.trailerBytesMax + 1)) == .malformed)
    }

    @Test func theLargestChunkIsCountedRight() {
        var decoder = ChunkedDecoder()
        let line = [UInt8](latin1: "0fffffffffffffff\r\n")
        #expect(line.withRaw { decoder.step($0, from: 0) } == .framing(upTo: 18))
        let data = [UInt8](repeating: 0x61, count: 4096)
        #expect(data.withRaw { decoder.step($0, from: 0) } == .data(upTo: 4096))
        #expect(!decoder.isFinished)
    }
}
