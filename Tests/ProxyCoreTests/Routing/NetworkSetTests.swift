import Testing

@testable import ProxyCore

@Suite struct NetworkSetTests {
    private func network(_ text: String) throws -> Network {
        let parts = text.split(separator: "/").map(String.init)
        return Network(
            address: try #require(SocketAddress(ip: parts[0], port: 0)), prefixBits: try #require(Int(parts[1])))
    }

    private func first(_ networks: [String], _ address: String) throws -> Int {
        NetworkSet(try networks.map(network)).first(containing: try #require(SocketAddress(ip: address, port: 9)))
    }

    @Test(arguments: [
        (["10.0.0.0/8"], "10.255.255.255", 0), (["10.0.0.0/8"], "11.0.0.0", -1), (["10.0.0.0/8"], "9.255.255.255", -1),
        (["10.9.9.9/8"], "10.0.0.0", 0), (["0.0.0.0/0"], "255.255.255.255", 0), (["0.0.0.0/0"], "::1", -1),
        (["::/0"], "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 0), (["::/0"], "1.2.3.4", -1), ([], "1.2.3.4", -1),
        (["10.1.0.0/16", "10.0.0.0/8"], "10.1.2.3", 0), (["10.1.0.0/16", "10.0.0.0/8"], "10.2.0.0", 1),
        (["10.0.0.0/8", "10.1.0.0/16"], "10.1.2.3", 0), (["10.0.0.1/32", "10.0.0.2/32"], "10.0.0.2", 1),
        (["255.255.255.255/32"], "255.255.255.255", 0), (["::ffff:10.0.0.0/104"], "10.1.2.3", 0),
        (["10.0.0.0/8"], "::ffff:10.1.2.3", 0), (["fd00::/8", "fd00::1/128"], "fd00::1", 0),
        (["fd00::1/128", "fd00::/8"], "fd00::2", 1), (["2001:db8::/33"], "2001:db8:8000::", -1),
    ])
    func theFirstDecides(networks: [String], address: String, expected: Int) throws {
        #expect(try first(networks, address) == expected)
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func manyAreLikeALinearSearch(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        func address() throws -> SocketAddress {
            let isIPv6 = Bool.random(using: &random)
            var bytes = (0..<(isIPv6 ? 16 : 4)).map { _ in UInt8.random(in: 0...3, using: &random) }
            bytes[0] = UInt8.random(in: 0...1, using: &random) * 255
            return try #require(SocketAddress(bytes: bytes, port: 0))
        }
        let networks = try (0..<200).map { _ in
            let address = try address()
            let bits = Int.random(in: address.isIPv6 ? 1...128 : 1...32, using: &random)
            return Network(address: address, prefixBits: bits)
        }
        let set = NetworkSet(networks)
        for _ in 0..<500 {
            let address = try address()
            let expected = networks.firstIndex { $0.holds(address) } ?? -1
            #expect(set.first(containing: address) == expected, "\(address.ip)")
        }
    }

    @Test func accessIsDecidedByTheFirstRule() throws {
        let list = AccessList([
            AccessRule(network: try network("10.0.0.1/32"), allows: false),
            AccessRule(network: try network("10.0.0.0/8"), allows: true),
            AccessRule(network: try network("0.0.0.0/0"), allows: false),
        ])
        for (address, expected) in [("10.0.0.1", false), ("10.0.0.2", true), ("11.0.0.1", false), ("::1", true)] {
            let allowed = list.allows(try #require(SocketAddress(ip: address, port: 1)))
            #expect(allowed == expected, "\(address)")
        }
    }
}

extension Network {
    /// Bit by bit.
    fileprivate func holds(_ other: SocketAddress) -> Bool {
        guard address.isIPv6 == other.isIPv6 else { return false }
        let mine = [address.high.bigEndian, address.low.bigEndian]
        let its = [other.high.bigEndian, other.low.bigEndian]
        return (0..<prefixBits).allSatisfy { bit in
            let shift = UInt64(63 - bit % 64)
            return mine[bit / 64] >> shift & 1 == its[bit / 64] >> shift & 1
        }
    }
}
