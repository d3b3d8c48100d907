/// What may stand at a place of the file, as JSON Schema says it.
indirect enum Shape: Sendable {
    /// A fragment of a schema.
    case value([JSON.Member])
    case either([Shape])
    /// One, or a list of them.
    case oneOrMore(Shape)
    case list(Shape)
    /// A mapping whose keys are free.
    case named(Shape)
    /// A mapping with these keys, called so in the schema.
    case keys(String, [KeyDescription])

    /// A text that matches `pattern`, or that the environment has a part in, of which nothing is known yet.
    static func text(_ pattern: String) -> Shape {
        .value([.init("type", .string("string")), .init("pattern", .string(pattern + #"|\$\{"#))])
    }

    /// Any text. YAML takes some texts for numbers and truth values.
    static let anyText = Shape.value([.init("type", .strings(["string", "number", "boolean"]))])

    static let truth = Shape.value([.init("type", .string("boolean"))])

    static func words(_ words: [String]) -> Shape {
        .either([.value([.init("enum", .strings(words))]), environment])
    }

    static func number(in range: ClosedRange<Int>) -> Shape {
        .either([
            .value([
                .init("type", .string("integer")), .init("minimum", .number(range.lowerBound)),
                .init("maximum", .number(range.upperBound)),
            ]), .text("^[0-9]+$"),
        ])
    }

    static let environment = Shape.value([.init("type", .string("string")), .init("pattern", .string(#"\$\{"#))])
    static let null = Shape.value([.init("type", .string("null"))])
}

/// A key of a mapping, for whoever wants to know which there are.
package struct KeyDescription: Sendable {
    package let name: String
    /// Whole sentences, as an editor shows them.
    package let summary: String
    let shape: Shape
}

/// A key of a mapping: the one description of it, which the decoder and the schema are made of.
struct Key<Group>: Sendable {
    let name: String
    let summary: String
    let shape: Shape
    /// Takes what stands behind the key, or says what is wrong with it.
    let read: @Sendable (Reader, Element, inout Group) -> Void

    init(
        _ name: String, _ shape: Shape, _ summary: String,
        read: @escaping @Sendable (Reader, Element, inout Group) -> Void
    ) {
        self.name = name
        self.shape = shape
        self.summary = summary
        self.read = read
    }

    /// A key with a single value.
    init<Value>(
        _ name: String, _ kind: Kind<Value>, _ path: any WritableKeyPath<Group, Value> & Sendable, _ summary: String
    ) {
        self.init(name, kind.shape, summary) { reader, element, group in
            reader.read(kind, element, into: &group[keyPath: path])
        }
    }

    /// A key with a single value for short, or a mapping.
    ///
    /// - Parameter turnOn: What a mapping says by being there.
    init<Value>(
        _ name: String, _ kind: Kind<Value>, _ path: any WritableKeyPath<Group, Value> & Sendable,
        orKeys group: String, _ keys: [Key<Group>], _ summary: String,
        turnOn: @escaping @Sendable (inout Group) -> Void = { _ in }
    ) {
        self.init(name, .either([kind.shape, .keys(group, keys.descriptions())]), summary) { reader, element, group in
            if element.entries != nil {
                turnOn(&group)
                reader.read(keys, element, into: &group)
            } else {
                reader.read(kind, element, into: &group[keyPath: path], orMapping: true)
            }
        }
    }

    /// A key with a mapping.
    init(_ name: String, keys: [Key<Group>], _ summary: String) {
        self.init(name, .keys(name, keys.descriptions()), summary) { reader, element, group in
            reader.read(keys, element, into: &group)
        }
    }

    /// The same key, for a larger group that this one is a part of.
    func on<Larger>(_ path: any WritableKeyPath<Larger, Group> & Sendable) -> Key<Larger> {
        Key<Larger>(name, shape, summary) { reader, element, larger in read(reader, element, &larger[keyPath: path]) }
    }

    var description: KeyDescription { KeyDescription(name: name, summary: summary, shape: shape) }
}

extension Array {
    func descriptions<Group>() -> [KeyDescription] where Element == Key<Group> { map(\.description) }
}
