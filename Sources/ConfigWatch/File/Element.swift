/// One value of a document, and where it stands. Anchors, aliases and merge keys are resolved in it, and the environment
/// is in its texts.
struct Element: Sendable {
    enum Content: Sendable {
        case scalar(Scalar)
        case list([Element])
        case mapping([Entry])
    }

    struct Scalar: Sendable {
        let text: String
        /// As it was written, with `${}` still in it: what messages show, because a variable may be a secret.
        let written: String
        /// Neither in quotes nor a block: only such texts can mean null, a number or a truth value.
        let isPlain: Bool
        /// What it needs of the environment is not there, which was said already.
        var isBroken = false
    }

    struct Entry: Sendable {
        let key: Element
        let value: Element

        var name: String { key.scalar?.text ?? "" }
    }

    let source: Source
    let place: Place
    /// The nearest key above it, for messages.
    let key: String
    let content: Content

    var scalar: Scalar? {
        guard case .scalar(let scalar) = content else { return nil }
        return scalar
    }

    var entries: [Entry]? {
        guard case .mapping(let entries) = content else { return nil }
        return entries
    }

    /// Nothing was written, or what YAML calls nothing.
    var isNull: Bool {
        guard let scalar, scalar.isPlain else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(scalar.text)
    }

    /// What YAML 1.2 calls true or false; nil for all else.
    var truth: Bool? {
        guard let scalar, scalar.isPlain else { return nil }
        switch scalar.text {
        case "true", "True", "TRUE": return true
        case "false", "False", "FALSE": return false
        default: return nil
        }
    }

    /// The list, or the one that stands for a list of one.
    var oneOrMore: [Element] {
        guard case .list(let elements) = content else { return [self] }
        return elements
    }

    subscript(name: String) -> Element? { entries?.first { $0.name == name }?.value }

    /// What it is, for a message that it should be something else.
    var kind: String {
        switch content {
        case .scalar: isNull ? "empty" : "a single value"
        case .list: "a list"
        case .mapping: "a mapping"
        }
    }

    /// How many columns of its line it takes, so far as that can be told.
    var length: Int {
        guard let scalar else { return 1 }
        let rest = source.line(place.line).unicodeScalars.dropFirst(place.column - 1)
        guard let first = rest.first else { return 1 }
        if first == "\"" || first == "'" {
            let inside = rest.dropFirst()
            return inside.firstIndex(of: first).map { inside.distance(from: inside.startIndex, to: $0) + 2 }
                ?? rest.count
        }
        let written = scalar.written.unicodeScalars
        return rest.starts(with: written) ? max(1, written.count) : 1
    }

    /// The place of a character of the text, where it was written as it is.
    func place(ofCharacter offset: Int) -> Place {
        guard let scalar, scalar.text == scalar.written else { return place }
        let rest = source.line(place.line).unicodeScalars.dropFirst(place.column - 1)
        let written = scalar.written.unicodeScalars
        if rest.starts(with: written) { return Place(line: place.line, column: place.column + offset) }
        let isQuoted = rest.first == "\"" || rest.first == "'"
        guard isQuoted, rest.dropFirst().starts(with: written) else { return place }
        return Place(line: place.line, column: place.column + 1 + offset)
    }
}
