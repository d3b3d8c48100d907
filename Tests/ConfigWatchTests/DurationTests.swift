import ProxyCore
import Testing

@testable import ConfigWatch

@Suite struct DurationTests {
    static let accepted: [(String, Milliseconds)] = [
        ("0", 0), ("0ms", 0), ("0h", 0), ("0.0s", 0), ("1ms", 1), ("500ms", 500), ("1s", 1_000), ("01s", 1_000),
        ("90s", 90_000), ("2m", 120_000), ("1h", 3_600_000), ("1.5s", 1_500), ("0.25s", 250), ("0.001s", 1),
        ("1.0ms", 1), ("1.500000000000s", 1_500), ("0.5m", 30_000), ("2.25h", 8_100_000), ("0.000005h", 18),
        ("0.0000025h", 9),
        ("596h", 596 * 3_600_000), ("2145600000ms", 2_145_600_000),
    ]

    @Test(arguments: accepted)
    func accepts(text: String, expected: Milliseconds) throws {
        #expect(try Parse.duration(text) == expected)
    }

    @Test(arguments: [
        "", " ", "5", "1", "00", "s", "ms", ".5s", "5.s", ".s", "1..5s", "1.2.3s", "-1s", "+1s", "1 s", " 1s", "1s ",
        "1S", "1d", "1us", "1m30s", "1e3s", "0x1s", "1,5s", "٣s", "1s\0", "forever", "infinity", "nan",
    ])
    func refusesWhatIsNoDuration(text: String) {
        #expect(
            throws: Rejection("is no duration; use a number with ms, s, m or h, such as 500ms, 1.5s or 2m")
        ) { try Parse.duration(text) }
    }

    @Test(arguments: [
        "597h", "596.1h", "596.00001h", "2145600001ms", "9223372036854775807ms", "9223372036854775808ms",
        "9223372036854775807h", "99999999999999999999999999999999999999h", "2562047788015h",
    ])
    func refusesWhatTimersCannotHold(text: String) {
        #expect(throws: Rejection("is out of range; use one from 0 to 596h, such as 1s")) { try Parse.duration(text) }
    }

    @Test(arguments: ["0.5ms", "1.0001s", "0.0000001h", "0.00000000000000000000000001s", "1.9999999999s"])
    func refusesFractionsOfAMillisecond(text: String) {
        #expect(
            throws: Rejection("is finer than a millisecond; use whole milliseconds, such as 1ms")
        ) { try Parse.duration(text) }
    }

    @Test func keepsToTheShortest() throws {
        let parse = Parse.duration(from: 10)
        let rejection = Rejection("is out of range; use one from 10ms to 596h, such as 1s")
        #expect(try parse("10ms") == 10)
        #expect(throws: rejection) { try parse("9ms") }
        #expect(throws: rejection) { try parse("0") }
    }

    @Test(arguments: [("off", nil), ("1ms", 1), ("1h", 3_600_000)] as [(String, Milliseconds?)])
    func readsAndWritesStaleLimits(text: String, expected: Milliseconds?) throws {
        #expect(try Parse.staleLimit(text) == expected)
        #expect(staleLimitText(expected) == text)
    }

    @Test(arguments: ["", "0", "never", "5", "Off", "597h"])
    func refusesOtherStaleLimits(text: String) {
        #expect(throws: Rejection("is no limit; use off or a duration from 1ms to 596h, such as 5m")) {
            try Parse.staleLimit(text)
        }
    }

    @Test func leavesTimeForSomethingToHappen() throws {
        #expect(try Parse.timeout("1ms") == 1)
        #expect(throws: Rejection("is out of range; use one from 1ms to 596h, such as 1s")) { try Parse.timeout("0s") }
        #expect(throws: Rejection("is out of range; use one from 1ms to 596h, such as 1s")) {
            try Parse.timeout("9999999h")
        }
    }

    @Test(
        arguments: [
            (0, "0"), (1, "1ms"), (999, "999ms"), (1_000, "1s"), (1_500, "1500ms"), (90_000, "90s"), (120_000, "2m"),
            (3_600_000, "1h"), (5_400_000, "90m"),
        ] as [(Milliseconds, String)])
    func writesWhatItReads(duration: Milliseconds, text: String) throws {
        #expect(durationText(duration) == text)
        #expect(try Parse.duration(text) == duration)
    }
}
