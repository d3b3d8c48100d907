import ProxyCore
import Testing

@testable import ConfigWatch

/// The values that are one word out of few.
@Suite struct WordTests {
    @Test(
        arguments: [
            ("round-robin", .roundRobin), ("rr", .roundRobin), ("least-connections", .leastConnections),
            ("lc", .leastConnections),
        ] as [(String, Policy)])
    func acceptsPolicies(text: String, expected: Policy) throws {
        #expect(try Parse.policy(text) == expected)
    }

    @Test(arguments: ["", "fastest", "RR", "round_robin", "roundRobin", "rr ", "least-connection"])
    func refusesOtherPolicies(text: String) {
        #expect(throws: Rejection("is no policy; use round-robin or least-connections")) { try Parse.policy(text) }
    }

    @Test func namesEveryLogLevel() throws {
        for level in LogLevel.allCases {
            #expect(try Parse.logLevel("\(level)") == level)
        }
    }

    @Test(arguments: ["", "INFO", "warn", "verbose", "0"])
    func refusesOtherLogLevels(text: String) {
        #expect(
            throws: Rejection("is no log level; use trace, debug, info, notice, warning, error or critical")
        ) { try Parse.logLevel(text) }
    }

    @Test(
        arguments: [
            ("stdout", .stdout), ("stderr", .stderr), ("off", .off), ("access.log", .file("access.log")),
            ("/var/log/a b.log", .file("/var/log/a b.log")), ("./off", .file("./off")),
        ] as [(String, AccessLogTarget)])
    func acceptsAccessLogs(text: String, expected: AccessLogTarget) throws {
        #expect(try Parse.accessLog(text) == expected)
    }

    @Test(arguments: ["", "/", "/var/log/", "a\0b"])
    func refusesOtherAccessLogs(text: String) {
        #expect(
            throws: Rejection("is no place for a log; use stdout, stderr, off or a file's path")
        ) { try Parse.accessLog(text) }
    }

    @Test(arguments: [("1", 1), ("2", 2), ("08", 8), ("256", 256)])
    func acceptsWorkers(text: String, expected: Int) throws {
        #expect(try Parse.workers(text) == expected)
    }

    @Test(arguments: ["", "0", "257", "-1", "+1", "1.5", "two", "auto", "99999999999999999999", "1 "])
    func refusesOtherWorkers(text: String) {
        #expect(throws: Rejection("is no number of workers; use one from 1 to 256")) { try Parse.workers(text) }
    }
}
