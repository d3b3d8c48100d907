import Testing

@testable import ProxyCore

@Suite struct StickyTests {
    private let address = SocketAddress.anyIPv4(port: 8080)

    private func policy(_ tokens: [UInt64]) -> Sticky {
        var policy = Sticky(startingAt: 0)
        policy.adopt(
            MemberChange(joining: tokens.map { _ in 100 }),
            Dictionary(uniqueKeysWithValues: zip(tokens, tokens.indices)))
        return policy
    }

    // ---- tokens ------------------------------------------------------------------------------------------------------

    @Test func aTokenIsTheBeginningOfASignature() throws {
        // printf 'web/10.0.0.1:80' | openssl dgst -sha256 -hmac secret
        let address = try #require(SocketAddress(ip: "10.0.0.1", port: 80))
        #expect(StickyToken.make(secret: "secret", service: "web", address: address) == 0xCFFF_084F_656C_B9B6)
    }

    @Test func secretServiceAndAddressMakeAToken() throws {
        let other = try #require(SocketAddress(ip: "::1", port: 8080))
        let tokens = [
            StickyToken.make(secret: "a", service: "web", address: address),
            StickyToken.make(secret: "a", service: "api", address: address),
            StickyToken.make(secret: "b", service: "web", address: address),
            StickyToken.make(secret: "a", service: "web", address: address.withPort(81)),
            StickyToken.make(secret: "a", service: "web", address: other),
            StickyToken.make(secret: "", service: "web", address: address),
        ]
        #expect(Set(tokens).count == tokens.count && !tokens.contains(0))
        #expect(StickyToken.make(secret: "a", service: "web", address: address) == tokens[0], "in every run")
    }

    @Test(arguments: [(1, "0000000000000001"), (.max, "ffffffffffffffff"), (0x0123_4567_89AB_CDEF, "0123456789abcdef")])
    func aTokenIsWrittenAndRead(token: UInt64, text: String) {
        #expect(written { StickyToken.write(token, to: &$0) } == text)
        for text in [text, text.uppercased()] {
            #expect([UInt8](latin1: "<\(text)>").withRaw { StickyToken.parse($0, 1..<17) } == token)
        }
    }

    @Test(arguments: [
        "", "1", "000000000000000", "00000000000000001", "000000000000000g", " 00000000000000a", "-000000000000001",
    ])
    func whatIsNoTokenIsNone(text: String) {
        let bytes = [UInt8](latin1: text)
        #expect(bytes.withRaw { StickyToken.parse($0, 0..<bytes.count) } == 0)
    }

    // ---- picks -------------------------------------------------------------------------------------------------------

    @Test func whoBringsATokenGoesBack() {
        var policy = policy([11, 22, 33])
        for _ in 0..<5 { #expect(policy.pick(token: 22) { _ in true } == 1) }
    }

    @Test func whoBringsNoneGoesRound() {
        var policy = policy([11, 22, 33])
        #expect((0..<4).map { _ in policy.pick(token: 0) { _ in true } } == [0, 1, 2, 0])
    }

    @Test func aForgedTokenLeadsNowhere() {
        var policy = policy([11, 22, 33])
        #expect([12, .max, 1].map { policy.pick(token: $0) { _ in true } } == [0, 1, 2])
        // An endpoint without a token must not be what "no token" means.
        var without = Sticky(startingAt: 1)
        without.adopt(MemberChange(joining: [100, 100]), [0: 0])
        #expect(without.pick(token: 0) { _ in true } == 1)
    }

    @Test func whoseEndpointCannotServeGoesRound() {
        var policy = policy([11, 22, 33])
        #expect((0..<3).map { _ in policy.pick(token: 22) { $0 != 1 } } == [0, 2, 0])
        #expect(policy.pick(token: 22) { _ in false } == nil)
    }
}
