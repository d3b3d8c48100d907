/// One rule for requests: which ones it takes, what happens to them, and what is changed on the way.
///
/// A value as the configuration says it; `RouteTable` compiles many of them for matching.
package struct Route: Equatable, Sendable {
    /// What a person calls it: its key or path in the file, for logs and explanations.
    package var name: String
    package var match: RouteMatch
    package var action: RouteAction
    package var modifiers: RouteModifiers

    package init(
        name: String, match: RouteMatch, action: RouteAction, modifiers: RouteModifiers = RouteModifiers()
    ) {
        self.name = name
        self.match = match
        self.action = action
        self.modifiers = modifiers
    }
}

/// What a request has to be like. Everything that is said must hold; an empty list says nothing.
///
/// Of several routes that match, the one that comes first in this order serves:
/// 1. by host: an exact one, then wildcards (the longest first), then routes for any host;
/// 2. by path: an exact one, then regular expressions in the order of the file, then the longest prefix. A prefix that
///    is `beforeRegex` is the exception: where it is the one that would serve among prefixes, no expression is asked;
/// 3. by conditions, among routes with the same path: the more are said, the earlier. `methods` and `clients` count as one
///    each, and `fields` and `query` as many as there are;
/// 4. by their order in the file.
///
/// Where a route's conditions fail, or no route for a host matches, the next in this order has its turn. Where an
/// expression had to be given up (`Limits`), none has: the request is refused.
package struct RouteMatch: Equatable, Sendable {
    /// Ports of listeners. A route that names some is unknown at the others.
    package var ports: [UInt16] = []
    package var hosts: [HostPattern] = []
    package var path = PathPattern.prefix("/")
    /// As they stand in the request: methods are case-sensitive (RFC 9110 section 9.1).
    package var methods: [String] = []
    /// Field lines of the request; names in lower case.
    package var fields: [ValueCondition] = []
    /// Parameters of the query, as `name=value` between `&`, compared after percent-decoding (`+` is a space).
    package var query: [ValueCondition] = []
    /// The client's address lies in one of them.
    package var clients: [Network] = []

    package init() {}
    package init(path: PathPattern) { self.path = path }
}

/// The host of a request: that of its target or its Host field, without the port and a dot at its end, in lower case.
package enum HostPattern: Hashable, Sendable {
    /// In lower case.
    case exact(String)
    /// `*.example.com`: any host below `example.com`, however many labels, and not that itself. Without the `*.`, in lower
    /// case.
    case below(String)
}

/// Compared with the path of the request after it was normalised (`PathNormalizer`), without the query.
package enum PathPattern: Hashable, Sendable {
    case exact(String)
    /// On segment boundaries: `/a` and `/a/` both match `/a`, `/a/` and `/a/b`, and not `/ab`.
    case prefix(String, beforeRegex: Bool)
    /// A Perl-compatible expression (pcre2pattern(3)) that is found anywhere in the path unless it is anchored. Its groups
    /// are what templates call `{1}` and `{name}`.
    case regex(String, ignoresCase: Bool)

    package static func prefix(_ path: String) -> PathPattern { .prefix(path, beforeRegex: false) }
}

/// What a named value, of which there may be several, is to be like.
package struct ValueCondition: Hashable, Sendable {
    package enum Test: Hashable, Sendable {
        case present
        case absent
        case equals(String)
        case regex(String)
    }

    package var name: String
    package var test: Test

    package init(name: String, test: Test) {
        self.name = name
        self.test = test
    }
}

/// Addresses that share their first bits: `10.0.0.0/8`, `fd00::/8`, or a single address.
package struct Network: Hashable, Sendable {
    /// Its port means nothing.
    package let address: SocketAddress
    package let prefixBits: Int

    /// - Parameter prefixBits: at most 32 for IPv4 and 128 for IPv6.
    package init(address: SocketAddress, prefixBits: Int) {
        self.address = address
        self.prefixBits = prefixBits
    }
}
