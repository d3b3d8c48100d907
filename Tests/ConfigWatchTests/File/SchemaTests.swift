import Testing

@testable import ConfigWatch

@Suite struct SchemaTests {
    /// Every group of keys that the schema has is read by the decoder: a key of it is known, and another is not.
    @Test func namesTheKeysThatAreRead() {
        let schema = Schema.text
        for key in FileKeys.all + DefaultKeys.all { #expect(schema.contains("\"\(key.name)\": {")) }
        #expect(schema.contains(##""$ref": "#/$defs/route""##))
        #expect(schema.contains(#""additionalProperties": false"#))
    }

    @Test func saysEveryKeyInSentences() {
        for group in [FileKeys.all.descriptions(), RouteKeys.withMatch.descriptions(), ServiceKeys.all.descriptions()] {
            for key in group {
                #expect(key.summary.hasSuffix("."), "\(key.name)")
                #expect(key.name.allSatisfy { $0.isLowercase || $0 == "_" }, "\(key.name)")
            }
            #expect(Set(group.map(\.name)).count == group.count, "no key twice")
        }
    }
}
