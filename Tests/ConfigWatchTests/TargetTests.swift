import ProxyCore
import Testing

@testable import ConfigWatch

@Suite struct TargetTests {
    static let label63 = String(repeating: "a", count: 63)
    /// 253 bytes: three labels of 63 and one of 61, with three dots.
    static let name253 = [label63, label63, label63, String(repeating: "b", count: 61)].joined(separator: ".")

    @Test(arguments: [
        "a", "tweet-ui", "tweet_ui", "_http._tcp.web", "project_web_1", "web.example.com", "web.example.com.",
        "1and1.com", "3com", "a--b", "xn--bcher-kva.example", "0-0", "host.docker.internal", "1.2.3.4.example", label63,
        name253, name253 + ".",
    ])
    func acceptsNames(name: String) throws {
        #expect(try Parse.target(name + ":8080") == .name(name, port: 8080))
    }

    @Test func foldsNamesToLowerCase() throws {
        #expect(try Parse.target("Tweet-UI.Example:8080") == .name("tweet-ui.example", port: 8080))
    }

    @Test(arguments: ["127.0.0.1:1", "0.0.0.0:8080", "255.255.255.255:65535", "[::1]:8080", "[2001:db8::7]:80"])
    func acceptsAddresses(text: String) throws {
        let target = try Parse.target(text)
        #expect(target.description == text)
        guard case .address = target else {
            Issue.record("\(target) is held as a name")
            return
        }
    }

    @Test(arguments: [
        ":80", ".:80", "..:80", "a..b:80", ".a:80", "a..:80", "-a:80", "a-:80", "a.-b:80", "a b:80", " a:80", "a\tb:80",
        "a,b:80", "a*:80", "user@web:80", "web=x:80", "bücher:80", "a\0:80", "127.0.0.1\0:80", "256.0.0.1:80",
        "1.2.3:80", "127.0.0.1.:80", "12345:80", "0x7f.1:80", "[web]:80", "[127.0.0.1]:80", "[]:80", "[::1:80",
        "[::1]8080", "[::1%eth0]:80", "a:b:80", label63 + "a:80", name253 + "b:80", name253 + "b.:80",
    ])
    func refusesWhatIsNoHost(text: String) {
        #expect(
            throws: Rejection("names no host; use HOST:PORT with a DNS name, an IPv4 address or [IPv6]")
        ) { try Parse.target(text) }
    }

    @Test(arguments: ["", "tweet-ui", "127.0.0.1", "web.example.com.", "[::1]"])
    func refusesNoPort(text: String) {
        #expect(throws: Rejection("has no port; use HOST:PORT, such as tweet-ui:8080")) { try Parse.target(text) }
    }

    @Test(arguments: ["::1", "::1:8080", "2001:db8::7"])
    func refusesIPv6WithoutBrackets(text: String) {
        #expect(
            throws: Rejection("lacks brackets; use HOST:PORT with an IPv6 address in brackets, such as [::1]:8080")
        ) { try Parse.target(text) }
    }

    @Test(arguments: [
        "web:", "web:0", "web:00", "web:65536", "web:-1", "web:+1", "web:8080x", "web: 80", "web:http", "[::1]:0",
    ])
    func refusesWrongPorts(text: String) {
        #expect(
            throws: Rejection("has a wrong port; use HOST:PORT with a PORT from 1 to 65535")
        ) { try Parse.target(text) }
    }

    @Test(arguments: ["http://web:80", "https://web", "web:80/", "web:80/path", "/web:80", "unix:/run/web.sock"])
    func refusesURLs(text: String) {
        #expect(
            throws: Rejection("names more than a host and its port; use HOST:PORT, such as tweet-ui:8080")
        ) { try Parse.target(text) }
    }
}
