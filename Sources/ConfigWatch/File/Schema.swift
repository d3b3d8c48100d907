/// The keys of the file as JSON Schema (draft 2020-12), for editors.
package enum Schema {
    /// The whole schema, as a text that ends with a newline.
    package static var text: String {
        var definitions = Definitions()
        let root = definitions.object(FileKeys.all.descriptions(), free: "^\(FileKeys.freePrefix)")
        let members: [JSON.Member] =
            [
                .init("$schema", .string("https://json-schema.org/draft/2020-12/schema")),
                .init("title", .string("The configuration file of balancer")),
            ] + root + [.init("$defs", .object(definitions.members))]
        return JSON.object(members).pretty + "\n"
    }

    /// The groups of keys, each once.
    private struct Definitions {
        private(set) var members: [JSON.Member] = []

        mutating func object(_ keys: [KeyDescription], free: String? = nil) -> [JSON.Member] {
            var properties: [JSON.Member] = []
            for key in keys {
                let shape = [.init("description", .string(key.summary))] + schema(key.shape)
                properties.append(.init(key.name, .object(shape)))
            }
            var members: [JSON.Member] = [
                .init("type", .string("object")), .init("properties", .object(properties)),
            ]
            if let free { members.append(.init("patternProperties", .object([.init(free, .bool(true))]))) }
            return members + [.init("additionalProperties", .bool(false))]
        }

        private mutating func schema(_ shape: Shape) -> [JSON.Member] {
            switch shape {
            case .value(let members): return members
            case .either(let shapes): return [.init("anyOf", .array(shapes.map { .object(schema($0)) }))]
            case .oneOrMore(let shape):
                let one = JSON.object(schema(shape))
                let list = JSON.object([
                    .init("type", .string("array")), .init("items", one), .init("minItems", .number(1)),
                ])
                return [.init("anyOf", .array([one, list]))]
            case .list(let shape):
                return [.init("type", .string("array")), .init("items", .object(schema(shape)))]
            case .named(let shape):
                return [.init("type", .string("object")), .init("additionalProperties", .object(schema(shape)))]
            case .keys(let name, let keys):
                if !members.contains(where: { $0.name == name }) {
                    // The place is taken before what stands inside, so that each group comes before its parts.
                    let index = members.count
                    members.append(.init(name, .null))
                    members[index] = .init(name, .object(object(keys)))
                }
                return [.init("$ref", .string("#/$defs/\(name)"))]
            }
        }
    }
}
