/// What a route does with its requests.
package enum RouteAction: Equatable, Sendable {
    /// To a service, by its index in the configuration.
    case forward(service: Int)
    /// To one of several services, at random, in the proportion of their weights; at least one weighs more than 0.
    case split([WeightedService])
    case redirect(Redirect)
    case reply(FixedReply)
    case files(FileSettings)
}

package struct WeightedService: Hashable, Sendable {
    package var service: Int
    package var weight: Int

    package init(service: Int, weight: Int) {
        self.service = service
        self.weight = weight
    }
}

package struct Redirect: Equatable, Sendable {
    /// 301, 302, 303, 307 or 308.
    package var status: Int
    package var location: Template

    package init(status: Int, location: Template) {
        self.status = status
        self.location = location
    }
}

/// An answer that needs no upstream.
package struct FixedReply: Equatable, Sendable {
    /// 200 to 599.
    package var status: Int
    /// Empty for none.
    package var contentType: String
    package var body: Template
    /// The connection ends without an answer (nginx's 444); all else means nothing then.
    package var closesSilently = false

    package init(status: Int, contentType: String, body: Template) {
        self.status = status
        self.contentType = contentType
        self.body = body
    }
}

/// A directory whose files are served to GET and HEAD.
package struct FileSettings: Equatable, Sendable {
    package enum Missing: Equatable, Sendable {
        case status(Int)
        /// This file below `root` instead, with the status 200, as applications with routes of their own in the browser
        /// want it.
        case file(String)
        /// The request goes on to a service.
        case forward(service: Int)
    }

    /// An absolute path. The path of the request is appended, as the modifiers have rewritten it.
    package var root: String
    /// File names that stand for a directory, the first that exists.
    package var index = ["index.html"]
    /// Files of the same name with `.br`, `.zst` or `.gz` behind it are sent to clients that accept them.
    package var precompressed = true
    package var missing = Missing.status(404)
    /// Content types of extensions (in lower case, without the dot) besides the built-in ones.
    package var contentTypes: [String: String] = [:]
    /// Names that begin with a dot are as good as absent, but for `/.well-known`.
    package var hidesDotFiles = true

    package init(root: String) { self.root = root }
}
