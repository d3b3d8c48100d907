import Yams

/// Reads a text as YAML: all of it, or the mistakes that it has as YAML.
struct Document {
    private let source: Source
    private let environment: [String: String]
    private var diagnostics: [Diagnostic] = []
    /// Keys that come again in their mapping, by their places.
    private var repeated: Set<Place> = []
    private var elements = 0

    /// - Parameter diagnostics: gets what is wrong.
    /// - Returns: nil where there is nothing, or nothing that could be read.
    static func read(
        _ source: Source, environment: [String: String], diagnostics: inout [Diagnostic]
    ) -> Element? {
        var document = Document(source: source, environment: environment)
        defer { diagnostics += document.diagnostics }
        guard let node = document.compose() else { return nil }
        return document.element(node, key: "", depth: 0)
    }

    private init(source: Source, environment: [String: String]) {
        self.source = source
        self.environment = environment
    }

    private mutating func fail(_ place: Place, length: Int = 1, _ message: String) {
        diagnostics.append(Diagnostic(.error, source, place, length: length, message))
    }

    // ---- text to nodes -----------------------------------------------------------------------------------------------

    /// The parser gives up at a key that comes twice. So that the rest can be judged as well, such a key is given a name
    /// that nobody writes, and the text is read again.
    private mutating func compose() -> Node? {
        var repeats = RepeatedKeys(source.text)
        while true {
            do {
                if let place = AliasKeys.first(in: repeats.text) {
                    fail(place, "a key is a single value; use no list, mapping or alias for one")
                    return nil
                }
                let node = try Yams.compose(yaml: repeats.text)
                if node == nil, repeated.isEmpty { fail(Place(line: 1, column: 1), "the file is empty") }
                return node
            } catch YamlError.duplicatedKeysInMapping(let names, let context) {
                let first = Place(line: context.mark.line, column: context.mark.column)
                let name = names.first ?? ""
                guard let place = repeats.rename(name, after: first), repeated.count < Bounds.repeatedKeys else {
                    fail(
                        first, length: name.unicodeScalars.count, "\"\(name)\" comes twice in its mapping; use it once")
                    return nil
                }
                repeated.insert(place)
                fail(
                    place, length: name.unicodeScalars.count,
                    "\"\(name)\" is there already, on line \(first.line); use it once")
            } catch {
                take(error)
                return nil
            }
        }
    }

    private mutating func take(_ error: any Error) {
        switch error as? YamlError {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            var message = "no YAML: \(problem)"
            if problem.hasPrefix("Maximum nesting level") {
                message = "is nested too deeply; use at most \(Bounds.depth) levels"
            } else if problem == "but found another document" {
                message = "there is more than one document; use one"
            } else if source.line(mark.line).unicodeScalars.dropFirst(mark.column - 1).first == "\t" {
                message = "a tab cannot indent; use spaces"
            } else if let context, context.mark.line > 0 {
                message += ", \(context.text)"
                if context.mark.line != mark.line { message += " that begins on line \(context.mark.line)" }
            }
            if problem == "did not find expected node content",
                source.line(mark.line).unicodeScalars.dropFirst(mark.column - 1).first == ":"
            {
                message = "what begins with a colon needs quotes here"
            }
            fail(Place(line: mark.line, column: mark.column), message)
        case .reader(let problem, let offset, _, _):
            let before = source.text.prefix(offset ?? 0).split(separator: "\n", omittingEmptySubsequences: false)
            let column = (before.last?.unicodeScalars.count ?? 0) + 1
            fail(Place(line: max(1, before.count), column: column), "no YAML: \(problem)")
        default:
            fail(Place(line: 1, column: 1), "no YAML")
        }
    }

    // ---- nodes to elements -------------------------------------------------------------------------------------------

    /// - Returns: nil where it is too much: aliases can stand for more than any memory holds.
    private mutating func element(_ node: Node, key: String, depth: Int) -> Element? {
        let place = Place(line: node.mark?.line ?? 1, column: node.mark?.column ?? 1)
        elements += 1
        guard elements <= Bounds.elements else {
            if elements == Bounds.elements + 1 {
                fail(place, "the file holds more than \(Bounds.elements) values, with all that aliases stand for")
            }
            return nil
        }
        guard depth <= Bounds.depth else {
            fail(place, "is nested too deeply; use at most \(Bounds.depth) levels")
            return nil
        }
        let content: Element.Content
        switch node {
        case .scalar(let scalar):
            content = .scalar(self.scalar(scalar, place))
        case .sequence(let sequence):
            content = .list(sequence.compactMap { element($0, key: key, depth: depth + 1) })
        case .mapping(let mapping):
            content = .mapping(entries(mapping, depth: depth))
        case .alias:
            return nil
        }
        return Element(source: source, place: place, key: key, content: content)
    }

    private mutating func scalar(_ scalar: Node.Scalar, _ place: Place) -> Element.Scalar {
        let isPlain = scalar.style == .plain
        do {
            let substitution = try Substitution(scalar.string, environment)
            return Element.Scalar(
                text: substitution.text, written: scalar.string, isPlain: isPlain && !substitution.isChanged)
        } catch {
            fail(place, length: scalar.string.unicodeScalars.count, "\"\(scalar.string)\" \(error.hint)")
            return Element.Scalar(text: scalar.string, written: scalar.string, isPlain: isPlain, isBroken: true)
        }
    }

    private mutating func entries(_ mapping: Node.Mapping, depth: Int) -> [Element.Entry] {
        var entries: [Element.Entry] = []
        var names: [String: Place] = [:]
        var merged: [Node] = []
        for (key, value) in mapping {
            if let mark = key.mark, repeated.contains(Place(line: mark.line, column: mark.column)) { continue }
            if case .scalar(let scalar) = key, scalar.string == "<<", scalar.style == .plain {
                merged.append(value)
                continue
            }
            guard let key = element(key, key: "", depth: depth + 1) else { continue }
            guard let name = key.scalar?.text else {
                fail(key.place, "a key is a single value; use no list or mapping for one")
                continue
            }
            guard let value = element(value, key: name, depth: depth + 1) else { continue }
            if let first = names[name] {
                fail(key.place, length: key.length, "\"\(name)\" is there already, on line \(first.line); use it once")
                continue
            }
            names[name] = key.place
            entries.append(Element.Entry(key: key, value: value))
        }
        for node in merged { merge(node, into: &entries, &names, depth: depth) }
        return entries
    }

    /// The YAML merge key: what it brings yields to what is there, and of several mappings the first wins.
    private mutating func merge(
        _ node: Node, into entries: inout [Element.Entry], _ names: inout [String: Place], depth: Int
    ) {
        guard let element = element(node, key: "<<", depth: depth + 1) else { return }
        for source in element.oneOrMore {
            guard let more = source.entries else {
                fail(
                    source.place, length: source.length,
                    "<<: is \(source.kind); use an alias of a mapping, such as *name")
                continue
            }
            for entry in more where names[entry.name] == nil {
                names[entry.name] = entry.key.place
                entries.append(entry)
            }
        }
    }
}
