/// What a location does with its requests, as a route of ours says it.
struct NginxContent: Equatable, Sendable {
    enum Kind: Sendable {
        case forward, files, redirect, reply
    }

    var kind: Kind
    /// `to`, `files`, `redirect` or `reply`.
    var action: YAMLEntry
    /// `strip_prefix` and its like.
    var rewrite: YAMLEntry?
    var requestHeaders: YAMLEntry?
    var modifiers: [YAMLEntry] = []
    /// Nil for no limit.
    var bodyBytesMax: Int? = NginxContent.bodyBytesMaxDefault
    var comments: [String] = []
    /// The status of a reply or redirect.
    var status = 200

    /// nginx's `client_max_body_size`, where nothing is said.
    static let bodyBytesMaxDefault = 1 << 20

    init(_ kind: Kind, _ action: YAMLEntry) {
        self.kind = kind
        self.action = action
    }

    static func reply(_ status: Int) -> NginxContent {
        var content = NginxContent(.reply, YAMLEntry("reply", .word("\(status)")))
        content.status = status
        return content
    }

    /// The status of a reply that says nothing else; nil for what is none.
    var bareStatus: Int? {
        guard kind == .reply, case .word = action.value else { return nil }
        return status
    }

    /// The same but for what is said about it.
    func isSame(as other: NginxContent) -> Bool {
        var (one, two) = (self, other)
        (one.comments, two.comments) = ([], [])
        return one == two
    }
}

/// What becomes of the requests of a location that meet `conditions`.
struct NginxOutcome {
    var conditions = NginxConditions()
    /// Of the location's paths only these.
    var path: NginxPath?
    var content: NginxContent
}

/// How a path is rewritten before it reaches a location's content.
enum NginxRewrite: Equatable, Sendable {
    /// The whole path is this one, a template of ours.
    case whole(String)
    /// Where the expression finds something, the path becomes this.
    case expression(NginxExpression, String)

    var entry: YAMLEntry {
        switch self {
        case .whole(let template):
            YAMLEntry("rewrite", .text(template))
        case .expression(let expression, let template) where expression.matchesAll && !template.contains("{"):
            YAMLEntry("rewrite", .text(template))
        case .expression(let expression, let template):
            YAMLEntry(
                "rewrite",
                .map([
                    YAMLEntry("regex", .text(expression.ofWholePath.patternWithCase)),
                    YAMLEntry("with", .text(template)),
                ]))
        }
    }

    /// Where what the path begins with is known, the same with that replaced.
    func replacing(prefix: String, by replacement: String) -> NginxRewrite? {
        switch self {
        case .whole(let template) where template.hasPrefix(prefix):
            .whole(replacement + template.dropFirst(prefix.count))
        case .expression(let expression, let template) where template.hasPrefix(prefix):
            .expression(expression, replacement + template.dropFirst(prefix.count))
        default: nil
        }
    }
}

/// Where in a configuration a request has got to.
struct NginxFrame {
    let server: NginxServer
    let location: NginxLocation?
    /// The blocks whose directives count for the answer.
    var scope: NginxScope
    var variables: NginxVariables
    var rewrite: NginxRewrite?
    /// Whether the rewritten path was matched against locations again.
    var isRematched = false
    var comments: [String] = []
    /// What `if (!-f $request_filename)` does.
    var missing: NginxMissing?
    /// Redirects within the server so far. nginx allows ten.
    var depth = 0
    /// Conditions that have been followed: each may double the routes.
    var questions = 0

    static let depthMax = 8
    static let questionsMax = 5
}

/// What is served where there is no file, as an `if` says it.
enum NginxMissing {
    case status(Int)
    case path(String, NginxDirective)
    case content(NginxContent, NginxDirective)
}

/// A directive on the way of a request, with the blocks around it.
struct NginxStep {
    let directive: NginxDirective
    let scope: NginxScope
}
