import Testing

@testable import ProxyCore

@Suite struct ConnectionOptionsTests {
    /// What comes of a message's Connection fields, or nil where they are too many to keep.
    private func noted(_ values: String...) -> ConnectionOptions? {
        var options = ConnectionOptions()
        for value in values {
            let bytes = [UInt8](latin1: value)
            guard bytes.withRaw({ options.note($0, 0..<bytes.count) }) else { return nil }
        }
        return options
    }

    private func lists(_ name: String, _ value: String) -> Bool {
        let end = value.unicodeScalars.count
        let bytes = [UInt8](latin1: value + name)
        var options = ConnectionOptions()
        return bytes.withRaw { options.note($0, 0..<end) && options.lists($0, end..<bytes.count) }
    }

    @Test(arguments: [
        ("close", [true, false, false]), ("Close", [true, false, false]), ("keep-alive", [false, true, false]),
        ("KEEP-ALIVE , Upgrade", [false, true, true]), ("close,keep-alive,upgrade", [true, true, true]),
        ("x, \tclose", [true, false, false]), ("", [false, false, false]), (", ,", [false, false, false]),
        ("closed", [false, false, false]), ("\"close\"", [false, false, false]), ("close x", [false, false, false]),
    ])
    func closeKeepAliveAndUpgradeAreKnown(value: String, expected: [Bool]) throws {
        let options = try #require(noted(value))
        #expect([options.close, options.keepAlive, options.upgrade] == expected)
    }

    @Test func optionsOfSeveralFieldsAddUp() throws {
        let options = try #require(noted("close", "", "Upgrade"))
        #expect(options.close && options.upgrade && !options.keepAlive)
    }

    @Test(arguments: [
        ("X-One", true), ("x-oNE", true), ("Two", true), ("X-On", false), ("X-One-", false), ("", false),
        ("close", false),
    ])
    func otherNamesAreListed(name: String, isListed: Bool) { #expect(lists(name, "close, X-One,,two") == isListed) }

    @Test(arguments: ["close", "upgrade, keep-alive", "", "a b", "\u{E9}", "a@b, (c)", "a;b", "a:", "\"a\""])
    func whatIsNoTokenNamesNoField(value: String) throws { #expect(try #require(noted(value)).isEmpty) }

    @Test func moreNamesThanAreKeptAreTold() {
        let names = (1...Limits.connectionOptionsMax).map { "X-\($0)" }
        let value = names.joined(separator: ",")
        for name in names { #expect(lists(name, value)) }
        #expect(noted(value, "close, keep-alive, upgrade") != nil, "known options take no place")
        #expect(noted(value, "X-More") == nil)
    }
}
