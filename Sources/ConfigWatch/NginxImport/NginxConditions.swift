/// What a route asks of a request beside its path.
struct NginxConditions: Equatable, Sendable {
    enum Test: Equatable, Sendable {
        case present
        case absent
        case equals(String)
        case regex(String)

        var node: YAMLNode {
            switch self {
            case .present: .word("true")
            case .absent: .word("false")
            case .equals(let text): .text(text)
            case .regex(let pattern): .text("~" + pattern)
            }
        }
    }

    struct Value: Equatable, Sendable {
        let name: String
        let test: Test
    }

    var methods: [String] = []
    var fields: [Value] = []
    var parameters: [Value] = []
    var clients: [String] = []

    var isEmpty: Bool { self == NginxConditions() }

    /// Whether a key of a map can say it all.
    var areMethodsOnly: Bool { fields.isEmpty && parameters.isEmpty && clients.isEmpty }

    /// Both; nil where no request can be both, or where our conditions cannot say it.
    func and(_ other: NginxConditions) -> NginxConditions? {
        var both = self
        if both.methods.isEmpty {
            both.methods = other.methods
        } else if !other.methods.isEmpty {
            both.methods = both.methods.filter(other.methods.contains)
            if both.methods.isEmpty { return nil }
        }
        for value in other.fields where !both.fields.contains(value) {
            if both.fields.contains(where: { $0.name == value.name }) { return nil }
            both.fields.append(value)
        }
        for value in other.parameters where !both.parameters.contains(value) {
            if both.parameters.contains(where: { $0.name == value.name }) { return nil }
            both.parameters.append(value)
        }
        if !both.clients.isEmpty, !other.clients.isEmpty, both.clients != other.clients { return nil }
        both.clients = both.clients.isEmpty ? other.clients : both.clients
        return both
    }
}

/// What an `if` asks, as far as routes can ask it.
enum NginxQuestion: Equatable {
    case always
    case never
    case when(NginxConditions)
    case unless(NginxConditions)
    /// `-f` and its like; whether it asks for the absence.
    case file(isAbsence: Bool, path: NginxText)
    case unknown

    init(_ arguments: [String], _ variables: NginxVariables, hasTLS: Bool) {
        var words = arguments
        if let first = words.first, first.hasPrefix("(") { words[0] = String(first.dropFirst()) }
        if let last = words.last, last.hasSuffix(")") { words[words.count - 1] = String(last.dropLast()) }
        words.removeAll(where: \.isEmpty)
        // An empty text to compare with is a word that the line above takes away.
        if words.count == 2, ["=", "!="].contains(words[1]) { words.append("") }
        switch words.count {
        case 1:
            self = Self.question(words[0], "", "", variables, hasTLS)
        case 2 where words[0].hasPrefix("-") || words[0].hasPrefix("!-"):
            let isAbsence = words[0].hasPrefix("!")
            guard ["-f", "-d", "-e"].contains(isAbsence ? String(words[0].dropFirst()) : words[0]) else {
                self = .unknown
                return
            }
            self = .file(isAbsence: isAbsence, path: variables.expanded(words[1]))
        case 3:
            self = Self.question(words[0], words[1], words[2], variables, hasTLS)
        default:
            self = .unknown
        }
    }

    private var negated: NginxQuestion {
        switch self {
        case .always: .never
        case .never: .always
        case .when(let conditions): .unless(conditions)
        case .unless(let conditions): .when(conditions)
        case .file(let isAbsence, let path): .file(isAbsence: !isAbsence, path: path)
        case .unknown: .unknown
        }
    }

    private static func question(
        _ subject: String, _ mark: String, _ value: String, _ variables: NginxVariables, _ hasTLS: Bool
    ) -> NginxQuestion {
        if mark.hasPrefix("!") {
            return question(subject, String(mark.dropFirst()), value, variables, hasTLS).negated
        }
        let left = variables.expanded(subject)
        let right = variables.expanded(value).constant
        if let text = left.constant {
            // nginx takes an empty text and a 0 for no.
            if mark.isEmpty { return text.isEmpty || text == "0" ? .never : .always }
            guard let right, mark == "=" else { return .unknown }
            return text == right ? .always : .never
        }
        guard let name = left.onlyVariable, let right, ["", "=", "~", "~*"].contains(mark) else { return .unknown }
        return question(of: name, mark, right, hasTLS)
    }

    private static func question(of name: String, _ mark: String, _ value: String, _ hasTLS: Bool) -> NginxQuestion {
        var conditions = NginxConditions()
        switch name {
        case "scheme", "https":
            guard !hasTLS, mark.isEmpty || mark == "=" else { return .unknown }
            return (name == "scheme" ? "http" : "") == value && mark == "=" ? .always : .never
        case "request_method":
            guard let methods = methods(mark, value) else { return .unknown }
            conditions.methods = methods
        case "remote_addr":
            guard mark == "=", isAddress(value) else { return .unknown }
            conditions.clients = [value]
        case "host", "http_host":
            guard let test = hostTest(mark, value) else { return .unknown }
            conditions.fields = [NginxConditions.Value(name: "host", test: test)]
        default:
            if let field = name.removing(prefix: "http_"), let test = test(mark, value) {
                let name = field.replacing("_", with: "-")
                conditions.fields = [NginxConditions.Value(name: name, test: test)]
            } else if let parameter = name.removing(prefix: "arg_"), let test = test(mark, value) {
                conditions.parameters = [NginxConditions.Value(name: parameter, test: test)]
            } else if let cookie = name.removing(prefix: "cookie_"), mark.isEmpty || (mark == "=" && !value.isEmpty) {
                let content = mark.isEmpty ? "[^;]" : NginxExpression.escaped(value) + "(?:;|$)"
                conditions.fields = [
                    NginxConditions.Value(
                        name: "cookie", test: .regex("(?:^|; ?)\(NginxExpression.escaped(cookie))=\(content)"))
                ]
            } else {
                return .unknown
            }
        }
        return .when(conditions)
    }

    private static func test(_ mark: String, _ value: String) -> NginxConditions.Test? {
        switch mark {
        case "": .present
        case "=": value.isEmpty ? .absent : .equals(value)
        case "~": .regex(value)
        case "~*": .regex("(?i)" + value)
        default: nil
        }
    }

    /// The Host field, which may have a port.
    private static func hostTest(_ mark: String, _ value: String) -> NginxConditions.Test? {
        switch mark {
        case "=" where !value.isEmpty: .regex("(?i)^\(NginxExpression.escaped(value))(?::[0-9]+)?$")
        case "~" where !value.hasSuffix("$"), "~*" where !value.hasSuffix("$"): .regex("(?i)" + value)
        case "~", "~*": .regex("(?i)\(value.dropLast())(?::[0-9]+)?$")
        default: nil
        }
    }

    private static func methods(_ mark: String, _ value: String) -> [String]? {
        var text = value[...]
        if mark.hasPrefix("~") {
            guard text.hasPrefix("^"), text.hasSuffix("$") else {
                let names = text.split(separator: "|").map(String.init)
                return names.count >= 1 && names.allSatisfy(isMethod) ? names : nil
            }
            text = text.dropFirst().dropLast()
            if text.hasPrefix("("), text.hasSuffix(")") {
                text = text.dropFirst(text.hasPrefix("(?:") ? 3 : 1).dropLast()
            }
        } else if mark.isEmpty {
            return nil
        }
        let names = text.split(separator: mark == "=" ? "\n" : "|").map(String.init)
        return !names.isEmpty && names.allSatisfy(isMethod) ? names : nil
    }

    private static func isMethod(_ text: String) -> Bool {
        (1...24).contains(text.utf8.count)
            && text.utf8.allSatisfy { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }
    }
}
