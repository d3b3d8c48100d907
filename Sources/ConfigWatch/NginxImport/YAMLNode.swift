/// A piece of a YAML document that is to be read by people: short maps and lists stand on one line, long ones do not.
indirect enum YAMLNode: Equatable, Sendable {
    /// A text, in quotes where YAML would take it for something else.
    case text(String)
    /// A number, a switch, or another word that is to stand as it is.
    case word(String)
    case list([YAMLItem])
    case map([YAMLEntry])

    static func texts(_ texts: [String]) -> YAMLNode { .list(texts.map { YAMLItem(.text($0)) }) }

    static func texts(_ pairs: KeyValuePairs<String, String>) -> YAMLNode {
        .map(pairs.map { YAMLEntry($0.key, .text($0.value)) })
    }

    /// Without brackets where it is only one.
    static func oneOrMore(_ texts: [String]) -> YAMLNode { texts.count == 1 ? .text(texts[0]) : .texts(texts) }
}

struct YAMLEntry: Equatable, Sendable {
    /// Lines that stand above it, without their `#`.
    var comments: [String]
    var key: String
    var value: YAMLNode

    init(_ key: String, _ value: YAMLNode, comments: [String] = []) {
        self.comments = comments
        self.key = key
        self.value = value
    }
}

struct YAMLItem: Equatable, Sendable {
    var comments: [String]
    var value: YAMLNode

    init(_ value: YAMLNode, comments: [String] = []) {
        self.comments = comments
        self.value = value
    }
}

// MARK: Writing

extension YAMLNode {
    /// How long a line may become before a map or list is written over several.
    private static let columns = 100

    /// The entries of a document, each of which begins a line of its own.
    static func document(_ entries: [YAMLEntry]) -> String {
        var lines: [String] = []
        for entry in entries { write(entry, indent: 0, &lines) }
        return lines.joined(separator: "\n") + (lines.isEmpty ? "" : "\n")
    }

    private static func write(_ entry: YAMLEntry, indent: Int, _ lines: inout [String]) {
        let blanks = String(repeating: " ", count: indent)
        lines += entry.comments.map { comment($0, blanks) }
        let key = key(entry.key) + ":"
        if let flow = entry.value.flow, fits(flow, indent + key.count), indent > 0 || !sections.contains(entry.key) {
            lines.append(blanks + key + " " + flow)
        } else {
            lines.append(blanks + key)
            entry.value.writeBlock(indent: indent + 2, &lines)
        }
    }

    /// What stands in them has lines of its own, however short.
    private static let sections: Set<String> = ["defaults", "services", "routes"]

    private func writeBlock(indent: Int, _ lines: inout [String]) {
        let blanks = String(repeating: " ", count: indent)
        switch self {
        case .text, .word:
            lines.append(blanks + (flow ?? ""))
        case .map(let entries):
            for entry in entries { Self.write(entry, indent: indent, &lines) }
        case .list(let items):
            for item in items {
                lines += item.comments.map { Self.comment($0, blanks) }
                var block: [String] = []
                if case .map(let entries) = item.value, !entries.isEmpty {
                    for entry in entries { Self.write(entry, indent: indent + 2, &block) }
                    // A comment cannot stand behind the dash.
                    let first = block.firstIndex { !$0.drop { $0 == " " }.hasPrefix("#") } ?? 0
                    lines += block[..<first].map { blanks + $0.drop { $0 == " " } }
                    lines.append(blanks + "- " + block[first].drop { $0 == " " })
                    lines += block[(first + 1)...]
                } else {
                    lines.append(blanks + "- " + (item.value.flow ?? ""))
                }
            }
        }
    }

    private static func fits(_ flow: String, _ column: Int) -> Bool { column + 1 + flow.count <= columns }

    private static func comment(_ text: String, _ blanks: String) -> String {
        text.isEmpty ? blanks + "#" : blanks + "# " + printable(text)
    }

    /// On one line; nil where there are comments within.
    private var flow: String? {
        switch self {
        case .text(let text):
            return Self.scalar(text)
        case .word(let word):
            return word
        case .list(let items):
            var parts: [String] = []
            for item in items {
                guard item.comments.isEmpty, let flow = item.value.flow else { return nil }
                parts.append(flow)
            }
            return "[" + parts.joined(separator: ", ") + "]"
        case .map(let entries):
            var parts: [String] = []
            for entry in entries {
                guard entry.comments.isEmpty, let flow = entry.value.flow else { return nil }
                parts.append(Self.key(entry.key) + ": " + flow)
            }
            return "{" + parts.joined(separator: ", ") + "}"
        }
    }
}

// MARK: Scalars

extension YAMLNode {
    /// A key is a text whatever it looks like: `404` and `500-599` need no quotes.
    private static func key(_ text: String) -> String {
        !text.isEmpty && text.utf8.allSatisfy({ digits.contains($0) || $0 == UInt8(ascii: "-") }) ? text : scalar(text)
    }

    /// As it has to be written so that the text itself is read: plain where possible, else in quotes. `${` and `$$` are
    /// doubled, because the environment is put in for `${NAME}`.
    static func scalar(_ text: String) -> String {
        let text = text.replacing("$$", with: "$$$$").replacing("${", with: "$${")
        if isPlain(text) { return text }
        let hasControls = text.unicodeScalars.contains {
            $0.value < 0x20 || (0x7F...0xA0).contains($0.value) || isBreak($0)
        }
        if !hasControls, text.contains("\\") || text.contains("\"") {
            return "'" + text.replacing("'", with: "''") + "'"
        }
        return "\"" + text.unicodeScalars.map(escaped).joined() + "\""
    }

    private static func isBreak(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "\u{2028}" || scalar == "\u{2029}" || scalar == "\u{FEFF}"
    }

    private static func escaped(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\"": return "\\\""
        case "\\": return "\\\\"
        case "\n": return "\\n"
        case "\r": return "\\r"
        case "\t": return "\\t"
        default:
            guard scalar.value < 0x20 || (0x7F...0xA0).contains(scalar.value) || isBreak(scalar) else {
                return String(Character(scalar))
            }
            let number = String(scalar.value, radix: 16)
            return "\\u" + String(repeating: "0", count: 4 - number.count) + number
        }
    }

    /// Whether it can stand without quotes, in a block as in braces. Careful rather than short.
    private static func isPlain(_ text: String) -> Bool {
        guard let first = text.utf8.first, let last = text.utf8.last else { return false }
        guard isLetterOrDigit(first) || Array("/.=^~_".utf8).contains(first), last != UInt8(ascii: " "),
            last != UInt8(ascii: ":"), text != "~", text != "=",
            text.utf8.allSatisfy({ isLetterOrDigit($0) || plainMarks.contains($0) }),
            !text.contains(": "), !text.contains(" #")
        else { return false }
        return !isTakenForAnother(text)
    }

    private static let plainMarks = Array(" /.=^~_-:;*+?()$|@%<>!&'#\\".utf8)

    private static let digits = UInt8(ascii: "0")...UInt8(ascii: "9")

    /// Numbers, switches and dates are no texts to YAML.
    private static func isTakenForAnother(_ text: String) -> Bool {
        let marks = text.utf8.filter { !digits.contains($0) }
        if marks.isEmpty || marks == [UInt8(ascii: ".")] || marks.allSatisfy({ $0 == UInt8(ascii: ":") }) {
            return true
        }
        if digits.contains(text.utf8.first ?? 0), marks.allSatisfy({ Array("xeEoabcdf._-+".utf8).contains($0) }) {
            return marks != Array("...".utf8)
        }
        return ["true", "false", "yes", "no", "on", "off", "null", "y", "n"].contains(text.lowercased())
    }
}
