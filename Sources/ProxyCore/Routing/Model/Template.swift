/// A text with places for what only a request knows: `https://{host}{path}`.
package struct Template: Hashable, Sendable {
    package enum Part: Hashable, Sendable {
        case text(String)
        case variable(Variable)
    }

    package var parts: [Part]

    package init(parts: [Part]) { self.parts = parts }

    /// What it holds of plain text.
    package var textBytes: Int {
        parts.reduce(0) { bytes, part in
            if case .text(let text) = part { bytes + text.utf8.count } else { bytes }
        }
    }

    /// A text without variables.
    package init(_ text: String) { parts = text.isEmpty ? [] : [.text(text)] }
}

/// What a template can name of a request. Whatever comes from outside is checked by who writes it: no value can end a field
/// line.
package enum Variable: Hashable, Sendable {
    /// The method.
    case method
    /// `http` or `https`.
    case scheme
    /// The host that was asked for, without its port.
    case host
    /// The same with the port that was given, if any.
    case authority
    /// The path, normalised, before any rewriting.
    case path
    /// The query with its `?`; nothing where there is none.
    case query
    /// Path and query as the client wrote them.
    case uri
    /// The client's address, without its port.
    case client
    /// The port of the listener.
    case port
    case requestID
    /// A field of the request, by its name in lower case; the first of several.
    case field(String)
    case cookie(String)
    /// A parameter of the query, as it was written.
    case parameter(String)
    /// A group of the route's expression, or of that of a rewrite; group 0 is all that it matched.
    case group(Int)
    case namedGroup(String)
}

/// As it is written in a configuration file.
extension Template: CustomStringConvertible {
    package var description: String {
        parts.map { part in
            switch part {
            case .text(let text): text.flatMap { $0 == "{" || $0 == "}" ? [$0, $0] : [$0] }.map { String($0) }.joined()
            case .variable(let variable): "{\(variable)}"
            }
        }.joined()
    }
}

extension Variable: CustomStringConvertible {
    package var description: String {
        switch self {
        case .method: "method"
        case .scheme: "scheme"
        case .host: "host"
        case .authority: "authority"
        case .path: "path"
        case .query: "query"
        case .uri: "uri"
        case .client: "client"
        case .port: "port"
        case .requestID: "request_id"
        case .field(let name): "header.\(name)"
        case .cookie(let name): "cookie.\(name)"
        case .parameter(let name): "query.\(name)"
        case .group(let number): "\(number)"
        case .namedGroup(let name): name
        }
    }
}
