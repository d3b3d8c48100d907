/// Makes inputs that are nearly valid: a seed with a few changes, always the same for the same number.
struct Mutator {
    private var random: SplitMix64
    private let seeds: [[UInt8]]
    private let words: [[UInt8]]

    /// - Parameters:
    ///   - seeds: valid inputs, in which each character is one byte.
    ///   - words: what the grammar is made of, and what it is not.
    init(number: UInt64, seeds: [String], words: [String]) {
        random = SplitMix64(state: number)
        self.seeds = seeds.map { $0.bytes }
        self.words = words.map { $0.bytes }
    }

    mutating func next() -> [UInt8] {
        var input = seeds[below(seeds.count)]
        // A few stay as they are, so that what is valid is looked at too.
        for _ in 0..<below(5) { change(&input) }
        return input
    }

    /// `input` in pieces of random length.
    mutating func pieces(of input: [UInt8]) -> [[UInt8]] {
        var pieces: [[UInt8]] = []
        var rest = input[...]
        while !rest.isEmpty {
            let count = 1 + below(min(rest.count, below(4) == 0 ? rest.count : 4))
            pieces.append(Array(rest.prefix(count)))
            rest = rest.dropFirst(count)
        }
        return pieces
    }

    private mutating func change(_ input: inout [UInt8]) {
        let place = below(input.count + 1)
        let end = min(input.count, place + below(8))
        switch below(7) {
        case 0: input.insert(UInt8(truncatingIfNeeded: random.next()), at: place)
        case 1: input.removeSubrange(place..<end)
        case 2: input.insert(contentsOf: words[below(words.count)], at: place)
        case 3: input.replaceSubrange(place..<end, with: words[below(words.count)])
        case 4: input.insert(contentsOf: input[place..<end], at: place)
        case 5:
            if place < input.count { input[place] ^= 1 << UInt8(below(8)) }
        default:
            // A line of another seed, or the middle of one.
            let other = seeds[below(seeds.count)]
            let start = below(other.count)
            input.insert(contentsOf: other[start..<min(other.count, start + below(40))], at: place)
        }
    }

    private mutating func below(_ bound: Int) -> Int { bound > 0 ? Int(random.next() % UInt64(bound)) : 0 }
}

/// A random source that gives the same numbers on every run.
private struct SplitMix64 {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

extension String {
    /// Each character as one byte (ISO 8859-1).
    var bytes: [UInt8] { unicodeScalars.map { UInt8($0.value) } }
}

extension Array where Element == UInt8 {
    /// The bytes as they would stand in a Swift string.
    var escaped: String {
        String(String.UnicodeScalarView(map { Unicode.Scalar($0) })).debugDescription
    }

    func withRaw<Result>(_ body: (RawSpan) -> Result) -> Result { unsafe body(span.bytes) }
}
