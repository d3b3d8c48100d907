import Testing

@testable import ProxyCore

@Suite struct EntityTagTests {
    private let strong = EntityTag(size: 0x1F, hash: 0xABC, coding: .identity, isWeak: false)
    private let weak = EntityTag(size: 0x1F, hash: 0xABC, coding: .identity, isWeak: true)

    private func isIn(_ list: String, _ tag: EntityTag, _ comparison: EntityTag.Comparison) -> Bool {
        [UInt8](latin1: list).withRaw { tag.isIn($0, 0..<$0.byteCount, comparison) }
    }

    @Test func theTextNamesSizeStateAndCoding() {
        #expect(written { strong.write(to: &$0) } == "\"1f-abc\"")
        #expect(written { weak.write(to: &$0) } == "W/\"1f-abc\"")
        let largest = EntityTag(size: .max, hash: .max, coding: .zstd, isWeak: false)
        #expect(written { largest.write(to: &$0) } == "\"ffffffffffffffff-ffffffffffffffff-zstd\"")
        #expect(written { EntityTag(size: 0, hash: 0, coding: .brotli, isWeak: false).write(to: &$0) } == "\"0-0-br\"")
    }

    @Test func whatIsMadeOfItHasAWeakTagOfItsOwn() {
        for tag in [strong, weak] {
            #expect(written { EntityTag(tag, in: .gzip).write(to: &$0) } == "W/\"1f-abc-gzip\"")
        }
        #expect(isIn("W/\"1f-abc-gzip\"", EntityTag(strong, in: .gzip), .weak))
        #expect(!isIn("W/\"1f-abc-gzip\"", EntityTag(strong, in: .gzip), .strong))
        #expect(!isIn("\"1f-abc\", W/\"1f-abc-br\"", EntityTag(strong, in: .gzip), .weak))
        let largest = EntityTag(size: .max, hash: .max, coding: .identity, isWeak: false)
        #expect(
            written { EntityTag(largest, in: .zstd).write(to: &$0) }
                == "W/\"ffffffffffffffff-ffffffffffffffff-zstd\"")
    }

    @Test(arguments: [
        "\"1f-abc\"", " \"1f-abc\" ", "\"x\", \"1f-abc\"", "\"x\",,\t\"1f-abc\"", "\"a,b\", \"1f-abc\", \"y\"",
        "\"\",\"1f-abc\"",
    ])
    func aListMayHoldIt(list: String) {
        #expect(isIn(list, strong, .strong) && isIn(list, strong, .weak))
        #expect(!isIn(list, weak, .strong), "ours is weak")
        #expect(isIn(list, weak, .weak))
    }

    @Test func aWeakOneIsAlikeForCachesOnly() {
        #expect(isIn("W/\"1f-abc\"", strong, .weak) && isIn("W/\"1f-abc\"", weak, .weak))
        #expect(!isIn("W/\"1f-abc\"", strong, .strong) && !isIn("W/\"1f-abc\"", weak, .strong))
        #expect(isIn("W/\"1f-abc\", \"1f-abc\"", strong, .strong))
    }

    @Test(arguments: [
        "", ",", "*", "1f-abc", "\"1f-abc", "1f-abc\"", "\"1f-abd\"", "\"1F-ABC\"", "\"1f-abc-gzip\"", "w/\"1f-abc\"",
        "W/ \"1f-abc\"", "x \"1f-abc\"", "\"x\" y, \"1f-abc\"", "W/", "\"",
    ])
    func othersAreNotIt(list: String) { #expect(!isIn(list, strong, .weak) && !isIn(list, strong, .strong)) }
}
