import Testing

@testable import ProxyCore

@Suite struct AcceptedCodingsTests {
    /// The weights of brotli, zstd and gzip.
    private func weights(_ lines: String...) -> [Int] {
        var codings = AcceptedCodings()
        for line in lines { [UInt8](latin1: line).withRaw { codings.note($0, 0..<$0.byteCount) } }
        return [.brotli, .zstd, .gzip].map { codings.weight($0) }
    }

    @Test func whoSaysNothingGetsNoCoding() {
        #expect(weights() == [0, 0, 0])
        #expect(weights("") == [0, 0, 0])
        #expect(weights("identity") == [0, 0, 0])
        #expect(weights("deflate, compress;q=0.5") == [0, 0, 0])
    }

    @Test func eachNamedOneHasItsWeight() {
        #expect(weights("gzip, deflate, br, zstd") == [1000, 1000, 1000])
        #expect(weights("br;q=1.0, gzip;q=0.8, *;q=0.1") == [1000, 100, 800])
        #expect(weights("gzip;q=0.5", "BR ; q=0.25") == [250, 0, 500])
        #expect(weights("X-Gzip") == [0, 0, 1000])
        #expect(weights("gzip;Q=0.001,zstd;q=0.") == [0, 0, 1])
    }

    @Test func zeroRefusesWhatTheStarAllows() {
        #expect(weights("*") == [1000, 1000, 1000])
        #expect(weights("*, gzip;q=0") == [1000, 1000, 0])
        #expect(weights("gzip;q=0.000, *;q=0") == [0, 0, 0])
    }

    @Test(arguments: [
        "gzip;q=2", "gzip;q=1.001", "gzip;q=", "gzip;q", "gzip;x=1", "gzip q=1", "gzip;q=0.5555", "gzip;q=-1",
        "gzip;q=a", "gzip;q=1,5",
    ])
    func whatIsMalformedSaysNothing(line: String) { #expect(weights(line) == [0, 0, line == "gzip;q=1,5" ? 1000 : 0]) }
}
