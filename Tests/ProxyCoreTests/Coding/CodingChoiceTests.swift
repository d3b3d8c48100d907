import Testing

@testable import ProxyCore

@Suite struct CodingChoiceTests {
    /// What a client that sends these Accept-Encoding fields gets, the best first.
    private func choice(_ values: String..., offered: [CompressionSettings.Coding] = [.zstd, .brotli, .gzip]) throws
        -> [CompressionSettings.Coding]
    {
        let fields = values.map { "Accept-Encoding: \($0)\r\n" }.joined()
        let bytes = [UInt8](latin1: "GET / HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\(fields)\r\n")
        var head = RequestHead()
        guard case .complete = bytes.withRaw({ head.parse($0) }) else {
            Issue.record("\(values) make no head")
            return []
        }
        var choice = bytes.withRaw { CodingChoice(head, $0, offered: offered) }
        var codings: [CompressionSettings.Coding] = []
        while let next = choice.next() { codings.append(next) }
        #expect(choice.isEmpty)
        return codings
    }

    @Test func ourOrderDecidesAmongEquals() throws {
        #expect(try choice("gzip, deflate, br, zstd") == [.zstd, .brotli, .gzip])
        #expect(try choice("gzip, br", offered: [.gzip, .brotli]) == [.gzip, .brotli])
        #expect(try choice("gzip, br, zstd", offered: [.gzip]) == [.gzip])
    }

    @Test func theClientsWeightsComeFirst() throws {
        #expect(try choice("gzip;q=1.0, br;q=0.5, zstd;q=0.1") == [.gzip, .brotli, .zstd])
        #expect(try choice("zstd;q=0.999, gzip") == [.gzip, .zstd])
    }

    @Test func zeroRefuses() throws {
        #expect(try choice("gzip;q=0, br;q=0.000, zstd") == [.zstd])
        #expect(try choice("*;q=0").isEmpty)
        #expect(try choice("*, zstd;q=0") == [.brotli, .gzip])
    }

    @Test func aStarStandsForAllThatAreNotNamed() throws {
        #expect(try choice("*") == [.zstd, .brotli, .gzip])
        #expect(try choice("gzip, *;q=0.5") == [.gzip, .zstd, .brotli])
    }

    @Test func identityMayBeWantedMore() throws {
        #expect(try choice("identity;q=1, gzip;q=0.5").isEmpty)
        #expect(try choice("identity;q=0.5, gzip;q=0.5, br;q=0.4") == [.gzip])
        #expect(try choice("identity;q=0, gzip;q=0.1") == [.gzip])
        #expect(try choice("identity;q=0, *;q=0").isEmpty)
    }

    @Test func whoSaysNothingGetsNone() throws {
        #expect(try choice().isEmpty)
        #expect(try choice("").isEmpty)
        #expect(try choice("deflate, compress").isEmpty)
    }

    @Test func namesHaveNoCaseAndBlanksNoMeaning() throws {
        #expect(try choice("GZip ;\tQ=0.5 ,, X-GZIP") == [.gzip])
        #expect(try choice("br ; q=0.3") == [.brotli])
        #expect(try choice("gzip", "br;q=0.1") == [.gzip, .brotli])
    }

    @Test(arguments: [
        "gzip;q=1.1", "gzip;q=2", "gzip;q=", "gzip;q", "gzip;level=9", "gzip q=1", "gzip;q=0.0001", "gzip;q=.5",
        "gzip;q=-1", "gzip;q=1,5, br;q=x", ";q=1",
    ])
    func whatIsMalformedSaysNothing(value: String) throws {
        let expected: [CompressionSettings.Coding] = value.hasPrefix("gzip;q=1,") ? [.gzip] : []
        #expect(try choice(value) == expected)
    }
}
