import Testing

@testable import ProxyCore

@Suite struct ByteRangesTests {
    /// What of a hundred bytes `value` asks for; nil where it is ignored, nothing where it cannot be satisfied.
    private func ranges(_ value: String, size: Int = 100) -> [Range<Int>]? {
        switch [UInt8](latin1: value).withRaw({ ByteRanges.read($0, 0..<$0.byteCount, size: size) }) {
        case .ignored: nil
        case .unsatisfiable: []
        case .ranges(let ranges): (0..<ranges.count).map { ranges[$0] }
        }
    }

    @Test func oneRange() {
        #expect(ranges("bytes=0-0") == [0..<1])
        #expect(ranges("bytes=10-19") == [10..<20])
        #expect(ranges("Bytes=99-") == [99..<100])
        #expect(ranges("bytes=0-") == [0..<100])
        #expect(ranges("bytes=-1") == [99..<100])
        #expect(ranges("bytes=-1000") == [0..<100])
        #expect(ranges("bytes=90-200") == [90..<100])
        #expect(ranges("bytes=5-99999999999999999999999999999") == [5..<100])
        #expect(ranges("bytes= 5-6 ") == [5..<7])
    }

    @Test func rangesBeyondTheEndAreUnsatisfiable() {
        #expect(ranges("bytes=100-") == [])
        #expect(ranges("bytes=100-200") == [])
        #expect(ranges("bytes=-0") == [])
        #expect(ranges("bytes=99999999999999999999999999999-") == [])
        #expect(ranges("bytes=0-0", size: 0) == [])
        #expect(ranges("bytes=-5", size: 0) == [])
        #expect(ranges("bytes=200-, -0, 300-400") == [])
        #expect(ranges("bytes=200-, 3-4") == [3..<5])
    }

    @Test(arguments: [
        "", "bytes", "bytes=", "bytes=,", "bytes=-", "bytes=a-b", "bytes=5", "bytes=9-5", "bytes=1-2-3", "bytes=1--2",
        "items=0-1", "bytes =0-1", "bytes=0-1;2-3", "bytes=0x1-2", "bytes=0-1, x", "bytes=1 -2", "bytes:0-1",
    ])
    func whatIsMalformedIsIgnored(value: String) { #expect(ranges(value) == nil) }

    @Test func severalAreSortedAndJoined() {
        #expect(ranges("bytes=50-59, 0-9") == [0..<10, 50..<60])
        #expect(ranges("bytes=0-9,10-19") == [0..<20], "they touch")
        #expect(ranges("bytes=0-9,5-14,90-") == [0..<15, 90..<100])
        #expect(ranges("bytes=0-,0-,0-,0-") == [0..<100])
        #expect(ranges("bytes=40-49,20-29,0-9,9-41") == [0..<50])
        #expect(ranges("bytes=-10,0-4,,") == [0..<5, 90..<100])
    }

    @Test func aFloodOfThemIsIgnored() {
        func flood(_ count: Int) -> String {
            "bytes=" + (0..<count).map { "\($0 * 3)-\($0 * 3)" }.joined(separator: ",")
        }
        #expect(ranges(flood(Limits.rangesMax))?.count == Limits.rangesMax)
        #expect(ranges(flood(Limits.rangesMax + 1)) == nil)
    }

    @Test func whateverIsAskedForComesInOrderAndOnce() {
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<2_000 {
            var wanted = Set<Int>()
            let specs = (0..<Int.random(in: 1...Limits.rangesMax, using: &generator)).map { _ in
                let first = Int.random(in: 0..<100, using: &generator)
                let last = Int.random(in: first..<min(100, first + 12), using: &generator)
                wanted.formUnion(first...last)
                return "\(first)-\(last)"
            }
            let found = ranges("bytes=" + specs.joined(separator: ", ")) ?? []
            #expect(found.flatMap { Array($0) } == wanted.sorted())
            for (one, next) in zip(found, found.dropFirst()) { #expect(one.upperBound < next.lowerBound) }
        }
    }
}
