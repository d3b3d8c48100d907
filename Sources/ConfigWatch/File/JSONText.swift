/// Judges a text as JSON (RFC 8259), without making anything of it.
struct JSONText {
    private var rest: Substring.UnicodeScalarView
    private let text: String

    /// Where `text` ceases to be JSON, in Unicode scalars; nil where it is a JSON value.
    static func mistake(in text: String) -> Int? {
        var json = JSONText(text)
        json.skipBlanks()
        guard json.takeValue(depth: 0) else { return json.offset }
        json.skipBlanks()
        return json.rest.isEmpty ? nil : json.offset
    }

    private init(_ text: String) {
        self.text = text
        rest = text[...].unicodeScalars
    }

    private var offset: Int { text.unicodeScalars.distance(from: text.startIndex, to: rest.startIndex) }

    private mutating func skipBlanks() { rest = rest.drop { $0 == " " || $0 == "\n" || $0 == "\r" || $0 == "\t" } }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard rest.first == scalar else { return false }
        rest = rest.dropFirst()
        return true
    }

    private mutating func takeValue(depth: Int) -> Bool {
        guard depth <= Bounds.depth else { return false }
        switch rest.first {
        case "{": return takeMembers("}", depth: depth, hasNames: true)
        case "[": return takeMembers("]", depth: depth, hasNames: false)
        case "\"": return takeString()
        default:
            let word = rest.prefix { $0.properties.isAlphabetic || "+-.0123456789".unicodeScalars.contains($0) }
            let text = String(word)
            guard ["true", "false", "null"].contains(text) || JSON.isNumber(text) else { return false }
            rest = rest[word.endIndex...]
            return true
        }
    }

    private mutating func takeMembers(_ close: Unicode.Scalar, depth: Int, hasNames: Bool) -> Bool {
        rest = rest.dropFirst()
        skipBlanks()
        if take(close) { return true }
        while true {
            skipBlanks()
            if hasNames {
                guard takeString() else { return false }
                skipBlanks()
                guard take(":") else { return false }
                skipBlanks()
            }
            guard takeValue(depth: depth + 1) else { return false }
            skipBlanks()
            if take(close) { return true }
            guard take(",") else { return false }
        }
    }

    private mutating func takeString() -> Bool {
        guard take("\"") else { return false }
        while let scalar = rest.first {
            if scalar.value < 0x20 { return false }
            rest = rest.dropFirst()
            if scalar == "\"" { return true }
            guard scalar == "\\" else { continue }
            guard let escaped = rest.first else { return false }
            rest = rest.dropFirst()
            if escaped == "u" {
                let digits = rest.prefix(4)
                guard digits.count == 4, digits.allSatisfy({ $0.properties.isASCIIHexDigit }) else { return false }
                rest = rest[digits.endIndex...]
            } else {
                guard "\"\\/bfnrt".unicodeScalars.contains(escaped) else { return false }
            }
        }
        return false
    }
}
