import Testing

@testable import ProxyCore

@Suite struct SocketAddressTests {
    @Test(arguments: [
        ("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "0.0.0.0"), ("255.255.255.255", "255.255.255.255"),
        ("1.20.103.9", "1.20.103.9"), ("::1", "::1"), ("::", "::"), ("2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
        ("aaaa:bbbb:cccc:dddd:eeee:1111:2222:3333", "aaaa:bbbb:cccc:dddd:eeee:1111:2222:3333"),
        // What a dual-stack listener reports of an IPv4 client (RFC 4291 section 2.5.5.2).
        ("::ffff:10.0.0.1", "10.0.0.1"), ("::FFFF:0a00:1", "10.0.0.1"),
        ("::10.0.0.1", "::10.0.0.1"), ("1::ffff:10.0.0.1", "1::ffff:a00:1"),
    ])
    func literals(text: String, ip: String) throws {
        let address = try #require(SocketAddress(ip: text, port: 8080))
        let isIPv6 = ip.contains(":")
        #expect(address.ip == ip)
        #expect(address.description == (isIPv6 ? "[\(ip)]:8080" : "\(ip):8080"))
        #expect((address.port, address.isIPv6) == (8080, isIPv6))
        #expect(written { address.appendIP(to: &$0) } == ip)
        #expect(SocketAddress(address.raw) == address)
    }

    @Test(arguments: [
        "", " ", "a", "localhost", "127.0.0", "127.0.0.1.1", "127.0.0.256", "127.0.0.01", "0x7f.0.0.1", "127.1",
        "127.0.0.1 ", " 127.0.0.1", "127.0.0.1:80", "[::1]", "::1%lo", ":::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9",
        "::1::", "12345::", "127.0.0.1\u{0}", "::1\u{0}.example", "\u{0}", "127.0.0.1\n",
    ])
    func whatIsNoLiteral(text: String) { #expect(SocketAddress(ip: text, port: 1) == nil) }

    @Test func everyOctetIsWrittenRight() throws {
        for octet in 0...255 {
            let text = "\(octet).0.\(255 - octet).\(octet)"
            let address = try #require(SocketAddress(ip: text, port: 0))
            #expect(address.ip == text)
            #expect(written { address.appendIP(to: &$0) } == text)
        }
    }

    @Test func bytesOfARecord() {
        #expect(SocketAddress(bytes: [10, 0, 200, 1], port: 53)?.description == "10.0.200.1:53")
        let v6: [UInt8] = [0x20, 0x01, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 11) + [0x42]
        #expect(SocketAddress(bytes: v6, port: 53)?.description == "[2001:db8::42]:53")
        let mapped = [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF, 10, 0, 0, 1]
        #expect(SocketAddress(bytes: mapped, port: 1) == SocketAddress(ip: "10.0.0.1", port: 1))
        for count in [0, 3, 5, 15, 17, 32] {
            #expect(SocketAddress(bytes: [UInt8](repeating: 1, count: count), port: 1) == nil)
        }
    }

    @Test func everyPartTellsAddressesApart() throws {
        let ips = ["127.0.0.1", "127.0.0.2", "::1", "::2", "::", "0.0.0.0", "::7f00:1"]
        let addresses = try ips.flatMap { ip in
            try [80, 81].map { try #require(SocketAddress(ip: ip, port: $0)) }
        }
        #expect(Set(addresses).count == 14)
        #expect(SocketAddress(ip: "::ffff:127.0.0.1", port: 80) == addresses[0])
    }

    @Test func anyAddress() throws {
        #expect(SocketAddress.anyIPv4(port: 9).description == "0.0.0.0:9")
        #expect(SocketAddress.anyIPv6(port: 9).description == "[::]:9")
        #expect(SocketAddress.anyIPv6(port: 9).withPort(10).description == "[::]:10")
    }
}
