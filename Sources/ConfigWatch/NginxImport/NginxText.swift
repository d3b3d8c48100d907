import ProxyCore

/// A text of nginx's with the variables in it, and what our templates make of it.
struct NginxText: Equatable, Sendable {
    enum Part: Equatable, Sendable {
        case text(String)
        case variable(String)
    }

    private(set) var parts: [Part] = []

    init(parts: [Part]) {
        for part in parts { append(part) }
    }

    /// `$name` and `${name}`; a `$` before anything else stands for itself, where nginx would refuse it.
    init(_ text: String) {
        var rest = text[...]
        while let dollar = rest.firstIndex(of: "$") {
            append(.text(String(rest[..<dollar])))
            rest = rest[dollar...].dropFirst()
            let isBraced = rest.first == "{"
            let name = Self.name(isBraced ? rest.dropFirst() : rest)
            let behind = rest[name.endIndex...]
            if name.isEmpty || (isBraced && behind.first != "}") {
                append(.text("$"))
            } else {
                append(.variable(String(name)))
                rest = isBraced ? behind.dropFirst() : behind
            }
        }
        append(.text(String(rest)))
    }

    /// A group of an expression is one digit; whatever else is called so may go on.
    private static func name(_ rest: Substring) -> Substring {
        if let first = rest.first, isDigit(first) { return rest.prefix(1) }
        return rest.prefix { $0.utf8.count == 1 && (isLetterOrDigit($0.utf8.first ?? 0) || $0 == "_") }
    }

    private mutating func append(_ part: Part) {
        guard case .text(let text) = part else { return parts.append(part) }
        if text.isEmpty { return }
        if case .text(let before) = parts.last {
            parts[parts.count - 1] = .text(before + text)
        } else {
            parts.append(part)
        }
    }

    /// The text, where there is no variable in it.
    var constant: String? {
        switch parts.count {
        case 0: return ""
        case 1: if case .text(let text) = parts[0] { return text } else { return nil }
        default: return nil
        }
    }

    var hasVariables: Bool { constant == nil }

    /// The variable, where there is nothing else.
    var onlyVariable: String? {
        if parts.count == 1, case .variable(let name) = parts[0] { return name }
        return nil
    }

    /// How it begins, up to the first variable.
    var literalStart: String {
        if case .text(let text) = parts.first { return text }
        return ""
    }

    /// Text and variables from `start` of the first part on.
    func dropping(_ start: String) -> NginxText {
        guard case .text(let text) = parts.first, text.hasPrefix(start) else { return self }
        return NginxText(parts: [.text(String(text.dropFirst(start.count)))] + parts.dropFirst())
    }
}

/// What variables of nginx's stand for at one place of the configuration.
struct NginxVariables: Sendable {
    /// By `set`, expanded.
    private var values: [String: NginxText] = [:]
    /// What the expression of the location names.
    var groups: Set<String> = []
    /// How many groups the expression of the location has, or that of the `rewrite` that is read.
    var groupCount = 0
    /// `$server_name`.
    var serverName = ""
    /// `$document_root`, where it is constant.
    var root: String?
    /// By `map` to what an upgrade needs, as in every example for WebSocket.
    var upgradeNames: Set<String> = ["connection_upgrade"]

    mutating func set(_ name: String, _ value: NginxText) { values[name] = expanded(value) }

    mutating func forget(_ name: String) { values[name] = nil }

    /// With the values of what was set, and of what is constant here.
    func expanded(_ text: NginxText) -> NginxText {
        NginxText(
            parts: text.parts.flatMap { part -> [NginxText.Part] in
                guard case .variable(let name) = part else { return [part] }
                if let value = values[name] { return value.parts }
                if name == "server_name", !serverName.isEmpty { return [.text(serverName)] }
                if name == "document_root", let root { return [.text(root)] }
                return [part]
            })
    }

    func expanded(_ text: String) -> NginxText { expanded(NginxText(text)) }

    /// As a template of ours, or the first variable that has no counterpart.
    func template(_ text: String) -> Result<String, NginxUnknownVariable> { template(expanded(text)) }

    func template(_ text: NginxText) -> Result<String, NginxUnknownVariable> {
        var template = ""
        var rest = text.parts[...]
        while let part = rest.popFirst() {
            switch part {
            case .text(let text):
                // `?$args` and the like: our query brings its own mark.
                let isBeforeQuery = rest.first.map(Self.isArguments) ?? false
                let kept = isBeforeQuery && text.hasSuffix("?") ? String(text.dropLast()) : text
                template += kept.replacing("{", with: "{{").replacing("}", with: "}}")
                if isBeforeQuery, text.hasSuffix("?") {
                    template += "{query}"
                    rest.removeFirst()
                }
            case .variable("is_args"):
                guard let next = rest.first, Self.isArguments(next) else {
                    return .failure(NginxUnknownVariable(name: "is_args"))
                }
                rest.removeFirst()
                template += "{query}"
            case .variable(let name):
                guard let counterpart = counterpart(of: name) else {
                    return .failure(NginxUnknownVariable(name: name))
                }
                template += counterpart
            }
        }
        return .success(template)
    }

    private static func isArguments(_ part: NginxText.Part) -> Bool {
        part == .variable("args") || part == .variable("query_string")
    }

    private func counterpart(of name: String) -> String? {
        if let fixed = Self.counterparts[name] { return fixed }
        if groups.contains(name) { return "{\(name)}" }
        if let digit = name.first, name.count == 1, isDigit(digit) {
            guard digit != "0" else { return nil }
            // What is not there is empty.
            return digit.wholeNumberValue ?? 0 <= groupCount ? "{\(name)}" : ""
        }
        if let field = name.removing(prefix: "http_") { return "{header.\(field.replacing("_", with: "-"))}" }
        if let cookie = name.removing(prefix: "cookie_") { return "{cookie.\(cookie)}" }
        if let parameter = name.removing(prefix: "arg_") { return "{query.\(parameter)}" }
        return nil
    }

    private static let counterparts = [
        "host": "{host}", "http_host": "{authority}", "request_uri": "{uri}", "uri": "{path}",
        "document_uri": "{path}", "scheme": "{scheme}", "remote_addr": "{client}", "server_port": "{port}",
        "request_method": "{method}", "request_id": "{request_id}", "status": "{status}",
    ]
}

struct NginxUnknownVariable: Error, Equatable {
    let name: String
}

extension String {
    /// What follows `prefix`; nil where it does not begin so or nothing follows.
    func removing(prefix: String) -> String? {
        guard hasPrefix(prefix), count > prefix.count else { return nil }
        return String(dropFirst(prefix.count))
    }
}
