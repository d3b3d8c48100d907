import Testing

@testable import ProxyCore

@Suite struct KeyHashTests {
    private func hash(_ text: String) -> UInt64 {
        let bytes = [UInt8](latin1: "<\(text)>")
        return bytes.withRaw { KeyHash.of($0, 1..<bytes.count - 1) }
    }

    @Test func itIsTheSameInEveryProcess() {
        #expect(hash("") == 14_856_205_655_338_755_691)
        #expect(hash("alice") == 2_193_723_528_166_747_597)
        #expect(hash("0123456789abcdef0123456789abcdef0") == 5_542_433_635_795_090_601)
        #expect(
            KeyHash.of(endpoint: SocketAddress(ip: "10.1.2.3", port: 8080) ?? .anyIPv4(port: 0))
                == 12_825_640_688_664_323_040)
        #expect(
            KeyHash.of(client: SocketAddress(ip: "2001:db8::1", port: 9) ?? .anyIPv4(port: 0))
                == 12_556_730_412_477_535_788)
    }

    @Test func everyByteAndTheLengthCount() {
        var seen: Set<UInt64> = []
        var texts = 0
        for length in 0...20 {
            for place in 0..<max(length, 1) {
                for byte in UInt8.all where length > 0 || byte == 0 {
                    var bytes = [UInt8](repeating: 0, count: length)
                    if length > 0 { bytes[place] = byte }
                    guard place == 0 || byte != 0 else { continue }
                    seen.insert(bytes.withRaw { KeyHash.of($0, 0..<length) })
                    texts += 1
                }
            }
        }
        #expect(seen.count == texts)
    }

    @Test func likeKeysSpreadEvenly() {
        // Numbered users, as in a header or cookie, over 16 sections by the first and the last bits.
        let hashes = (0..<16_000).map { hash("user-\($0)") }
        for shift: UInt64 in [0, 30, 60] {
            let counts = hashes.map { Int($0 >> shift & 15) }.counts(of: 16)
            #expect(counts.allSatisfy { (850...1_150).contains($0) }, "\(counts)")
        }
    }

    @Test func aClientKeepsItsHashOverItsPorts() throws {
        let some = try (1...3).map { try #require(SocketAddress(ip: "192.0.2.7", port: UInt16($0))) }
        #expect(Set(some.map { KeyHash.of(client: $0) }).count == 1)
        #expect(Set(some.map { KeyHash.of(endpoint: $0) }).count == 3)
        let others = try (0..<250).map { try #require(SocketAddress(ip: "192.0.2.\($0)", port: 80)) }
        #expect(Set(others.map { KeyHash.of(client: $0) }).count == 250)
    }
}
