/// What somebody who mistyped a name probably meant.
enum Suggestion {
    /// The nearest of `names`, where one is near enough to be meant; of equally near ones the first.
    static func nearest(to text: String, in names: [String]) -> String? {
        guard text.utf8.count <= Bounds.nameBytesMax else { return nil }
        let same = names.first { normal($0) == normal(text) }
        if let same { return same }
        let farthest = max(1, min(3, text.count / 3))
        var best: (name: String, distance: Int)?
        for name in names {
            let distance = distance(text.lowercased(), name.lowercased(), atMost: farthest)
            if distance <= min(farthest, (best?.distance ?? .max) - 1) { best = (name, distance) }
        }
        return best?.name
    }

    /// `; did you mean "policy"?`, or nothing.
    static func hint(for text: String, in names: [String]) -> String {
        nearest(to: text, in: names).map { "; did you mean \"\($0)\"?" } ?? ""
    }

    /// Without what people write differently: `bodyLimit`, `body-limit`, `body_limit`.
    private static func normal(_ text: String) -> String { text.lowercased().filter { $0 != "-" && $0 != "_" } }

    /// How many letters must be put in, taken out, replaced, or swapped with their neighbour to make `first` out of
    /// `second` (optimal string alignment); where that is more than `most`, something more than it.
    static func distance(_ first: String, _ second: String, atMost most: Int) -> Int {
        let a = Array(first.unicodeScalars)
        let b = Array(second.unicodeScalars)
        guard abs(a.count - b.count) <= most else { return most + 1 }
        var before: [Int] = []
        var above = Array(0...b.count)
        for i in a.indices {
            var row = [i + 1]
            for j in b.indices {
                var best = min(above[j + 1] + 1, row[j] + 1, above[j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { best = min(best, before[j - 1] + 1) }
                row.append(best)
            }
            before = above
            above = row
        }
        return above[b.count]
    }
}
