import Testing

@testable import ConfigWatch

@Suite struct CountTests {
    @Test(arguments: [("1", 1), ("2", 2), ("08", 8), ("256", 256)])
    func accepts(text: String, expected: Int) throws {
        #expect(try Parse.count(in: 1...256)(text) == expected)
    }

    @Test(arguments: ["", "-1", "+1", "1.5", "two", "auto", "1 ", "٣", "1e2", "0x1", "1_000", "1,000"])
    func refusesWhatIsNoNumber(text: String) {
        #expect(throws: Rejection("is no number; use one from 1 to 256")) { try Parse.count(in: 1...256)(text) }
    }

    @Test(arguments: ["0", "257", "99999999999999999999"])
    func refusesWhatIsOutOfRange(text: String) {
        #expect(throws: Rejection("is out of range; use a number from 1 to 256")) { try Parse.count(in: 1...256)(text) }
    }
}

@Suite struct PercentageTests {
    @Test(arguments: [("0%", 0), ("1%", 1), ("20%", 20), ("100%", 100)])
    func readsAndWrites(text: String, expected: Int) throws {
        #expect(try Parse.percentage(text) == expected)
        #expect(percentText(expected) == text)
    }

    @Test(arguments: [
        "", "%", "20", "0.2", "101%", "-1%", "1.5%", "20 %", "20%%", "20 percent", "99999999999999999999%",
    ])
    func refusesOthers(text: String) {
        #expect(throws: Rejection("is no percentage; use one from 0% to 100%, such as 20%")) {
            try Parse.percentage(text)
        }
    }
}

@Suite struct SizeTests {
    private let parse = Parse.size(upTo: 2 * 1024 * 1024)

    @Test(arguments: [
        ("0", 0), ("1", 1), ("1000", 1_000), ("1KiB", 1_024), ("64KiB", 65_536), ("1025KiB", 1_049_600),
        ("2MiB", 2_097_152),
    ])
    func readsAndWrites(text: String, expected: Int) throws {
        #expect(try parse(text) == expected)
        #expect(sizeText(expected) == text)
    }

    @Test(arguments: [("1024", 1_024), ("0KiB", 0), ("0MiB", 0), ("2048KiB", 2_097_152), ("007", 7)])
    func acceptsOtherWaysToWriteIt(text: String, expected: Int) throws {
        #expect(try parse(text) == expected)
    }

    @Test(arguments: [
        "", "KiB", "64KB", "64K", "64k", "64kib", "1TiB", "1.5MiB", "64 KiB", " 64KiB", "-1", "64KiBx", "٣",
    ])
    func refusesWhatIsNoSize(text: String) {
        #expect(throws: Rejection("is no size; use bytes, or a number with KiB, MiB or GiB, such as 64KiB")) {
            try parse(text)
        }
    }

    @Test(arguments: ["2097153", "2049KiB", "3MiB", "9223372036854775807MiB", "99999999999999999999KiB"])
    func refusesWhatIsTooLarge(text: String) {
        #expect(throws: Rejection("is out of range; use a size from 0 to 2MiB")) { try parse(text) }
    }
}
