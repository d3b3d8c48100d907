import ProxyCore

extension Parse {
    /// A text with variables in braces: `https://{host}{path}`. `{{` and `}}` are braces.
    static func template(_ text: String) throws(Rejection) -> Template {
        guard text.utf8.count <= Bounds.bodyBytesMax else {
            throw Rejection("is too long; use up to \(sizeText(Bounds.bodyBytesMax))")
        }
        var parts: [Template.Part] = []
        var literal = String.UnicodeScalarView()
        let scalars = Array(text.unicodeScalars)
        var index = 0
        func isBrace(_ brace: Unicode.Scalar, at index: Int) -> Bool {
            index < scalars.count && scalars[index] == brace
        }
        while index < scalars.count {
            if isBrace("{", at: index), !isBrace("{", at: index + 1) {
                guard let end = scalars[index...].firstIndex(of: "}") else {
                    throw Rejection("has a { without its }; use {{ for a brace", at: index)
                }
                var name = String.UnicodeScalarView()
                name.append(contentsOf: scalars[index + 1..<end])
                guard let variable = variable(String(name)) else {
                    throw Rejection(unknown(String(name)), at: index)
                }
                if !literal.isEmpty { parts.append(.text(String(literal))) }
                literal = String.UnicodeScalarView()
                parts.append(.variable(variable))
                index = end + 1
                continue
            }
            if isBrace("}", at: index), !isBrace("}", at: index + 1) {
                throw Rejection("has a } without its {; use }} for a brace", at: index)
            }
            let isDoubled = scalars[index] == "{" || scalars[index] == "}"
            literal.append(scalars[index])
            index += isDoubled ? 2 : 1
        }
        if !literal.isEmpty { parts.append(.text(String(literal))) }
        return Template(parts: parts)
    }

    /// A template for the value of a field line: whatever a request brings, the data plane checks; the rest must hold no
    /// control character (RFC 9110 section 5.5), or what follows it would be taken for another line.
    static func fieldValue(_ text: String) throws(Rejection) -> Template {
        guard text.utf8.count <= Bounds.templateBytesMax else {
            throw Rejection("is too long; use up to \(sizeText(Bounds.templateBytesMax))")
        }
        let isControl: (Unicode.Scalar) -> Bool = { $0.value < 0x20 && $0 != "\t" || $0.value == 0x7F }
        if let control = text.unicodeScalars.firstIndex(where: isControl) {
            throw Rejection(
                "has a control character, which no field line can hold",
                at: text.unicodeScalars.distance(from: text.unicodeScalars.startIndex, to: control))
        }
        return try template(text)
    }

    private static func variable(_ name: String) -> Variable? {
        if let known = variables.first(where: { $0.name == name }) { return known.variable }
        if let group = number(name[...]), group <= 99 { return .group(group) }
        let parts = name.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { return isGroupName(name) ? .namedGroup(name) : nil }
        switch parts[0] {
        case "header" where isToken(parts[1]): return .field(parts[1].lowercased())
        case "cookie" where isToken(parts[1]): return .cookie(String(parts[1]))
        case "query" where !parts[1].isEmpty && parts[1].utf8.count <= Bounds.nameBytesMax:
            return .parameter(String(parts[1]))
        default: return nil
        }
    }

    private static let variables: [(name: String, variable: Variable)] = [
        ("host", .host), ("authority", .authority), ("path", .path), ("query", .query), ("uri", .uri),
        ("method", .method), ("scheme", .scheme), ("client", .client), ("port", .port), ("request_id", .requestID),
    ]

    static let variableNames = variables.map(\.name)

    /// pcre2pattern(3), "NAMED CAPTURE GROUPS".
    private static func isGroupName(_ name: String) -> Bool {
        guard (1...32).contains(name.utf8.count), let first = name.utf8.first, first < 0x30 || first > 0x39 else {
            return false
        }
        return name.utf8.allSatisfy { isLetterOrDigit($0) || $0 == UInt8(ascii: "_") }
    }

    private static func unknown(_ name: String) -> String { "\(unknownVariable(name)); use {{ for a brace" }

    static func unknownVariable(_ name: String) -> String {
        let names = variableNames + ["header.NAME", "cookie.NAME", "query.NAME"]
        let hint = Suggestion.nearest(to: name, in: names).map { "did you mean {\($0)}?" }
        return "names an unknown variable {\(name)}; \(hint ?? "use \(alternatives(names.map { "{\($0)}" }))")"
    }
}
