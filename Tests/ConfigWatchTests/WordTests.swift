import ProxyCore
import Testing

@testable import ConfigWatch

/// The values that are one word out of few.
@Suite struct WordTests {
    @Test func namesEveryPolicy() throws {
        for policy in Policy.allCases {
            #expect(try Parse.policy(policy.rawValue) == policy)
        }
        #expect(try Parse.policy("rr") == .roundRobin)
        #expect(try Parse.policy("lc") == .leastConnections)
    }

    @Test(arguments: ["", "fastest", "RR", "round_robin", "roundRobin", "rr ", "least-connection"])
    func refusesOtherPolicies(text: String) {
        #expect(
            throws: Rejection(
                "is no policy; use round-robin, least-connections, p2c, random, ring-hash, maglev or sticky")
        ) { try Parse.policy(text) }
    }

    @Test(arguments: [("on", true), ("off", false)])
    func readsAndWritesSwitches(text: String, expected: Bool) throws {
        #expect(try Parse.onOrOff(text) == expected)
        #expect(onOrOffText(expected) == text)
    }

    @Test(arguments: ["", "On", "yes", "true", "1", "on "])
    func refusesOtherSwitches(text: String) {
        #expect(throws: Rejection("is neither; use on or off")) { try Parse.onOrOff(text) }
    }

    @Test func namesEveryFamily() throws {
        for family in IPFamily.allCases {
            #expect(try Parse.ipFamily("\(family)") == family)
        }
    }

    @Test(arguments: ["", "v4", "IPv4", "6", "inet"])
    func refusesOtherFamilies(text: String) {
        #expect(throws: Rejection("is no IP family; use any, ipv4 or ipv6")) { try Parse.ipFamily(text) }
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
}
