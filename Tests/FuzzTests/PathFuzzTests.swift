import Testing

@testable import ProxyCore

/// Paths that are nearly normal: what becomes of them is what the reference says, and then stays.
@Suite struct PathFuzzTests {
    private static let seeds = [
        "/", "/a/b/c", "/index.html", "/a%20b/%E2%82%AC", "/a;b=c/d", "/static/css/site.min.css", "/a/../b/./c//d",
        "/%7euser/..;/x", "/very/long/path/that/takes/more/than/one/word/of/eight/bytes",
    ]

    private static let words = [
        "/", "//", "/./", "/../", ".", "..", "%2e", "%2E", "%2f", "%2F", "%5c", "\\", ";", "%3b", "%00", "%", "%4",
        "%zz", "%25",
        "%2541", "%61", "%c3%a9", "..;", "..;a=b", "/..", "/.", "...", "%7E",
    ]

    private func normalize(_ path: [UInt8]) -> [UInt8]? {
        var out = ByteBuffer(capacity: max(1, 3 * path.count))
        switch path.withRaw({ PathNormalizer.normalize($0, into: &out) }) {
        case .asIs: return path
        case .changed: return (0..<out.count).map { out.bytes.byte($0) }
        case .refused: return nil
        }
    }

    @Test(arguments: Rounds.seeds)
    func pathsBecomeWhatTheReferenceSays(number: UInt64) {
        var mutator = Mutator(number: number, seeds: Self.seeds, words: Self.words)
        var accepted = 0
        for _ in 0..<Rounds.inputsPerSeed {
            // A target is visible ASCII.
            let path = mutator.next().filter { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "?") }
            let normal = normalize(path)
            #expect(normal == ReferencePath.normalize(path), "\(path.escaped)")
            guard let normal else { continue }
            accepted += 1
            #expect(normalize(normal) == normal, "\(path.escaped)")
        }
        #expect(accepted > Rounds.inputsPerSeed / 10, "most inputs are refused at once, which tests little")
    }
}
