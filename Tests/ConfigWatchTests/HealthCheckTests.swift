import ProxyCore
import Testing

@testable import ConfigWatch

@Suite struct HealthCheckTests {
    @Test(
        arguments: [
            ("off", .off), ("tcp", .tcp), ("http:/", .http(path: "/")), ("http:/status", .http(path: "/status")),
            ("http:/a:b/%20?full=1&x=?", .http(path: "/a:b/%20?full=1&x=?")), ("grpc", .grpc(service: "")),
            ("grpc:shop.v1.Orders", .grpc(service: "shop.v1.Orders")),
            ("grpc:live-ness/a_b", .grpc(service: "live-ness/a_b")),
        ] as [(String, HealthSettings.Check)])
    func readsAndWrites(text: String, expected: HealthSettings.Check) throws {
        #expect(try Parse.healthCheck(text) == expected)
        #expect(healthCheckText(expected) == text)
    }

    @Test(arguments: [
        "", "on", "TCP", "tcp:80", "http", "http:", "http:status", "http://web/status", "https:/status", "http:/a b",
        "http:/é",
        "http:/a#b", "http:/%2", "http:/a\r\nX: y", "http:?a", "grpc:", "grpc:a b", "grpc:a:b", "/status", "off ",
        "http:/" + String(repeating: "a", count: 2_048), "grpc:" + String(repeating: "a", count: 2_049),
    ])
    func refusesOthers(text: String) {
        #expect(
            throws: Rejection(
                "is no health check; use off, tcp, http:/PATH, grpc or grpc:SERVICE, such as http:/healthz")
        ) { try Parse.healthCheck(text) }
    }

    @Test(arguments: [
        ("200", [200...200]), ("200-399", [200...399]), ("200,204,300-399", [200...200, 204...204, 300...399]),
        ("599,200", [599...599, 200...200]),
    ])
    func readsAndWritesStatuses(text: String, expected: [ClosedRange<Int>]) throws {
        #expect(try Parse.statuses(text) == expected)
        #expect(statusesText(expected) == text)
    }

    @Test(arguments: [
        "", ",", "200,", ",200", "2xx", "199", "600", "100-200", "200-600", "300-200", "200-", "-200", "200-300-400",
        "200, 204", "200;204", "99999999999999999999", "200-99999999999999999999", "ok",
    ])
    func refusesOtherStatuses(text: String) {
        #expect(
            throws: Rejection("is no list of statuses; use some from 200 to 599, such as 200,204 or 200-399")
        ) { try Parse.statuses(text) }
    }

    @Test(arguments: ["web", "web.example", "Web.Example:8080", "127.0.0.1", "127.0.0.1:80", "[::1]", "[::1]:80"])
    func acceptsHosts(text: String) throws {
        #expect(try Parse.host(text) == text)
    }

    @Test(arguments: [
        "", ":80", "web:", "web:0", "web:http", "web:65536", "we b", "::1", "[web]", "[::1", "http://web", "web/x",
        "a\r\nb",
        "no:good:at:all", "user@web", "1.2.3",
    ])
    func refusesOtherHosts(text: String) {
        #expect(throws: Rejection("is no host; use HOST or HOST:PORT, such as web.example")) { try Parse.host(text) }
    }

    @Test func boundsTexts() throws {
        let parse = Parse.text(bytesMax: 4)
        #expect(try parse("{\"a\"") == "{\"a\"")
        #expect(try parse("éé") == "éé")
        for text in ["", "abcde", "ééé"] {
            #expect(throws: Rejection("is empty or too long; use a text of 1 to 4 bytes")) { try parse(text) }
        }
    }
}
