import Testing

@testable import ProxyCore

@Suite struct HTTPDateTests {
    private let now: Int64 = 1_795_467_997

    private func parse(_ text: String) -> Int64? {
        [UInt8](latin1: text).withRaw { HTTPDate.parse($0, 0..<$0.byteCount, now: now) }
    }

    @Test(arguments: [
        "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
    ])
    func theThreeFormsOfTheRFC(text: String) { #expect(parse(text) == 784_111_777) }

    @Test func aYearOfTwoDigitsLiesAtMostFiftyYearsAhead() {
        #expect(parse("Wednesday, 25-Nov-76 00:00:00 GMT") == parse("Wed, 25 Nov 2076 00:00:00 GMT"))
        #expect(parse("Friday, 25-Nov-77 00:00:00 GMT") == parse("Fri, 25 Nov 1977 00:00:00 GMT"))
    }

    @Test func aLeapSecondIsTheOneBeforeIt() {
        #expect(parse("Sat, 31 Dec 2016 23:59:60 GMT") == parse("Sat, 31 Dec 2016 23:59:59 GMT"))
    }

    @Test(arguments: [
        "", "Sun", "0", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 06 nov 1994 08:49:37 GMT", "Sun, 31 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:60:37 GMT", "Sun, 06 Nov 1969 08:49:37 GMT", "Sun, 00 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT", "Sun Nov 6 08:49:37 1994",
        "Wed, 29 Feb 2023 00:00:00 GMT", "-1", "Sun, 06-Nov-1994 08:49:37 GMT",
    ])
    func whatIsNoDateIsNone(text: String) { #expect(parse(text) == nil) }

    @Test func whatIsWrittenIsReadAgain() {
        var seconds: Int64 = 0
        while seconds < 8_000_000_000 {
            let text = written { HTTPDate.write(seconds, to: &$0) }
            #expect(text.count == HTTPDate.byteCount)
            #expect(parse(text) == seconds, "\(text)")
            seconds += 86_400 * 97 + 3_601
        }
        #expect(written { HTTPDate.write(784_111_777, to: &$0) } == "Sun, 06 Nov 1994 08:49:37 GMT")
    }

    @Test func theFieldChangesWithTheSecond() {
        var field = DateField()
        field.update(Instant(microseconds: 1), second: 784_111_777)
        let first = written { field.write(to: &$0) }
        #expect(first == "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n")
        field.update(Instant(microseconds: 1), second: 784_111_999)
        #expect(written { field.write(to: &$0) } == first, "the clock is read once a turn")
        field.update(Instant(microseconds: 2), second: 784_111_778)
        #expect(written { field.write(to: &$0) } == "Date: Sun, 06 Nov 1994 08:49:38 GMT\r\n")
    }
}
