import Testing

@testable import ProxyCore

private struct NoEncoder: Error {}

private func there(_ encoder: consuming Encoder?) throws -> Encoder {
    guard let encoder else { throw NoEncoder() }
    return encoder
}

@Suite struct EncoderTests {
    private static let levels = [1, 3, 5, 7, 9]
    private static let cases = CompressionSettings.Coding.allCases.flatMap { coding in levels.map { (coding, $0) } }

    /// Text of words that come again, as pages have them.
    private static func page(_ count: Int, _ random: inout SeededGenerator) -> [UInt8] {
        let words = ["<div class=\"tweet\">", "the ", "balancer ", "of ", "\n", "{\"id\":", "</div>", "naïve "]
        var text: [UInt8] = []
        while text.count < count {
            text += Array(words.randomElement(using: &random)!.utf8)
            text += Array(String(UInt16.random(in: 0...999, using: &random)).utf8)
        }
        return Array(text.prefix(count))
    }

    private static func noise(_ count: Int, _ random: inout SeededGenerator) -> [UInt8] {
        (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &random) }
    }

    /// Feeds one part, with rooms of random size for the output.
    private static func feed(
        _ encoder: borrowing Encoder, _ part: ArraySlice<UInt8>, _ operation: Encoder.Operation,
        into coded: inout [UInt8], roomMax: Int, _ random: inout SeededGenerator
    ) throws {
        var rest = Array(part)
        var steps = 0
        while true {
            let room = Encoder.roomMin + Int.random(in: 0...roomMax, using: &random)
            var out = ByteBuffer(capacity: room)
            let progress = try #require(rest.withRaw { encoder.encode($0, operation, into: &out) })
            coded += out.array
            rest.removeFirst(progress.taken)
            if progress.isDone { break }
            steps += 1
            try #require(steps < 100_000)
        }
        #expect(rest.isEmpty)
    }

    @Test(arguments: cases) func whatComesOutDecodes(coding: CompressionSettings.Coding, level: Int) throws {
        var random = SeededGenerator(seed: UInt64(level))
        for content in [[], [65], Self.page(1000, &random), Self.page(300_000, &random), Self.noise(150_000, &random)] {
            let encoder = try there(Encoder.make(coding, level: level))
            var coded: [UInt8] = []
            for start in stride(from: 0, to: content.count, by: Limits.readBytes) {
                let part = content[start..<min(start + Limits.readBytes, content.count)]
                try Self.feed(encoder, part, .goOn, into: &coded, roomMax: 70_000, &random)
            }
            try Self.feed(encoder, [], .finish, into: &coded, roomMax: 70_000, &random)
            #expect(try decoded(coded, coding) == content)
        }
    }

    @Test(arguments: cases) func anyCuttingOfInputAndOutputDecodes(
        coding: CompressionSettings.Coding, level: Int
    ) throws {
        var random = SeededGenerator(seed: 7 * UInt64(level))
        for round in 0..<12 {
            let size = Int.random(in: 0...90_000, using: &random)
            let content = round % 3 == 0 ? Self.noise(size, &random) : Self.page(size, &random)
            let encoder = try there(Encoder.make(coding, level: level))
            var coded: [UInt8] = []
            var fed = 0
            let roomMax = Int.random(in: 0...2000, using: &random)
            while fed < content.count {
                let count = min(Int.random(in: 0...9000, using: &random), content.count - fed)
                let flushes = Bool.random(using: &random)
                try Self.feed(
                    encoder, content[fed..<fed + count], flushes ? .flush : .goOn, into: &coded, roomMax: roomMax,
                    &random)
                fed += count
                if flushes { #expect(try decoded(coded, coding, isWhole: false) == Array(content[..<fed])) }
            }
            try Self.feed(encoder, [], .finish, into: &coded, roomMax: roomMax, &random)
            #expect(try decoded(coded, coding) == content)
        }
    }

    @Test(arguments: CompressionSettings.Coding.allCases)
    func everyByteCanBeFlushed(coding: CompressionSettings.Coding) throws {
        var random = SeededGenerator(seed: 3)
        let content = Array("event: tick\ndata: 1\n\n".utf8)
        let encoder = try there(Encoder.make(coding, level: 5))
        var coded: [UInt8] = []
        for index in content.indices {
            try Self.feed(encoder, content[index...index], .flush, into: &coded, roomMax: 100, &random)
            #expect(try decoded(coded, coding, isWhole: false) == Array(content[...index]))
        }
    }

    @Test(arguments: CompressionSettings.Coding.allCases)
    func outputStaysWithinTheLimit(coding: CompressionSettings.Coding) throws {
        var random = SeededGenerator(seed: 5)
        let content = Self.noise(Limits.readBytes, &random)
        let encoder = try there(Encoder.make(coding, level: 5))
        var out = ByteBuffer(capacity: Limits.largeBlockBytes)
        _ = content.withRaw { encoder.encode($0, .flush, into: &out, atMost: 100) }
        #expect(out.count <= 100)
    }
}

@Suite struct EncoderPoolTests {
    /// Encodes `text` with an encoder of the pool, from which it is given back.
    private func coded(
        _ text: String, _ coding: CompressionSettings.Coding, level: Int, _ pool: inout EncoderPool
    ) throws -> [UInt8] {
        let encoder = try there(pool.take(coding, level: level))
        var out = ByteBuffer(capacity: 4096)
        let progress = [UInt8](text.utf8).withRaw { encoder.encode($0, .finish, into: &out) }
        #expect(progress == Encoder.Progress(taken: text.utf8.count, isDone: true))
        pool.give(encoder)
        return out.array
    }

    @Test(arguments: CompressionSettings.Coding.allCases)
    func anEncoderServesAgain(coding: CompressionSettings.Coding) throws {
        var pool = EncoderPool()
        let text = String(repeating: "once more ", count: 50)
        let first = try coded(text, coding, level: 5, &pool)
        for level in [5, 9, 1, 5] {
            let found = try decoded(coded(text, coding, level: level, &pool), coding)
            #expect(found == Array(text.utf8))
        }
        let last = try coded(text, coding, level: 5, &pool)
        #expect(last == first)
    }

    @Test(arguments: CompressionSettings.Coding.allCases)
    func oneThatWasLeftInTheMiddleServesAgain(coding: CompressionSettings.Coding) throws {
        var pool = EncoderPool()
        let left = try there(pool.take(coding, level: 5))
        var out = ByteBuffer(capacity: 4096)
        _ = [UInt8]("half of an answer".utf8).withRaw { left.encode($0, .goOn, into: &out) }
        pool.give(left)
        let found = try decoded(coded("whole", coding, level: 5, &pool), coding)
        #expect(found == Array("whole".utf8))
    }

    @Test func memoryIsBounded() {
        var pool = EncoderPool()
        var taken: [Int] = []
        for coding in [CompressionSettings.Coding.brotli, .zstd, .gzip] {
            taken.append(Self.exhaust(coding, &pool))
        }
        // The larger ones leave room for some of the smaller.
        #expect(taken == [24, 0, 3])
        let left = Self.exhaust(.gzip, &pool)
        #expect(left == 0)
    }

    /// Takes all that can be had, and keeps them.
    private static func exhaust(_ coding: CompressionSettings.Coding, _ pool: inout EncoderPool) -> Int {
        var count = 0
        while let encoder = pool.take(coding, level: 1) {
            keep(encoder)
            count += 1
        }
        return count
    }

    private static func keep(_ encoder: consuming Encoder) {}
}
