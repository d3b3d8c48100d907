import ProxyCore
import Testing

@testable import ConfigWatch

@Suite struct ListenAddressTests {
    @Test(arguments: [
        ":80", ":0", ":65535", "127.0.0.1:8080", "127.0.0.1:0", "0.0.0.0:80", "[::1]:8080", "[::]:80", "[fd00::7]:443",
    ])
    func acceptsAndWritesBack(text: String) throws {
        #expect(try Parse.listenAddress(text).description == text)
    }

    @Test func distinguishesAllAddressesFromAllOfOneFamily() throws {
        #expect(try Parse.listenAddress(":80") == .any(port: 80))
        #expect(try Parse.listenAddress("0.0.0.0:80") == .address(.anyIPv4(port: 80)))
        #expect(try Parse.listenAddress("[::]:80") == .address(.anyIPv6(port: 80)))
        #expect(try Parse.listenAddress("[0:0::0]:0080") == .address(.anyIPv6(port: 80)))
    }

    @Test(arguments: [
        "", "80", "localhost:80", "*:80", "127.0.0.1", "[::1]", "127.0.0.1.:80", "127.1:80", "0127.0.0.1:80", "::1:80",
        ":::80", "[127.0.0.1]:80", "[]:80", "[::1:80", "::1]:80", "[::1]80", "[::1]x:80", "[::g]:80", "[fe80::1%lo]:80",
        "127.0.0.1\0:80", "http://127.0.0.1:80", " :80",
    ])
    func refusesWhatIsNoAddress(text: String) {
        #expect(
            throws: Rejection("is no address to listen on; use :PORT, IPv4:PORT or [IPv6]:PORT")
        ) { try Parse.listenAddress(text) }
    }

    @Test(arguments: [
        ":", ":65536", ":99999999999999999999", ":-1", ":+80", ":http", ":80 ", ":8O", ":٨٠", "127.0.0.1:", "[::1]:x",
    ])
    func refusesWrongPorts(text: String) {
        #expect(
            throws: Rejection("has a wrong port; use a PORT from 0 to 65535")
        ) { try Parse.listenAddress(text) }
    }
}

@Suite struct ResolverTests {
    @Test(arguments: [
        ("127.0.0.11", "127.0.0.11:53"), ("127.0.0.11:5353", "127.0.0.11:5353"), ("::1", "[::1]:53"),
        ("[::1]", "[::1]:53"), ("[::1]:5353", "[::1]:5353"), ("2001:db8::35:53", "[2001:db8::35:53]:53"),
    ])
    func accepts(text: String, expected: String) throws {
        #expect(try Parse.resolver(text).description == expected)
    }

    @Test(arguments: ["", ":53", "dns", "dns:53", "127.0.0", "[127.0.0.1]:53", "[::1", "[::1]53", "1.1.1.1\0", "[]:53"])
    func refusesWhatIsNoAddress(text: String) {
        #expect(
            throws: Rejection("is no name server's address; use IP or IP:PORT, such as 127.0.0.11 or [::1]:53")
        ) { try Parse.resolver(text) }
    }

    @Test(arguments: ["1.1.1.1:", "1.1.1.1:0", "1.1.1.1:65536", "1.1.1.1:dns", "[::1]:", "[::1]:0"])
    func refusesWrongPorts(text: String) {
        #expect(
            throws: Rejection("has a wrong port; use IP:PORT with a PORT from 1 to 65535")
        ) { try Parse.resolver(text) }
    }
}
