import Testing

@testable import ProxyCore

@Suite struct FieldLinesTests {
    private func parse(_ text: String, from start: Int = 0) -> (ParseOutcome, [String]) {
        let bytes = [UInt8](latin1: text)
        var lines = FieldLines()
        let outcome = bytes.withRaw { lines.parse($0, from: start) }
        return (outcome, lines.texts(in: bytes))
    }

    @Test(arguments: [
        ("\r\n", []),
        ("A: b\r\n\r\n", ["A=b"]),
        ("A:b\r\n\r\n", ["A=b"]),
        ("A: \t b c\t \r\n\r\n", ["A=b c"]),
        ("A:\r\nB: \r\nC:\t\t\r\n\r\n", ["A=", "B=", "C="]),
        ("A: 1\r\nB: 2\r\nA: 3\r\n\r\n", ["A=1", "B=2", "A=3"]),
        ("!#$%&'*+-.^_`|~09: :\"(){}\u{80}\u{FF}\r\n\r\n", ["!#$%&'*+-.^_`|~09=:\"(){}\u{80}\u{FF}"]),
    ])
    func valuesAreWithoutTheBlanksAroundThem(text: String, lines: [String]) {
        #expect(parse(text + "rest") == (.complete(text.unicodeScalars.count), lines))
    }

    @Test(arguments: [
        " A: b\r\n\r\n", "\tA: b\r\n\r\n", "A: b\r\n c\r\n\r\n", "A: b\r\n\tc\r\n\r\n", "A: b\r\n \r\n\r\n",
        "A : b\r\n\r\n", "A\t: b\r\n\r\n", "A\r\n\r\n", ": b\r\n\r\n", "A B: c\r\n\r\n", "A(: b\r\n\r\n",
        "\u{E9}: b\r\n\r\n", "A\u{0}: b\r\n\r\n", "A: b\n\r\n", "A: b\n\n", "A: b\r\r\n", "A: b\rc\r\n\r\n",
        "A: b\u{0}c\r\n\r\n", "A: b\u{1F}c\r\n\r\n", "A: b\u{7F}c\r\n\r\n", "A: b\r\n\n", "A: b\r\n\rX", "\n", "\rX",
        "A: b\r\nB\r\n\r\n", "\"A\": b\r\n\r\n", "A: \u{B}\r\n\r\n",
    ])
    func whatTwoParsersCouldReadDifferentlyIsRefused(text: String) {
        #expect(parse(text).0 == .refused(.malformed))
    }

    @Test func offsetsCountFromTheFirstByteOfTheHead() {
        let text = "first line\r\nA: b\r\n\r\n"
        #expect(parse(text, from: 12) == (.complete(text.utf8.count), ["A=b"]))
        let bytes = [UInt8](latin1: text)
        var lines = FieldLines()
        _ = bytes.withRaw { lines.parse($0, from: 12) }
        #expect(lines[0].line == 12..<18)
    }

    @Test func everyPrefixIsIncomplete() {
        let text = "A: b\r\nCd:\t\r\nE:  \u{E9} f \r\n\r\n"
        for count in 0..<text.unicodeScalars.count {
            #expect(parse(String(text.unicodeScalars.prefix(count))).0 == .partial, "the first \(count)")
        }
    }

    @Test func aTableIsForgottenWhenTheNextIsParsed() {
        var lines = FieldLines()
        let bytes = [UInt8](latin1: "A: b\r\nC: d\r\n\r\n")
        _ = bytes.withRaw { lines.parse($0, from: 0) }
        _ = bytes.withRaw { lines.parse($0, from: 6) }
        #expect(lines.texts(in: bytes) == ["C=d"])
    }

    @Test func asManyLinesAsThereIsPlaceFor() {
        let full = String(repeating: "A: b\r\n", count: Limits.fieldLinesMax)
        #expect(parse(full + "\r\n").0 == .complete(full.utf8.count + 2))
        #expect(parse(full + "A: b\r\n").0 == .refused(.headTooLarge))
    }

    @Test func linesEndWithinTheLargestHead() {
        let fitting = "A: " + String(repeating: "x", count: Limits.headBytesMax - 5) + "\r\n"
        #expect(parse(fitting).0 == .partial)
        #expect(parse("A" + fitting).0 == .refused(.headTooLarge))
        // Far beyond what 16 bits can count.
        #expect(parse("A: " + String(repeating: "x", count: 70_000) + "\r\n\r\n").0 == .refused(.headTooLarge))
        #expect(parse(String(repeating: "A", count: 70_000) + ": x\r\n\r\n").0 == .refused(.headTooLarge))
        #expect(
            parse(String(repeating: "x", count: 70_000) + "\r\nA: b\r\n\r\n", from: 70_002).0 == .refused(.headTooLarge)
        )
    }
}
