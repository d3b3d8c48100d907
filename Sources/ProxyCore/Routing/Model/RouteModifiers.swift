/// What is changed, checked or limited for the requests of a route. Nothing is said by default.
package struct RouteModifiers: Equatable, Sendable {
    /// The first that contains the client's address decides; where none does, it is let in.
    package var access: [AccessRule] = []
    package var basicAuth: BasicAuth?
    package var cors: CORSSettings?
    /// A longer request body is refused with 413; nil for no limit.
    package var bodyBytesMax: Int?
    package var rewrite: PathRewrite?
    /// Changes of the request's field lines, in this order, after ours were added.
    package var requestFields: [FieldChange] = []
    /// Changes of the answer's field lines, also of answers of our own.
    package var responseFields: [FieldChange] = []
    package var timeouts = RouteTimeouts()
    /// Replaces that of the service.
    package var retries: RetrySettings?
    package var compression: CompressionSettings?
    package var errorPages: [ErrorPage] = []
    package var mirror: Mirror?
    /// Whether requests stand in the access log.
    package var isLogged = true

    package init() {}
}

package struct AccessRule: Hashable, Sendable {
    package var network: Network
    package var allows: Bool

    package init(network: Network, allows: Bool) {
        self.network = network
        self.allows = allows
    }
}

/// RFC 7617.
package struct BasicAuth: Equatable, Sendable {
    package var realm: String
    /// Hashes by user name, as crypt(5) writes them (`$2b$`, `$6$`, `$5$`, `$y$`), or `{SHA256}` and the hash of the password
    /// in hexadecimal digits.
    package var users: [String: String]

    package init(realm: String, users: [String: String]) {
        self.realm = realm
        self.users = users
    }
}

/// The CORS protocol of the Fetch standard, spoken for the upstream.
package struct CORSSettings: Equatable, Sendable {
    /// Origins as browsers send them (`https://shop.test`), or `*` alone for any.
    package var origins: [String]
    package var methods = ["GET", "HEAD", "POST"]
    /// Request fields that scripts may set; `*` alone for those that the browser asks for.
    package var requestFields: [String] = ["*"]
    package var exposedFields: [String] = []
    package var allowsCredentials = false
    package var maxAgeSeconds = 600

    package init(origins: [String]) { self.origins = origins }
}

/// How the path is changed before it goes on. The query stays.
package enum PathRewrite: Equatable, Sendable {
    /// The prefix that the route matched goes; what remains begins with `/`.
    case stripPrefix
    /// The prefix that the route matched is replaced by this one.
    case replacePrefix(String)
    /// The whole path is this one. Where it holds a `?`, its query replaces that of the request.
    case path(Template)
    /// The first part of the path that the expression finds is replaced.
    case regex(pattern: String, replacement: Template)
}

package struct FieldChange: Equatable, Sendable {
    package enum Change: Equatable, Sendable {
        /// One more line.
        case add(Template)
        /// The only line of that name.
        case set(Template)
        case remove
    }

    /// A token, as it is to be written.
    package var name: String
    package var change: Change

    package init(name: String, change: Change) {
        self.name = name
        self.change = change
    }
}

/// Those that a route has of its own.
package struct RouteTimeouts: Equatable, Sendable {
    /// See `Timeouts`.
    package var responseMilliseconds: Milliseconds?
    package var bodyMilliseconds: Milliseconds?
    package var tunnelMilliseconds: Milliseconds?

    package init() {}
}

package struct CompressionSettings: Equatable, Sendable {
    package enum Coding: String, CaseIterable, Sendable {
        case gzip
        case brotli = "br"
        case zstd
    }

    /// In the order of our preference, where the client accepts several alike.
    package var codings: [Coding] = [.zstd, .brotli, .gzip]
    /// Shorter bodies are left alone: they fit into a packet anyway.
    package var bytesMin = 1024
    /// Media types without parameters; `text/*` for all of a kind.
    package var types = [
        "text/*", "application/json", "application/javascript", "application/xml", "application/wasm",
        "application/manifest+json", "application/rss+xml", "application/atom+xml", "application/ld+json",
        "application/problem+json", "image/svg+xml", "font/ttf", "font/otf",
    ]
    /// 1 to 9, and what each coding makes of it.
    package var level = 5

    package init() {}
}

/// What a client sees instead of an error.
package struct ErrorPage: Equatable, Sendable {
    package var statuses: [ClosedRange<Int>]
    /// Nil keeps the status.
    package var status: Int?
    package var contentType: String
    package var body: [UInt8]
    /// Answers of upstreams are replaced as well; otherwise only our own.
    package var coversUpstream: Bool

    package init(
        statuses: [ClosedRange<Int>], status: Int? = nil, contentType: String, body: [UInt8], coversUpstream: Bool
    ) {
        self.statuses = statuses
        self.status = status
        self.contentType = contentType
        self.body = body
        self.coversUpstream = coversUpstream
    }
}

/// A copy of requests goes to another service, whose answers nobody sees. Requests whose body is longer than what is kept
/// for another try are not copied.
package struct Mirror: Hashable, Sendable {
    package var service: Int
    /// Of the requests.
    package var percent: Int

    package init(service: Int, percent: Int = 100) {
        self.service = service
        self.percent = percent
    }
}
