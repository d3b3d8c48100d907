/// A directive of nginx's configuration language, as the file says it.
struct NginxDirective: Equatable, Sendable {
    let name: String
    /// Without quotes, and with their escapes undone; variables still stand in them.
    let arguments: [String]
    /// What stands in its braces; nil where it ends in a semicolon.
    let block: [NginxDirective]?
    let place: NginxPlace

    init(name: String, arguments: [String] = [], block: [NginxDirective]? = nil, place: NginxPlace) {
        self.name = name
        self.arguments = arguments
        self.block = block
        self.place = place
    }

    /// The first argument, or nothing.
    var value: String { arguments.first ?? "" }

    /// As a note names it: the name and what of the arguments fits.
    var title: String {
        let text = ([name] + arguments).joined(separator: " ")
        return text.count <= 60 ? text : String(text.prefix(57)) + "..."
    }
}

/// Where something stands in a file of nginx's.
package struct NginxPlace: Equatable, Hashable, Sendable {
    package let file: String
    /// From 1.
    package let line: Int

    package init(file: String, line: Int) {
        self.file = file
        self.line = line
    }
}

/// Why a text is not nginx's configuration language, or more than is read of it.
package struct NginxSyntaxError: Error, Equatable, CustomStringConvertible {
    package let place: NginxPlace
    package let reason: String

    /// `server.conf:7: error: "server" has no closing brace`
    package var description: String { "\(printable(place.file)):\(place.line): error: \(printable(reason))" }
}

/// Whatever `include` and the like name is read through this, so that the import itself touches no file.
package struct NginxFiles {
    package struct File {
        package let name: String
        package let text: String

        package init(name: String, text: String) {
            self.name = name
            self.text = text
        }
    }

    /// The files that a path or a pattern (glob(7)) names, sorted by name; none where there are none.
    package let matching: (String) -> [File]

    package init(matching: @escaping (String) -> [File]) { self.matching = matching }

    package static var none: NginxFiles { NginxFiles { _ in [] } }

    func file(_ path: String) -> File? { matching(path).first }
}
