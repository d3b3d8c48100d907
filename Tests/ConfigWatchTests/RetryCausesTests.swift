import ProxyCore
import Testing

@testable import ConfigWatch

@Suite struct RetryCausesTests {
    @Test(
        arguments: [
            ("all", .all), ("off", []), ("connect", .connect), ("500", .serverError),
            ("connect,reset", [.connect, .reset]),
            ("reset,timeout,gateway,500", [.reset, .timeout, .gateway, .serverError]),
        ] as [(String, RetrySettings.Causes)])
    func readsAndWrites(text: String, expected: RetrySettings.Causes) throws {
        #expect(try Parse.retryCauses(text) == expected)
        #expect(retryCausesText(expected) == text)
    }

    @Test(
        arguments: [
            ("500,connect,500", [.connect, .serverError]), ("connect,reset,timeout,gateway,500", .all),
        ] as [(String, RetrySettings.Causes)])
    func acceptsAnyOrder(text: String, expected: RetrySettings.Causes) throws {
        #expect(try Parse.retryCauses(text) == expected)
    }

    @Test(arguments: [
        "", "on", "All", "connect,", ",connect", "connect reset", "connect, reset", "502", "all,500", "off,reset",
    ])
    func refusesOthers(text: String) {
        #expect(
            throws: Rejection(
                "is no list of causes; use all, off, or some of connect,reset,timeout,gateway,500")
        ) { try Parse.retryCauses(text) }
    }
}
