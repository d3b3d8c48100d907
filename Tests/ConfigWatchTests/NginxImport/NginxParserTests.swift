import Testing

@testable import ConfigWatch

@Suite struct NginxParserTests {
    static func directives(_ text: String, files: NginxFiles = .none) throws(NginxSyntaxError) -> [NginxDirective] {
        var parser = NginxParser(files: files)
        return try parser.directives(of: NginxFiles.File(name: "server.conf", text: text))
    }

    @Test func structure() throws {
        let found = try Self.directives(
            """
            # what follows
            server {   # in braces
                listen 80;
                location / { root /srv; }
            }
            """)
        #expect(found.count == 1)
        #expect(found[0].name == "server")
        #expect(found[0].place.line == 2)
        #expect(found[0].block?.map(\.name) == ["listen", "location"])
        #expect(found[0].block?[1].arguments == ["/"])
        #expect(found[0].block?[1].block?[0].place == NginxPlace(file: "server.conf", line: 4))
    }

    @Test(arguments: [
        (#"a "b c";"#, ["b c"]), (#"a 'b;{}#' c;"#, ["b;{}#", "c"]), (#"a "b\"c";"#, [#"b"c"#]),
        (#"a "x\n\t\r\\";"#, ["x\n\t\r\\"]), (#"a \.php$;"#, [#"\.php$"#]), (#"a b#c;"#, ["b#c"]),
        (#"a ${b}c;"#, ["${b}c"]), (#"a b}c;"#, ["b}c"]), (#"a "";"#, [""]), (#"a b"c";"#, [#"b"c""#]),
        (#"a 'it''s' ;"#, []), (#"a "\d+";"#, [#"\d+"#]),
    ])
    func words(text: String, arguments: [String]) throws {
        guard !arguments.isEmpty else {
            #expect(throws: NginxSyntaxError.self) { try Self.directives(text) }
            return
        }
        #expect(try Self.directives(text).map(\.arguments) == [arguments])
    }

    @Test(arguments: [
        ("server {\n listen 80;\n", #"server.conf:1: error: "server" has no closing brace"#),
        ("listen 80\n", #"server.conf:1: error: "listen" has no ";""#),
        ("a;\n}\n", #"server.conf:2: error: unexpected "}""#),
        ("\n{}", #"server.conf:2: error: unexpected "{""#),
        (";", #"server.conf:1: error: unexpected ";""#),
        ("a {\n b }\n", #"server.conf:2: error: "b" has no ";" before this "}""#),
        ("a\n 'b;", "server.conf:2: error: a quoted text that begins here has no end"),
        (#"a "b"c;"#, "server.conf:1: error: a quoted text is followed by something without a blank"),
        ("include a b;", #"server.conf:1: error: "include" takes one path"#),
    ])
    func mistakes(text: String, message: String) {
        let error = #expect(throws: NginxSyntaxError.self) { try Self.directives(text) }
        #expect(error?.description == message)
    }

    @Test func includes() throws {
        let files = NginxFiles { pattern in
            guard pattern == "conf.d/*.conf" else { return [] }
            return [.init(name: "a.conf", text: "one;"), .init(name: "b.conf", text: "\ntwo;")]
        }
        let found = try Self.directives("include conf.d/*.conf; include mime.types; three;", files: files)
        #expect(found.map(\.name) == ["one", "two", "three"])
        #expect(found[1].place == NginxPlace(file: "b.conf", line: 2))
    }

    @Test func bounds() {
        let itself = NginxFiles { _ in [.init(name: "a.conf", text: "include a.conf; include a.conf;")] }
        #expect(throws: NginxSyntaxError.self) { try Self.directives("include a.conf;", files: itself) }
        #expect(throws: NginxSyntaxError.self) { try Self.directives(String(repeating: "a {", count: 100_000)) }
        #expect(throws: NginxSyntaxError.self) { try Self.directives(String(repeating: "a", count: 100_000) + ";") }
        #expect(throws: NginxSyntaxError.self) { try Self.directives(String(repeating: "a;", count: 100_000)) }
    }
}
