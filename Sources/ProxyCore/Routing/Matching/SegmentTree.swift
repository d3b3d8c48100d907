/// Two trees in one hash table: the segments of paths from the left, and the labels of host names from the right. An edge
/// is found by the node it leaves and the text on it, so a step costs the same however many routes there are.
struct SegmentTree: ~Copyable, Sendable {
    struct Edge: BitwiseCopyable {
        var hash: UInt64 = 0
        var from: Int32 = -1
        var to: Int32 = -1
        var textStart: Int32 = 0
        var textCount: Int32 = 0
    }

    private let edges: FixedArray<Edge>
    private let texts: FixedArray<UInt8>
    private let mask: Int

    /// Makes a tree, node by node; new nodes get the numbers from 0 up.
    struct Builder {
        private struct Key: Hashable {
            var from: Int32
            var text: [UInt8]
        }

        private var edges: [Key: Int32] = [:]
        private(set) var count: Int32 = 0

        mutating func makeRoot() -> Int32 {
            count += 1
            return count - 1
        }

        /// The node behind `text` from `node` on, made where there is none.
        mutating func step(from node: Int32, _ text: [UInt8]) -> Int32 {
            let key = Key(from: node, text: text)
            if let known = edges[key] { return known }
            let made = makeRoot()
            edges[key] = made
            return made
        }

        consuming func build() -> SegmentTree { SegmentTree(edges.map { ($0.key.from, $0.key.text, $0.value) }) }
    }

    private init(_ list: [(from: Int32, text: [UInt8], to: Int32)]) {
        // At most half full, so that a search ends after a place or two.
        var capacity = 2
        while capacity < list.count * 2 { capacity *= 2 }
        mask = capacity - 1
        var table = [Edge](repeating: Edge(), count: capacity)
        var pool: [UInt8] = []
        for (from, text, to) in list {
            let hash = SegmentHash.of(text)
            var place = Self.place(hash, from) & mask
            while table[place].to >= 0 { place = (place + 1) & mask }
            table[place] = Edge(
                hash: hash, from: from, to: to, textStart: Int32(pool.count), textCount: Int32(text.count))
            pool += text
        }
        edges = FixedArray(table)
        texts = FixedArray(pool)
    }

    @inline(__always)
    private static func place(_ hash: UInt64, _ from: Int32) -> Int {
        Int(truncatingIfNeeded: KeyHash.mix(hash, UInt64(truncatingIfNeeded: from)) &>> 1)
    }

    /// The node behind the text in `range`, or -1 where there is none.
    @inline(__always)
    func step(from node: Int32, _ bytes: RawSpan, _ range: Range<Int>) -> Int32 {
        find(node, SegmentHash.of(bytes, range), bytes, range, ignoresCase: false)
    }

    /// The same for text in any letter case, where that of the tree is in lower case.
    @inline(__always)
    func step(from node: Int32, ignoringCase bytes: RawSpan, _ range: Range<Int>) -> Int32 {
        find(node, SegmentHash.ofLowercased(bytes, range), bytes, range, ignoresCase: true)
    }

    @inline(__always)
    private func find(
        _ node: Int32, _ hash: UInt64, _ bytes: RawSpan, _ range: Range<Int>, ignoresCase: Bool
    ) -> Int32 {
        var place = Self.place(hash, node) & mask
        while true {
            let edge = edges[place]
            guard edge.to >= 0 else { return -1 }
            if edge.hash == hash, edge.from == node, Int(edge.textCount) == range.count {
                let text = Int(edge.textStart)..<Int(edge.textStart &+ edge.textCount)
                // The hash is the text where it is short.
                if range.count <= 7 { return edge.to }
                if bytes.equals(range, texts.bytes, text, ignoresCase: ignoresCase) { return edge.to }
            }
            place = (place &+ 1) & mask
        }
    }
}

/// A hash of a segment or label: for seven bytes or fewer it is those themselves and their count, and so the same only
/// for the same text.
enum SegmentHash {
    static func of(_ text: [UInt8]) -> UInt64 { unsafe of(text.span.bytes, text.indices) }

    @inline(__always)
    static func of(_ bytes: RawSpan, _ range: Range<Int>) -> UInt64 {
        guard range.count > 7 else { return short(bytes.partialWord(range), range.count) }
        var hash = UInt64(truncatingIfNeeded: range.count)
        var index = range.lowerBound
        while index &+ 8 <= range.upperBound {
            hash = KeyHash.mix(hash, bytes.word(index))
            index &+= 8
        }
        // The last eight bytes, some of them again.
        return KeyHash.mix(hash, bytes.word(range.upperBound &- 8)) | 1 << 63
    }

    @inline(__always)
    static func ofLowercased(_ bytes: RawSpan, _ range: Range<Int>) -> UInt64 {
        guard range.count > 7 else { return short(lowercased(bytes.partialWord(range)), range.count) }
        var hash = UInt64(truncatingIfNeeded: range.count)
        var index = range.lowerBound
        while index &+ 8 <= range.upperBound {
            hash = KeyHash.mix(hash, lowercased(bytes.word(index)))
            index &+= 8
        }
        return KeyHash.mix(hash, lowercased(bytes.word(range.upperBound &- 8))) | 1 << 63
    }

    /// Never has the top bit, so a short text has no hash of a long one.
    @inline(__always)
    private static func short(_ word: UInt64, _ count: Int) -> UInt64 {
        word | UInt64(truncatingIfNeeded: count) &<< 56
    }

    /// Eight bytes with the letters among them in lower case.
    @inline(__always)
    static func lowercased(_ word: UInt64) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let low = word & (ones &* 0x7F)
        // The top bit of each byte from "A" on, and of each beyond "Z".
        let fromA = low &+ ones &* (0x80 - 0x41)
        let beyondZ = low &+ ones &* (0x80 - 0x5B)
        let upper = fromA & ~beyondZ & ~word & (ones &* 0x80)
        return word | upper &>> 2
    }
}

extension RawSpan {
    /// At most seven bytes, the first in the lowest bits.
    @inline(__always)
    fileprivate func partialWord(_ range: Range<Int>) -> UInt64 {
        let count = range.count
        guard count > 0 else { return 0 }
        // One load with bytes before or behind, where there are enough of them.
        if range.lowerBound &+ 8 <= byteCount {
            return word(range.lowerBound) & ((1 &<< UInt64(truncatingIfNeeded: count &* 8)) &- 1)
        }
        if range.upperBound >= 8 {
            return word(range.upperBound &- 8) &>> UInt64(truncatingIfNeeded: (8 &- count) &* 8)
        }
        var result: UInt64 = 0
        for offset in 0..<count {
            result |= UInt64(byte(range.lowerBound &+ offset)) &<< UInt64(truncatingIfNeeded: offset &* 8)
        }
        return result
    }

    /// True where both texts are the same; with `ignoresCase`, the other one is in lower case.
    @inline(__always)
    func equals(_ range: Range<Int>, _ other: RawSpan, _ otherRange: Range<Int>, ignoresCase: Bool) -> Bool {
        guard range.count == otherRange.count else { return false }
        var offset = 0
        while offset &+ 8 <= range.count {
            let word = word(range.lowerBound &+ offset)
            let mine = ignoresCase ? SegmentHash.lowercased(word) : word
            if mine != other.word(otherRange.lowerBound &+ offset) { return false }
            offset &+= 8
        }
        while offset < range.count {
            let byte = byte(range.lowerBound &+ offset)
            let isUpper = ignoresCase && byte &- 0x41 < 26
            if (isUpper ? byte | 0x20 : byte) != other.byte(otherRange.lowerBound &+ offset) { return false }
            offset &+= 1
        }
        return true
    }

    /// The first index from `start` on that holds `wanted`, or `end`.
    @inline(__always)
    func index(of wanted: UInt8, from start: Int, before end: Int) -> Int {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let pattern = ones &* UInt64(wanted)
        var index = start
        while index &+ 8 <= end {
            let difference = word(index) ^ pattern
            let hits = (difference &- ones) & ~difference & (ones &* 0x80)
            if hits != 0 { return index &+ hits.trailingZeroBitCount &>> 3 }
            index &+= 8
        }
        while index < end, byte(index) != wanted { index &+= 1 }
        return index
    }
}
