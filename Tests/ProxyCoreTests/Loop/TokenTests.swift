import Testing

@testable import ProxyCore

@Suite struct TokenTests {
    @Test(arguments: [Token.Kind.listener, .wakeup, .client, .upstream])
    func aTokenNamesKindPlaceAndTenant(kind: Token.Kind) {
        for slot in [0, 1, 1023, Int(Int32.max)] {
            for generation: UInt32 in [0, 1, 0x3FFF_FFFF] {
                let token = Token(rawValue: Token(kind, slot: slot, generation: generation).rawValue)
                #expect(token.kind == kind)
                #expect(token.slot == slot)
                #expect(token.isFor(generation: generation))
                #expect(!token.isFor(generation: generation ^ 1))
                #expect(!token.isFor(generation: generation ^ 0x2000_0000))
            }
        }
    }

    @Test func generationsGoRound() {
        #expect(Token(.client, slot: 5, generation: 0x4000_0001).isFor(generation: 1))
        #expect(Token(.client, slot: 5, generation: 1).isFor(generation: 0x4000_0001))
        #expect(Token(.client, slot: 5, generation: .max).kind == .client)
    }
}
