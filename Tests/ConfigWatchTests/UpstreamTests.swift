import ProxyCore
import Testing

@testable import ConfigWatch

@Suite struct UpstreamTargetTests {
    static let label63 = String(repeating: "a", count: 63)
    /// 253 bytes: three labels of 63 and one of 61, with three dots.
    static let name253 = [label63, label63, label63, String(repeating: "b", count: 61)].joined(separator: ".")

    @Test(arguments: [
        "a", "tweet-ui", "tweet_ui", "_http._tcp.web", "project_web_1", "web.example.com", "web.example.com.",
        "1and1.com", "3com", "a--b", "xn--bcher-kva.example", "0-0", "host.docker.internal", "1.2.3.4.example", label63,
        name253, name253 + ".",
    ])
    func acceptsNames(name: String) throws {
        #expect(try Parse.upstream(name + ":8080") == Upstream(.name(name, port: 8080)))
    }

    @Test func foldsNamesToLowerCase() throws {
        #expect(try Parse.upstream("Tweet-UI.Example:8080") == Upstream(.name("tweet-ui.example", port: 8080)))
    }

    @Test(arguments: ["127.0.0.1:1", "0.0.0.0:8080", "255.255.255.255:65535", "[::1]:8080", "[2001:db8::7]:80"])
    func acceptsAddresses(text: String) throws {
        let target = try Parse.upstream(text).target
        #expect(target.description == text)
        guard case .address = target else {
            Issue.record("\(target) is held as a name")
            return
        }
    }

    @Test(arguments: [
        ":80", ".:80", "..:80", "a..b:80", ".a:80", "a..:80", "-a:80", "a-:80", "a.-b:80", "a b:80", " a:80", "a\tb:80",
        "a*:80", "user@web:80", "web=x:80", "bücher:80", "a\0:80", "127.0.0.1\0:80", "256.0.0.1:80",
        "1.2.3:80", "127.0.0.1.:80", "12345:80", "0x7f.1:80", "[web]:80", "[127.0.0.1]:80", "[]:80", "[::1:80",
        "[::1]8080", "[::1%eth0]:80", "a:b:80", label63 + "a:80", name253 + "b:80", name253 + "b.:80",
    ])
    func refusesWhatIsNoHost(text: String) {
        #expect(
            throws: Rejection("names no host; use HOST:PORT with a DNS name, an IPv4 address or [IPv6]")
        ) { try Parse.upstream(text) }
    }

    @Test(arguments: ["", "tweet-ui", "a,b:80", "127.0.0.1", "web.example.com.", "[::1]"])
    func refusesNoPort(text: String) {
        #expect(throws: Rejection("has no port; use HOST:PORT, such as tweet-ui:8080")) { try Parse.upstream(text) }
    }

    @Test(arguments: ["::1", "::1:8080", "2001:db8::7"])
    func refusesIPv6WithoutBrackets(text: String) {
        #expect(
            throws: Rejection("lacks brackets; use HOST:PORT with an IPv6 address in brackets, such as [::1]:8080")
        ) { try Parse.upstream(text) }
    }

    @Test(arguments: [
        "web:", "web:0", "web:00", "web:65536", "web:-1", "web:+1", "web:8080x", "web: 80", "web:http", "[::1]:0",
        "srv:0",
    ])
    func refusesWrongPorts(text: String) {
        #expect(
            throws: Rejection("has a wrong port; use HOST:PORT with a PORT from 1 to 65535")
        ) { try Parse.upstream(text) }
    }

    @Test(arguments: ["http://web:80", "https://web", "web:80/", "web:80/path", "/web:80", "unix:/run/web.sock"])
    func refusesURLs(text: String) {
        #expect(
            throws: Rejection("names more than a host and its port; use HOST:PORT, such as tweet-ui:8080")
        ) { try Parse.upstream(text) }
    }

    @Test(arguments: ["_http._tcp.web", "_http._tcp.web.example.com.", "web.service.consul", "web", "80.example"])
    func acceptsNamesOfServiceRecords(name: String) throws {
        #expect(try Parse.upstream("srv:" + name) == Upstream(.service(name)))
    }

    @Test func foldsNamesOfServiceRecordsToLowerCase() throws {
        #expect(try Parse.upstream("srv:_HTTP._tcp.Web") == Upstream(.service("_http._tcp.web")))
    }

    @Test(arguments: ["srv:", "srv:_http._tcp.web:8080", "srv:a..b", "srv:-", "srv:a/b", "srv:127.0.0.1", "srv:[::1]"])
    func refusesWhatHasNoServiceRecords(text: String) {
        #expect(
            throws: Rejection(
                "names no SRV records; use srv:NAME without a port, such as srv:_http._tcp.web.example")
        ) { try Parse.upstream(text) }
    }

    @Test func takesANumberBehindAHostCalledSrvForItsPort() throws {
        #expect(try Parse.upstream("srv:8080") == Upstream(.name("srv", port: 8080)))
    }
}

@Suite struct UpstreamRoleTests {
    private static let web = UpstreamTarget.name("web", port: 80)

    @Test(arguments: [
        ("web:80", Upstream(web)),
        ("web:80,weight=3", Upstream(web, weight: 3)),
        ("web:80,weight=1000", Upstream(web, weight: 1_000)),
        ("web:80,priority=255", Upstream(web, priority: 255)),
        ("web:80,backup", Upstream(web, isBackup: true)),
        ("web:80,weight=3,priority=1,backup", Upstream(web, weight: 3, priority: 1, isBackup: true)),
        ("srv:_http._tcp.web,weight=2", Upstream(.service("_http._tcp.web"), weight: 2)),
    ])
    func acceptsAndWritesBack(text: String, expected: Upstream) throws {
        #expect(try Parse.upstream(text) == expected)
        #expect(expected.description == text)
    }

    @Test func acceptsAnyOrderAndWhatHoldsAnyway() throws {
        #expect(try Parse.upstream("web:80,backup,weight=1,priority=0") == Upstream(Self.web, isBackup: true))
    }

    @Test(arguments: ["weight=0", "weight=1001", "weight=-1", "weight=1.5", "weight=", "weight", "weight=3x"])
    func refusesWrongWeights(role: String) {
        #expect(throws: Rejection("has a wrong weight; use weight=N with an N from 1 to 1000")) {
            try Parse.upstream("web:80," + role)
        }
    }

    @Test(arguments: ["priority=256", "priority=-1", "priority=", "priority", "priority=99999999999999999999"])
    func refusesWrongPriorities(role: String) {
        #expect(throws: Rejection("has a wrong priority; use priority=N with an N from 0 to 255")) {
            try Parse.upstream("web:80," + role)
        }
    }

    @Test(arguments: ["", "backup=on", "backup=", "Backup", "wieght=3", " weight=3", "b:80", "weight =3", "weight=3,"])
    func refusesUnknownRoles(role: String) {
        #expect(
            throws: Rejection("has an unknown role; use HOST:PORT[,weight=N][,priority=N][,backup]")
        ) { try Parse.upstream("web:80," + role) }
    }

    @Test(arguments: [
        ("weight=3,weight=3", "weight"), ("priority=1,backup,priority=2", "priority"), ("backup,backup", "backup"),
    ])
    func refusesARoleThatIsSaidTwice(roles: String, name: String) {
        #expect(throws: Rejection("says \(name) twice; use it once")) { try Parse.upstream("web:80," + roles) }
    }
}
