/// Keeps what is nobody's business out of messages and out of the lines that they quote.
enum Secrets {
    /// Whether the value of a key called `name` is a secret, or of one that was probably meant to be called so.
    static func isSecret(_ name: some StringProtocol) -> Bool {
        let name = name.lowercased()
        if parts.contains(where: { name.contains($0) }) { return true }
        return names.contains { Suggestion.distance(name, $0, atMost: 2) <= 2 && name.utf8.count > 3 }
    }

    private static let parts = [
        "secret", "password", "passwd", "token", "authorization", "api-key", "apikey", "credential",
    ]
    private static let names = ["secret", "users"]

    /// Line `number` of `source` with an asterisk for each character of a secret. What is a secret is told from the text
    /// alone, because a text that is no YAML must not give one away either.
    static func masked(_ source: Source, line number: Int) -> String {
        let line = source.line(number)
        if isBelowSecret(source, line: number) { return mask(line, from: contentStart(of: line)) }
        var text = String(line)
        if let start = secretStart(in: line[...]) { text = mask(line, from: start) }
        return maskHashes(text)
    }

    /// Where the value of a secret's key begins in `line`.
    private static func secretStart(in line: Substring) -> String.Index? {
        var rest = line
        while let colon = rest.firstIndex(of: ":") {
            let after = line.index(after: colon)
            let name = line[..<colon].reversed().drop { $0 == "\"" || $0 == "'" || $0 == " " }
                .prefix { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "-" }
            if isSecret(String(name.reversed())) { return after }
            rest = line[after...]
        }
        return nil
    }

    /// Whether the line belongs to the value of a secret's key on a line before it, which is less indented.
    private static func isBelowSecret(_ source: Source, line number: Int) -> Bool {
        var indent = indentation(source.line(number)) + (source.line(number).contains { $0 != " " } ? 0 : 1)
        if source.line(number).drop(while: { $0 == " " }).hasPrefix("-") { indent += 1 }
        var above = number - 1
        let last = max(0, number - 200)
        while above > last, indent > 0 {
            let line = source.line(above)
            above -= 1
            guard line.contains(where: { $0 != " " }), indentation(line) < indent else { continue }
            indent = indentation(line)
            if secretStart(in: line) != nil { return true }
        }
        return false
    }

    private static func indentation(_ line: Substring) -> Int { line.prefix { $0 == " " }.count }

    private static func contentStart(of line: Substring) -> String.Index {
        line.firstIndex { $0 != " " } ?? line.endIndex
    }

    private static func mask(_ line: Substring, from start: String.Index) -> String {
        var text = String(line[..<start])
        for scalar in line[start...].unicodeScalars { text += scalar == " " ? " " : "*" }
        return text
    }

    /// A password's hash begins like `$2b$` (crypt(5)), wherever it stands.
    private static func maskHashes(_ text: String) -> String {
        let scalars = Array(text.unicodeScalars)
        var masked = ""
        var index = 0
        while index < scalars.count {
            if scalars[index] == "$", let second = scalars[(index + 1)...].prefix(4).firstIndex(of: "$"),
                second > index + 1
            {
                let end = scalars[second...].firstIndex { $0 == " " || $0 == "," || $0 == "}" } ?? scalars.count
                masked += String(repeating: "*", count: end - index)
                index = end
            } else {
                masked.unicodeScalars.append(scalars[index])
                index += 1
            }
        }
        return masked
    }
}
