import Testing

@testable import ProxyCore

@Suite struct RawSpanTests {
    // ---- comparison -------------------------------------------------------------------------------------------------

    @Test(arguments: [
        ("host", true), ("HOST", true), ("hOsT", true), ("hos", false), ("hosts", false), ("h0st", false), ("", false),
        ("\u{28}ost", false), ("hos\u{14}", false), ("hos\u{D4}", false),
    ])
    func comparesWithANameInAnyCase(found: String, isEqual: Bool) {
        let bytes = [UInt8](latin1: "<\(found)>")
        #expect(bytes.withRaw { $0.equals(1..<bytes.count - 1, ignoringCase: "host") } == isEqual)
    }

    @Test(arguments: [("Host", true), ("host", false), ("HOST", false), ("Hos", false), ("Hosts", false), ("", false)])
    func comparesWithANameLetterForLetter(found: String, isEqual: Bool) {
        let bytes = [UInt8](latin1: "<\(found)>")
        #expect(bytes.withRaw { $0.equals(1..<bytes.count - 1, "Host") } == isEqual)
    }

    @Test func onlyLettersHaveTwoCases() {
        // "@" and "`", "[" and "{" differ by the same bit as "A" and "a" do, and are still not equal.
        for wanted in UInt8.all {
            let equals = UInt8.all.filter { other in
                [wanted, other].withRaw { $0.equalsIgnoringCase(0..<1, 1..<2) }
            }
            let isLetter = (0x41...0x5A).contains(wanted & ~0x20)
            #expect(equals == (isLetter ? [wanted & ~0x20, wanted | 0x20] : [wanted]))
        }
    }

    @Test func rangesOfDifferentLengthDiffer() {
        #expect([UInt8](latin1: "abcAB").withRaw { !$0.equalsIgnoringCase(0..<3, 3..<5) })
        #expect([UInt8](latin1: "abcABC").withRaw { $0.equalsIgnoringCase(0..<3, 3..<6) })
        #expect([UInt8](latin1: "a").withRaw { $0.equalsIgnoringCase(0..<0, 1..<1) })
    }

    // ---- the end of a field value -----------------------------------------------------------------------------------

    /// What `indexOfControl` is to find, a byte at a time.
    private func indexOfControl(in bytes: [UInt8], from start: Int) -> Int {
        bytes[start...].firstIndex { ($0 < 0x20 && $0 != 0x09) || $0 == 0x7F } ?? bytes.count
    }

    @Test func everyByteIsToldAtEveryPlaceOfAWord() {
        for byte in UInt8.all {
            for place in 0..<17 {
                var bytes = [UInt8](repeating: 0x61, count: 17)
                bytes[place] = byte
                for start in 0...bytes.count {
                    let found = bytes.withRaw { $0.indexOfControl(from: start) }
                    #expect(found == indexOfControl(in: bytes, from: start), "byte \(byte) at \(place), from \(start)")
                }
            }
        }
    }

    @Test func nothingBesideAControlHidesIt() {
        // The bytes of a word are looked at together: those that a carry could reach or that look alike are mixed here.
        let alphabet: [UInt8] = [0x00, 0x01, 0x09, 0x09, 0x0D, 0x1F, 0x20, 0x21, 0x7E, 0x7F, 0x80, 0x89, 0x9F, 0xFF]
        var random = SeededGenerator(seed: 1)
        for _ in 0..<20_000 {
            let count = Int.random(in: 0...40, using: &random)
            let bytes = (0..<count).map { _ in
                Int.random(in: 0..<4, using: &random) == 0 ? alphabet.randomElement(using: &random) ?? 0 : 0x80
            }
            let start = Int.random(in: 0...count, using: &random)
            let found = bytes.withRaw { $0.indexOfControl(from: start) }
            #expect(found == indexOfControl(in: bytes, from: start), "\(bytes) from \(start)")
        }
    }

    // ---- hosts ------------------------------------------------------------------------------------------------------

    @Test(arguments: [
        "", "example.com", "EXAMPLE.com:8080", "a", "127.0.0.1:80", "[::1]", "[::1]:80", "[fe80::1%25eth0]", "[v1.a:b]",
        "under_score", "%41.example", "a:", ":80", "x!$&'()*+,;=~-", "[::ffff:1.2.3.4]:",
    ])
    func hostsOfTheGrammarPass(host: String) { #expect(isHostAndPort(host)) }

    @Test(arguments: [
        "a b", " a", "a ", "a/b", "a?b", "a#b", "user@a", "a:80:80", "a:8o", "a:-1", "a: 80", "::1", "[::1", "::1]",
        "[::1]a", "[::1]80", "[[::1]]", "a[::1]", "[a/b]", "a\\b", "a\"", "<a>", "a\u{0}", "\u{E9}.example", "a\t",
        "{a}",
    ])
    func whatIsNoHostIsRefused(host: String) { #expect(!isHostAndPort(host)) }

    private func isHostAndPort(_ host: String) -> Bool {
        // What stands around the range must not matter.
        let bytes = [UInt8](latin1: ":\(host)80")
        return bytes.withRaw { $0.isHostAndPort(1..<bytes.count - 2) }
    }

    // ---- lists and blanks -------------------------------------------------------------------------------------------

    @Test(arguments: [
        ("", []), (" ", []), (",", []), (" , \t,, ", []), ("a", ["a"]), ("a,b", ["a", "b"]),
        (" a\t, b ,", ["a", "b"]), (",a b,,\"c", ["a b", "\"c"]), ("a,b,c,d", ["a", "b", "c", "d"]),
    ])
    func listElementsAreTrimmedAndNeverEmpty(list: String, elements: [String]) {
        let bytes = [UInt8](latin1: ",\(list),x")
        var found: [String] = []
        let isWhole = bytes.withRaw {
            $0.forEachListElement(in: 1..<bytes.count - 2) {
                found.append(bytes.text($0))
                return true
            }
        }
        #expect(isWhole && found == elements)
    }

    @Test func aListIsLeftWhereTheCallerSaysSo() {
        let bytes = [UInt8](latin1: "a,b,c")
        var found: [String] = []
        let isWhole = bytes.withRaw {
            $0.forEachListElement(in: 0..<5) {
                found.append(bytes.text($0))
                return found.count < 2
            }
        }
        #expect(!isWhole && found == ["a", "b"])
    }

    @Test(arguments: [("", ""), (" ", ""), ("\t \t", ""), ("a", "a"), ("  a b\t", "a b"), ("\u{E9} ", "\u{E9}")])
    func blanksAreTrimmedAtBothEnds(text: String, trimmed: String) {
        let bytes = [UInt8](latin1: "x\(text)x")
        #expect(bytes.text(bytes.withRaw { $0.trimmingBlanks(1..<bytes.count - 1) }) == trimmed)
    }

    @Test func aWordHasItsFirstByteInTheLowestBits() {
        let bytes = [UInt8](0...15)
        for start in 0...8 {
            let word = bytes.withRaw { $0.word(start) }
            #expect((0..<8).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) } == Array(bytes[start..<start + 8]))
        }
    }
}
