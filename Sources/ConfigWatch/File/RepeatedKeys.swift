/// A text in which keys that come again in their mapping get names that nobody writes: the parser refuses them, and would
/// not say what else is wrong.
struct RepeatedKeys {
    private(set) var text: String
    private var lines: [String]
    private var count: UInt32 = 0

    init(_ text: String) {
        self.text = text
        lines = []
    }

    /// Renames the next key `name` after that at `first`, of the same mapping. No character is added, so that every place
    /// stays what it was.
    ///
    /// - Returns: where it stands; nil where it was not found, as in a mapping on one line.
    mutating func rename(_ name: String, after first: Place) -> Place? {
        guard !name.isEmpty, let replacement = Unicode.Scalar(0xF0000 + count) else { return nil }
        // Only lines of the usual ends: places are counted by the parser, which knows more.
        if lines.isEmpty { lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) }
        guard first.line <= lines.count else { return nil }
        for number in first.line..<lines.count {
            var scalars = Array(lines[number].unicodeScalars)
            let indentation = scalars.firstIndex { $0 != " " } ?? scalars.count
            guard indentation < scalars.count, scalars[indentation] != "#" else { continue }
            guard indentation >= first.column - 1 else { return nil }
            guard indentation == first.column - 1 else { continue }
            let isQuoted = scalars[indentation] == "\"" || scalars[indentation] == "'"
            let start = indentation + (isQuoted ? 1 : 0)
            guard scalars[start...].starts(with: name.unicodeScalars) else { continue }
            var end = start + name.unicodeScalars.count
            if isQuoted {
                guard end < scalars.count, scalars[end] == scalars[indentation] else { continue }
                end += 1
            }
            let rest = scalars[end...].drop { $0 == " " }
            guard rest.first == ":", rest.count == 1 || rest.dropFirst().first == " " else { continue }
            count += 1
            scalars[start] = replacement
            var line = String.UnicodeScalarView()
            line.append(contentsOf: scalars)
            lines[number] = String(line)
            text = lines.joined(separator: "\n")
            return Place(line: number + 1, column: indentation + 1)
        }
        return nil
    }
}

/// Keys that are lists, mappings or aliases. The parser compares keys by all that is in them, which an alias of aliases can
/// make more than any time suffices for.
enum AliasKeys {
    /// Fewer aliases cannot stand for much.
    private static let aliasesMin = 12

    /// Where the first such key seems to stand, in a text with many aliases.
    static func first(in text: String) -> Place? {
        let aliases = text.utf8.count(where: { $0 == UInt8(ascii: "*") })
        guard aliases >= aliasesMin else { return nil }
        var number = 0
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            number += 1
            var previous = UInt8(ascii: " ")
            var quote: UInt8?
            var isAlias = false
            var isComplex = false
            for (column, byte) in line.utf8.enumerated() {
                defer { previous = byte }
                if let open = quote {
                    if byte == open { quote = nil }
                    continue
                }
                switch byte {
                case UInt8(ascii: "#") where previous == UInt8(ascii: " "): isComplex = false
                case UInt8(ascii: "\""), UInt8(ascii: "'"): if !isWord(previous) { quote = byte }
                case UInt8(ascii: "*") where !isWord(previous): isAlias = true
                case UInt8(ascii: "?") where !isWord(previous): isComplex = true
                case UInt8(ascii: " "):
                    if isComplex, previous == UInt8(ascii: "?") { return Place(line: number, column: column) }
                case UInt8(ascii: ":"):
                    let closes = previous == UInt8(ascii: "]") || previous == UInt8(ascii: "}")
                    if closes || isAlias && previous == UInt8(ascii: " ") {
                        return Place(line: number, column: column + 1)
                    }
                case UInt8(ascii: ","), UInt8(ascii: "]"), UInt8(ascii: "}"): isAlias = false
                default: isComplex = false
                }
            }
            if isComplex, previous == UInt8(ascii: "?") { return Place(line: number, column: line.utf8.count) }
        }
        return nil
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        isLetterOrDigit(byte) || byte > 127 || "_-./*~$\\".utf8.contains(byte)
    }
}
