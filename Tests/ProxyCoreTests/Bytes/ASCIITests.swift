import Testing

@testable import ProxyCore

@Suite struct ASCIITests {
    private static let digits = "0123456789"
    private static let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

    private func members(_ isMember: (UInt8) -> Bool) -> [UInt8] { UInt8.all.filter(isMember) }

    @Test func tokensHaveTheCharactersOfTheGrammar() {
        // RFC 9110 section 5.6.2.
        #expect(members(ASCII.isToken) == ("!#$%&'*+-.^_`|~" + Self.digits + Self.letters).utf8.sorted())
    }

    @Test func hostNamesHaveTheCharactersOfTheGrammar() {
        // RFC 3986 section 3.2.2: unreserved, sub-delims, and the percent sign of an encoded byte.
        #expect(members(ASCII.isHost) == ("-._~" + "!$&'()*+,;=" + "%" + Self.digits + Self.letters).utf8.sorted())
    }

    @Test func digitsAndBlanks() {
        #expect(members(ASCII.isDigit) == Array(Self.digits.utf8))
        #expect(members(ASCII.isBlank) == [0x09, 0x20])
    }

    @Test func visibleIsWhatAFieldValueHoldsBesidesBlanks() {
        // RFC 9110 section 5.5: VCHAR and obs-text.
        #expect(members(ASCII.isVisible) == Array(0x21...0x7E) + Array(0x80...0xFF))
    }

    @Test func hexadecimalDigitsHaveTheirValue() {
        let digits = Array("0123456789abcdefABCDEF".utf8)
        #expect(members { ASCII.hexValue($0) != nil } == digits.sorted())
        #expect(digits.compactMap(ASCII.hexValue) == Array(0...15) + Array(10...15))
    }

    @Test func hexadecimalDigitsAreWrittenInLowerCase() {
        #expect((0..<16).map { ASCII.hexDigit($0) } == Array("0123456789abcdef".utf8))
        #expect(ASCII.hexDigit(0xA7) == ASCII.hexDigit(7), "only the lowest four bits count")
    }
}
