import Testing

@testable import ProxyCore

@Suite struct FieldNameTests {
    private static let names: [(String, FieldName)] = [
        ("Connection", .connection), ("Content-Length", .contentLength), ("Host", .host),
        ("Keep-Alive", .keepAlive), ("Proxy-Connection", .proxyConnection), ("Referer", .referer), ("TE", .te),
        ("Transfer-Encoding", .transferEncoding), ("Upgrade", .upgrade), ("User-Agent", .userAgent), ("Via", .via),
        ("X-Forwarded-For", .xForwardedFor), ("X-Forwarded-Host", .xForwardedHost),
        ("X-Forwarded-Proto", .xForwardedProto), ("X-Request-Id", .xRequestID),
    ]

    private func name(_ text: String) -> FieldName {
        let bytes = [UInt8](latin1: "x\(text)x")
        return bytes.withRaw { FieldName($0, 1..<bytes.count - 1) }
    }

    @Test(arguments: names)
    func knownNamesAreKnownInAnyCase(text: String, expected: FieldName) {
        #expect(name(text) == expected)
        #expect(name(text.uppercased()) == expected)
        #expect(name(text.lowercased()) == expected)
    }

    @Test(arguments: names)
    func everyByteOfANameCounts(text: String, expected: FieldName) {
        let bytes = [UInt8](latin1: text)
        for index in bytes.indices {
            for other in UInt8.all where ![bytes[index] | 0x20, bytes[index] & ~0x20].contains(other) {
                var changed = bytes
                changed[index] = other
                if other == bytes[index] { continue }
                #expect(name(String(latin1: changed)) == .other, "\(text) with \(other) at \(index)")
            }
        }
        #expect(name(text + "s") == .other)
        #expect(name(String(text.dropLast())) == .other)
        #expect(name(String(text.dropFirst())) == .other)
    }

    @Test(arguments: ["Accept", "Cookie", "Trailer", "Proxy-Authorization", "Proxy-Authenticate", "Forwarded", "X", ""])
    func othersAreOthers(text: String) { #expect(name(text) == .other) }
}
