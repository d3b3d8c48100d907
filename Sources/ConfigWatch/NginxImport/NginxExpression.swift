/// A regular expression of nginx's, as far as the import looks into it. Ours are of the same kind (pcre2pattern(3)).
struct NginxExpression: Equatable, Sendable {
    var pattern: String
    var ignoresCase: Bool

    init(_ pattern: String, ignoresCase: Bool = false) {
        self.pattern = pattern
        self.ignoresCase = ignoresCase
    }

    /// Whether every match begins at the beginning.
    var isAnchored: Bool { pattern.hasPrefix("^") && !hasAlternatives }

    /// Whether every match ends at the end.
    var reachesEnd: Bool {
        guard !hasAlternatives else { return false }
        if pattern.hasSuffix("(.*)") || (pattern.hasSuffix(".*") && !pattern.hasSuffix("\\.*")) { return true }
        return pattern.hasSuffix("$") && !pattern.hasSuffix("\\$")
    }

    /// Whether it finds something in every path.
    var matchesAll: Bool {
        ["^", "^/", "/", ".*", "^.*", "^.*$", ".*$", "^(.*)$", "(.*)", "^(.*)", "^/(.*)$", "^/(.*)", "/(.*)", "(.*)$"]
            .contains(pattern)
    }

    /// The characters with which every match begins, where it is anchored.
    var literalStart: String { isAnchored ? literal(pattern.dropFirst()).text : "" }

    /// The one path that it matches: `^/old$`.
    var onlyMatch: String? {
        guard isAnchored, !ignoresCase, pattern.hasSuffix("$") else { return nil }
        let (text, rest) = literal(pattern.dropFirst())
        return rest == "$" ? text : nil
    }

    /// Names of groups: `(?<name>`, `(?P<name>`, `(?'name'`.
    var groupNames: Set<String> {
        var names: Set<String> = []
        for piece in pattern.split(separator: "(?", omittingEmptySubsequences: false).dropFirst() {
            let start = piece.first == "P" ? piece.dropFirst() : piece
            guard start.first == "<" || start.first == "'" else { continue }
            let name = start.dropFirst().prefix { $0.isLetter || $0.isNumber || $0 == "_" }
            if !name.isEmpty { names.insert(String(name)) }
        }
        return names
    }

    /// Groups that have numbers; named ones have numbers, too.
    var groupCount: Int {
        var count = 0
        var rest = pattern[...]
        var isInClass = false
        while let character = rest.popFirst() {
            switch character {
            case "\\": _ = rest.popFirst()
            case "[": isInClass = true
            case "]": isInClass = false
            case "(" where !isInClass:
                let isNamed = ["?<", "?P<", "?'"].contains(where: rest.hasPrefix)
                let isLookbehind = rest.hasPrefix("?<=") || rest.hasPrefix("?<!")
                if !rest.hasPrefix("?") && !rest.hasPrefix("*") || isNamed && !isLookbehind { count += 1 }
            default: break
            }
        }
        return count
    }

    /// Extensions, where it asks for nothing else: `\.(js|css)$`.
    var extensions: [String]? {
        guard pattern.hasPrefix("\\."), pattern.hasSuffix("$") else { return nil }
        var names = pattern.dropFirst(2).dropLast()
        if names.hasPrefix("("), names.hasSuffix(")") {
            names = names.dropFirst(names.hasPrefix("(?:") ? 3 : 1).dropLast()
        }
        let list = names.split(separator: "|").map(String.init)
        return list.allSatisfy { $0.allSatisfy { $0.isLetter || $0.isNumber } } && !list.isEmpty ? list : nil
    }

    /// Matches what it matches, within paths that begin with one of `inside` (any, where that is nil) and with none of
    /// `outside`. Its groups keep their numbers.
    func scoped(inside: String? = nil, outside: [String] = []) -> NginxExpression {
        let isInside = inside.map { literalStart.hasPrefix($0) } ?? true
        let outside = outside.filter { $0.hasPrefix(literalStart) || literalStart.hasPrefix($0) }
        if isInside, outside.isEmpty { return self }
        var start = "^"
        if !isInside, let inside { start += "(?=\(Self.escaped(inside)))" }
        for path in outside { start += "(?!\(Self.escaped(path)))" }
        return NginxExpression(start + search, ignoresCase: ignoresCase)
    }

    /// Matches where this and `outer` match. The groups are those of this one.
    func within(_ outer: NginxExpression) -> NginxExpression {
        let inner = outer.ignoresCase == ignoresCase ? search : ".*?(?\(ignoresCase ? "i" : "-i"):\(pattern))"
        return NginxExpression("^(?=\(inner))\(outer.search)", ignoresCase: outer.ignoresCase)
    }

    /// What finds it from the beginning on.
    private var search: String { isAnchored ? String(pattern.dropFirst()) : ".*?(?:\(pattern))" }

    /// Matches the whole path where this finds something in it: `rewrite` replaces all of it.
    var ofWholePath: NginxExpression {
        if isAnchored, reachesEnd { return self }
        let start = isAnchored ? pattern : "^.*?(?:\(pattern))"
        return NginxExpression(reachesEnd ? start : start + ".*$", ignoresCase: ignoresCase)
    }

    /// With the case made part of the pattern.
    var patternWithCase: String { (ignoresCase ? "(?i)" : "") + ofEncodedPaths }

    static func escaped(_ text: String) -> String {
        String(text.flatMap { "\\^$.[]|()?*+{}".contains($0) ? ["\\", $0] : [$0] })
    }

    /// A `|` outside of all groups and classes.
    private var hasAlternatives: Bool {
        var depth = 0
        var isInClass = false
        var isEscaped = false
        for character in pattern {
            if isEscaped {
                isEscaped = false
            } else if character == "\\" {
                isEscaped = true
            } else if isInClass {
                isInClass = character != "]"
            } else if character == "[" {
                isInClass = true
            } else if character == "(" {
                depth += 1
            } else if character == ")" {
                depth -= 1
            } else if character == "|", depth <= 0 {
                return true
            }
        }
        return false
    }

    /// The characters at the start that stand for themselves, and what follows them.
    private func literal(_ pattern: Substring) -> (text: String, rest: Substring) {
        var text = ""
        var rest = pattern
        while let first = rest.first {
            var next = rest.dropFirst()
            var character = first
            if first == "\\", let escaped = next.first, !escaped.isLetter, !escaped.isNumber {
                character = escaped
                next = next.dropFirst()
            } else if "\\^$.[]|()?*+{}".contains(first) {
                break
            }
            // What may be absent or repeated is not certain.
            if let quantifier = next.first, "?*{".contains(quantifier) { break }
            text.append(character)
            rest = next
        }
        return (text, rest)
    }
}
