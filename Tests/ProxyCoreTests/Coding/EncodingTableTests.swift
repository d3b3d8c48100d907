import Testing

@testable import ProxyCore

@Suite struct EncodingTableTests {
    private func choice(_ accepted: String) -> CodingChoice {
        let bytes = [UInt8](latin1: "GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: \(accepted)\r\n\r\n")
        var head = RequestHead()
        _ = bytes.withRaw { head.parse($0) }
        return bytes.withRaw { CodingChoice(head, $0, offered: [.zstd, .brotli, .gzip]) }
    }

    @Test(arguments: CompressionSettings.Coding.allCases)
    func aBodyGoesThroughInParts(coding: CompressionSettings.Coding) throws {
        var random = SeededGenerator(seed: 11)
        var pool = BufferPool()
        var table = EncodingTable()
        let begun = table.begin(choice(String(describing: coding.asContentCoding.name)), level: 5)
        let (place, found) = try #require(begun)
        #expect(found == coding)
        let content = (0..<200_000).map { _ in UInt8.random(in: 0...40, using: &random) }
        var coded: [UInt8] = []
        var fed = 0
        while !table.isFinished(place) {
            if table.isHungry(place) {
                let count = min(Int.random(in: 0...Limits.readBytes, using: &random), content.count - fed)
                var part = pool.takeLarge()
                for byte in content[fed..<fed + count] { part.append(byte) }
                fed += count
                table.feed(place, part, fed == content.count ? .finish : Bool.random(using: &random) ? .flush : .goOn)
            }
            var out = pool.takeLarge()
            let limit = Int.random(in: Encoder.roomMin...5000, using: &random)
            let isRight = table.encode(place, into: &out, atMost: limit, &pool)
            #expect(isRight)
            #expect(out.count <= limit)
            coded += out.array
            pool.give(out)
        }
        table.end(place, &pool)
        #expect(try decoded(coded, coding) == content)
    }

    @Test func whenMemoryRunsOutTheNextCodingServes() {
        var table = EncodingTable()
        var pool = BufferPool()
        var counts: [CompressionSettings.Coding: Int] = [:]
        var places: [Int] = []
        while let (place, coding) = table.begin(choice("br, gzip;q=0.5"), level: 1) {
            counts[coding, default: 0] += 1
            places.append(place)
        }
        #expect(counts == [.brotli: 24, .gzip: 3])
        for place in places { table.end(place, &pool) }
        let begun = table.begin(choice("br"), level: 1)
        #expect(begun?.coding == .brotli)
    }

    @Test func whoAcceptsNoneGetsNone() {
        var table = EncodingTable()
        let begun = table.begin(choice("deflate"), level: 5)
        #expect(begun?.place == nil)
    }
}
