import Testing

@testable import ProxyCore

/// Chunked bodies that are nearly valid, in random pieces: the decoder and the reference read the same.
@Suite struct ChunkedFuzzTests {
    private static let seeds = [
        "5\r\nhello\r\n0\r\n\r\n",
        "1;a=b\r\nx\r\n2 ; c ; d = \"e\\\"f\"\r\nyz\r\n0\r\nA: b\r\nC:\r\n\r\n",
        "0\r\n\r\nGET / HTTP/1.1\r\n",
        "A;x=\"\"\r\n0123456789\r\n00000000\r\nTrailer: \u{E9}\r\n\r\n",
        "3\r\n0\r\n\r\n0;last\r\n\r\n",
    ]

    private static let words = [
        "\r\n", "\r", "\n", "\u{0}", " ", "\t", ";", "=", "\"", "\\", ":", "0", "f", "F", "g", "0x", "-1", ";a", ";a=b",
        ";a=\"b\"",
        "\"c", "0\r\n\r\n", "\u{E9}", "\u{7F}", "ffffffffffffffff", "00000000000000000", "A: b\r\n", " folded",
    ]

    private func decode(_ pieces: [[UInt8]]) -> ReferenceChunks.Outcome {
        var decoder = ChunkedDecoder()
        var data: [UInt8] = []
        var used = 0
        for piece in pieces {
            var index = 0
            while index < piece.count, !decoder.isFinished {
                switch piece.withRaw({ decoder.step($0, from: index) }) {
                case .framing(let end): index = end
                case .data(let end):
                    data += piece[index..<end]
                    index = end
                case .malformed: return .malformed
                }
            }
            used += index
        }
        return decoder.isFinished ? .whole(data, used) : .partial
    }

    @Test(arguments: Rounds.seeds)
    func theDecoderReadsWhatTheReferenceReads(number: UInt64) {
        var mutator = Mutator(number: number, seeds: Self.seeds, words: Self.words)
        var whole = 0
        for _ in 0..<Rounds.inputsPerSeed {
            let input = mutator.next()
            let expected = ReferenceChunks.read(input)
            let pieces = mutator.pieces(of: input)
            #expect(decode([input]) == expected, "\(input.escaped)")
            #expect(decode(pieces) == expected, "\(pieces.map(\.escaped))")
            if case .whole = expected { whole += 1 }
        }
        #expect(whole > Rounds.inputsPerSeed / 10, "most inputs are refused at once, which tests little")
    }
}
