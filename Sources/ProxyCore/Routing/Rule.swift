/// What a worker needs of a route for each request: small numbers, so that a request without extras touches no object.
/// What the extras need is in `details`.
struct Rule: Sendable {
    enum Kind: UInt8 {
        /// No route takes the request.
        case noRoute
        case forward, split, redirect, reply, files
    }

    /// What a route has beyond its action.
    struct Traits: OptionSet {
        let rawValue: UInt32

        static let access = Traits(rawValue: 1 << 0)
        static let basicAuth = Traits(rawValue: 1 << 1)
        static let cors = Traits(rawValue: 1 << 2)
        static let bodyLimit = Traits(rawValue: 1 << 3)
        static let rewrite = Traits(rawValue: 1 << 4)
        static let requestFields = Traits(rawValue: 1 << 5)
        static let responseFields = Traits(rawValue: 1 << 6)
        static let retries = Traits(rawValue: 1 << 7)
        static let compression = Traits(rawValue: 1 << 8)
        static let errorPages = Traits(rawValue: 1 << 9)
        static let mirror = Traits(rawValue: 1 << 10)
        static let unlogged = Traits(rawValue: 1 << 11)

        /// What there is to do for these, there is to do later.
        static let laterOnly: Traits = [.errorPages, .mirror, .unlogged]
    }

    let kind: Kind
    let traits: Traits
    /// The slot of the service, -1 where the action is no plain forwarding.
    let service: Int32
    let timeouts: ExchangeTimeouts
    let details: RuleDetails

    /// The action takes no preparation.
    var isPlain: Bool {
        switch kind {
        case .noRoute, .forward, .split, .files: true
        case .redirect, .reply: false
        }
    }

    /// - Throws: `RegularExpression.Mistake` where the route's expression, or that of its rewrite, is none.
    init(_ route: Route, _ timeouts: Timeouts) throws(RegularExpression.Mistake) {
        let modifiers = route.modifiers
        (kind, service) =
            switch route.action {
            case .forward(let slot): (.forward, Int32(slot))
            case .split: (.split, -1)
            case .redirect: (.redirect, -1)
            case .reply: (.reply, -1)
            case .files: (.files, -1)
            }
        traits = Traits(modifiers)
        self.timeouts = ExchangeTimeouts(timeouts, modifiers.timeouts)
        details = try RuleDetails(route)
    }

    /// For requests that no route takes.
    init(noRouteWith timeouts: Timeouts) {
        kind = .noRoute
        traits = []
        service = -1
        self.timeouts = ExchangeTimeouts(timeouts, RouteTimeouts())
        details = RuleDetails.none
    }
}

extension Rule.Traits {
    fileprivate init(_ modifiers: RouteModifiers) {
        self = []
        if !modifiers.access.isEmpty { insert(.access) }
        if modifiers.basicAuth != nil { insert(.basicAuth) }
        if modifiers.cors != nil { insert(.cors) }
        if modifiers.bodyBytesMax != nil { insert(.bodyLimit) }
        if modifiers.rewrite != nil { insert(.rewrite) }
        if !modifiers.requestFields.isEmpty { insert(.requestFields) }
        if !modifiers.responseFields.isEmpty { insert(.responseFields) }
        if modifiers.retries != nil { insert(.retries) }
        if modifiers.compression != nil { insert(.compression) }
        if !modifiers.errorPages.isEmpty { insert(.errorPages) }
        if modifiers.mirror != nil { insert(.mirror) }
        if !modifiers.isLogged { insert(.unlogged) }
    }
}

/// How long the phases of one request may take, those of its route where it has its own.
struct ExchangeTimeouts {
    var responseMilliseconds: Milliseconds = 0
    var bodyMilliseconds: Milliseconds = 0
    var tunnelMilliseconds: Milliseconds = 0

    init() {}

    init(_ timeouts: Timeouts, _ own: RouteTimeouts) {
        responseMilliseconds = own.responseMilliseconds ?? timeouts.responseMilliseconds
        bodyMilliseconds = own.bodyMilliseconds ?? timeouts.bodyMilliseconds
        tunnelMilliseconds = own.tunnelMilliseconds ?? timeouts.tunnelMilliseconds
    }
}
