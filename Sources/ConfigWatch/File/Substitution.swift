/// Puts the environment into a text: `${NAME}`, `${NAME:-DEFAULT}`, `${NAME:?MESSAGE}`; `$$` is `$`. A `$` before anything
/// else is itself.
///
/// It works on the scalars of a document that was parsed already, so that no value can become more than text.
struct Substitution {
    let text: String
    /// Whether any of it came from the environment.
    let isChanged: Bool

    init(_ raw: String, _ environment: [String: String]) throws(Rejection) {
        guard raw.utf8.contains(UInt8(ascii: "$")) else {
            text = raw
            isChanged = false
            return
        }
        var text = ""
        var isChanged = false
        var rest = raw[...]
        while let dollar = rest.firstIndex(of: "$") {
            text += rest[..<dollar]
            rest = rest[rest.index(after: dollar)...]
            if rest.first == "$" {
                text += "$"
                rest = rest.dropFirst()
                isChanged = true
            } else if rest.first == "{" {
                guard let end = rest.firstIndex(of: "}") else {
                    throw Rejection("has a ${ without its }; use $$ for a dollar sign")
                }
                text += try Self.value(of: rest[..<end].dropFirst(), environment)
                rest = rest[rest.index(after: end)...]
                isChanged = true
            } else {
                text += "$"
            }
        }
        self.text = text + rest
        self.isChanged = isChanged
    }

    /// - Parameter expression: What stands between the braces.
    private static func value(of expression: Substring, _ environment: [String: String]) throws(Rejection) -> String {
        let name = expression.prefix { $0 == "_" || $0.isASCII && ($0.isLetter || $0.isNumber) }
        let rest = expression[name.endIndex...]
        guard let first = name.first, !isDigit(first), rest.isEmpty || rest.hasPrefix(":-") || rest.hasPrefix(":?")
        else {
            throw Rejection("has a wrong ${}; use ${NAME}, ${NAME:-DEFAULT} or ${NAME:?MESSAGE}")
        }
        let value = environment[String(name)]
        if let value, rest.isEmpty || !value.isEmpty { return value }
        if rest.hasPrefix(":-") { return String(rest.dropFirst(2)) }
        guard rest.isEmpty else { throw Rejection("needs the environment's \(name): \(rest.dropFirst(2))") }
        throw Rejection("needs the environment's \(name), which is not set; set it, or use ${\(name):-DEFAULT}")
    }
}
