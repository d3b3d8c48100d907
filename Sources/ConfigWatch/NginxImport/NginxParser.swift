/// Reads a text in nginx's configuration language into its directives, with the files that it includes in their places.
struct NginxParser {
    private let files: NginxFiles
    private var count = 0
    /// Includes of which there was no file.
    private(set) var missing: [NginxDirective] = []

    init(files: NginxFiles) { self.files = files }

    mutating func directives(
        of file: NginxFiles.File, depth: Int = 0
    ) throws(NginxSyntaxError) -> [NginxDirective] {
        var lexer = NginxLexer(file.text, file: file.name)
        return try block(&lexer, opening: nil, nesting: 0, depth: depth)
    }

    /// Up to the closing brace, or to the end of the file where nothing was opened.
    private mutating func block(
        _ lexer: inout NginxLexer, opening: (name: String, place: NginxPlace)?, nesting: Int, depth: Int
    ) throws(NginxSyntaxError) -> [NginxDirective] {
        var directives: [NginxDirective] = []
        while true {
            let (token, place) = try lexer.next()
            switch token {
            case .word(let name):
                try statement(name, place, &lexer, nesting, depth, into: &directives)
            case .close where opening != nil:
                return directives
            case .end:
                guard let opening else { return directives }
                throw NginxSyntaxError(place: opening.place, reason: "\"\(opening.name)\" has no closing brace")
            case .semicolon:
                throw NginxSyntaxError(place: place, reason: "unexpected \";\"")
            case .open:
                throw NginxSyntaxError(place: place, reason: "unexpected \"{\"")
            case .close:
                throw NginxSyntaxError(place: place, reason: "unexpected \"}\"")
            }
        }
    }

    /// A directive, of which the name has been read.
    private mutating func statement(
        _ name: String, _ place: NginxPlace, _ lexer: inout NginxLexer, _ nesting: Int, _ depth: Int,
        into directives: inout [NginxDirective]
    ) throws(NginxSyntaxError) {
        count += 1
        guard count <= NginxBounds.directivesMax else {
            throw NginxSyntaxError(place: place, reason: "more than \(NginxBounds.directivesMax) directives")
        }
        var arguments: [String] = []
        while true {
            let (token, end) = try lexer.next()
            switch token {
            case .word(let word):
                arguments.append(word)
            case .semicolon:
                let directive = NginxDirective(name: name, arguments: arguments, place: place)
                directives += name == "include" ? try included(directive, depth: depth) : [directive]
                return
            case .open:
                guard nesting < NginxBounds.nestingMax else {
                    throw NginxSyntaxError(
                        place: end, reason: "more than \(NginxBounds.nestingMax) blocks in one another")
                }
                let block = try block(&lexer, opening: (name, place), nesting: nesting + 1, depth: depth)
                directives.append(NginxDirective(name: name, arguments: arguments, block: block, place: place))
                return
            case .close:
                throw NginxSyntaxError(place: end, reason: "\"\(name)\" has no \";\" before this \"}\"")
            case .end:
                throw NginxSyntaxError(place: place, reason: "\"\(name)\" has no \";\"")
            }
        }
    }

    private mutating func included(
        _ directive: NginxDirective, depth: Int
    ) throws(NginxSyntaxError) -> [NginxDirective] {
        guard directive.arguments.count == 1 else {
            throw NginxSyntaxError(place: directive.place, reason: "\"include\" takes one path")
        }
        guard depth < NginxBounds.includesMax else {
            throw NginxSyntaxError(
                place: directive.place, reason: "more than \(NginxBounds.includesMax) includes in one another")
        }
        // What types of files are called is known without it, and FastCGI is not spoken.
        let name = directive.value.split(separator: "/").last ?? ""
        if name == "mime.types" || name.hasSuffix("_params") { return [] }
        let found = files.matching(directive.value)
        if found.isEmpty { missing.append(directive) }
        var directives: [NginxDirective] = []
        for file in found { directives += try self.directives(of: file, depth: depth + 1) }
        return directives
    }
}
