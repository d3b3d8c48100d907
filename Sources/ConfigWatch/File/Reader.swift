import ProxyCore

/// What the decoders of the groups have in common: it takes values out of a document, and gathers what is wrong with them.
final class Reader {
    private(set) var diagnostics: [Diagnostic] = []
    /// How many there are that are not kept.
    private(set) var furtherErrors = 0
    let environment: [String: String]
    /// Every file that was read or looked for, and every directory that was listed, by absolute path.
    private(set) var watched: [String] = []
    var services = Services()

    init(environment: [String: String]) { self.environment = environment }

    // ---- saying what is wrong ----------------------------------------------------------------------------------------

    func fail(_ element: Element, _ message: String) {
        add(Diagnostic(.error, element.source, element.place, length: element.length, message))
    }

    func warn(_ element: Element, _ message: String) {
        add(Diagnostic(.warning, element.source, element.place, length: element.length, message))
    }

    /// `policy: "fastest" is no policy; use …`
    func fail(_ element: Element, _ rejection: Rejection) {
        if element.scalar?.isBroken == true { return }
        var value = ""
        if let scalar = element.scalar, !Secrets.isSecret(element.key) {
            value = "\"\(printable(String(scalar.written.prefix(80))))\(scalar.written.count > 80 ? "…" : "")\" "
        }
        let message = "\(element.key): \(value)\(rejection.hint)"
        guard let offset = rejection.offset else { return fail(element, message) }
        add(Diagnostic(.error, element.source, element.place(ofCharacter: offset), message))
    }

    func add(_ diagnostic: Diagnostic) {
        guard !diagnostics.contains(diagnostic) else { return }
        guard diagnostics.count < Bounds.diagnostics else {
            if diagnostic.severity == .error { furtherErrors += 1 }
            return
        }
        diagnostics.append(diagnostic)
    }

    var hasErrors: Bool { furtherErrors > 0 || diagnostics.contains { $0.severity == .error } }

    func watch(_ path: String) {
        if !watched.contains(path) { watched.append(path) }
    }

    // ---- single values -----------------------------------------------------------------------------------------------

    /// The text at `element`, or nil after saying that it is none.
    func text(_ element: Element, orMapping: Bool = false) -> String? {
        guard let scalar = element.scalar, !element.isNull else {
            let hint = element.isNull ? "give it a value, or leave the key away" : "use a single value"
            fail(
                element,
                "\(element.key): is \(element.kind); \(hint)\(orMapping && !element.isNull ? " or a mapping" : "")")
            return nil
        }
        return scalar.text
    }

    func value<Value>(_ kind: Kind<Value>, _ element: Element, orMapping: Bool = false) -> Value? {
        guard var text = text(element, orMapping: orMapping) else { return nil }
        if kind.readsTruth, let truth = element.truth { text = truth ? "on" : "off" }
        do {
            return try kind.parse(text)
        } catch {
            fail(element, error)
            return nil
        }
    }

    func read<Value>(_ kind: Kind<Value>, _ element: Element, into field: inout Value, orMapping: Bool = false) {
        if let value = value(kind, element, orMapping: orMapping) { field = value }
    }

    /// One value, or a list of them; those that are wrong are left out.
    func values<Value>(_ kind: Kind<Value>, _ element: Element) -> [Value] {
        if case .list(let elements) = element.content, elements.isEmpty {
            fail(element, "\(element.key): is an empty list; give it a value, or leave the key away")
        }
        return element.oneOrMore.compactMap { value(kind, $0) }
    }

    // ---- mappings ----------------------------------------------------------------------------------------------------

    /// The entries at `element`, or nil after saying that it is no mapping.
    func entries(_ element: Element, names: [String] = []) -> [Element.Entry]? {
        if let entries = element.entries { return entries }
        let keys = names.isEmpty ? "" : " of keys such as \(alternatives(Array(names.prefix(3))))"
        fail(element, "\(element.key): is \(element.kind); use a mapping\(keys)")
        return nil
    }

    /// Takes each key of a mapping; those that are none are said to be wrong.
    func read<Group>(_ keys: [Key<Group>], _ element: Element, into group: inout Group) {
        guard let entries = entries(element, names: keys.map(\.name)) else { return }
        read(keys, entries, into: &group)
    }

    func read<Group>(_ keys: [Key<Group>], _ entries: [Element.Entry], into group: inout Group) {
        for entry in entries {
            guard let key = keys.first(where: { $0.name == entry.name }) else {
                failUnknown(entry.key, keys.map(\.name))
                continue
            }
            key.read(self, entry.value, &group)
        }
    }

    func failUnknown(_ key: Element, _ names: [String]) {
        let name = key.scalar?.text ?? ""
        let hint = Suggestion.nearest(to: name, in: names).map { "did you mean \"\($0)\"?" }
        let known = names.count <= 8 ? "use \(alternatives(names))" : "there is none like it here"
        fail(key, "unknown key \"\(name)\"; \(hint ?? known)")
    }

    // ---- files -------------------------------------------------------------------------------------------------------

    /// The bytes of the file that `element` names, seen from the file it stands in.
    func file(_ element: Element, bytesMax: Int) -> [UInt8]? {
        guard let name = text(element) else { return nil }
        let path = FileAccess.absolute(name, in: element.source.directory)
        watch(path)
        do throws(Rejection) {
            guard !name.isEmpty, !name.utf8.contains(0) else { throw Rejection("is no file's path") }
            guard FileAccess.kind(of: path) != .directory else { throw Rejection("is a directory; use a file") }
            return try FileAccess.contents(of: path, bytesMax: bytesMax)
        } catch {
            fail(element, error)
            return nil
        }
    }

    /// The absolute path of the directory that `element` names.
    func directory(_ element: Element) -> String? {
        guard let name = text(element) else { return nil }
        let path = FileAccess.absolute(name, in: element.source.directory)
        guard !name.isEmpty, !name.utf8.contains(0), let kind = FileAccess.kind(of: path) else {
            fail(element, Rejection("is no directory: nothing is there"))
            return nil
        }
        guard kind == .directory else {
            fail(element, Rejection("is no directory; use the one that the file stands in"))
            return nil
        }
        return path
    }
}
