import ProxyCore

/// What the whole file says, as it is being read: services can only be read when all defaults are known, and routes when all
/// services are.
struct FileDraft {
    var config = Config()
    var includes: [Element] = []
    var listeners: [(address: ListenAddress, element: Element)] = []
    var admin: Element?
    var accessLog: Element?
    var services: [Element.Entry] = []
    /// Patterns with their routes, or the items of a list of routes.
    var routes: [RouteEntry] = []
    /// The modifiers that every route has unless it says otherwise.
    var routeDefaults: [Element] = []

    struct RouteEntry {
        /// Nil where the route says itself what it matches.
        let pattern: Element?
        let element: Element
    }
}

/// The keys of the file itself.
enum FileKeys {
    static let all: [Key<FileDraft>] = [
        Key(
            "include", .oneOrMore(.anyText),
            "Other files, or directories whose *.yaml and *.yml are read in the order of their names. Relative to this file."
        ) { _, element, draft in draft.includes += element.oneOrMore },
        Key(
            "listen", .oneOrMore(Kind.listenAddress.shape),
            "Where to accept connections: :80 (IPv4 and IPv6), 127.0.0.1:8080 or [::1]:8080."
        ) { reader, element, draft in
            if case .list(let items) = element.content, items.isEmpty { _ = reader.values(.listenAddress, element) }
            for item in element.oneOrMore {
                guard let address = reader.value(.listenAddress, item) else { continue }
                if draft.listeners.contains(where: { $0.address == address && address.port != 0 }) {
                    reader.fail(item, "listen: \"\(address)\" is there already; use it once")
                } else {
                    draft.listeners.append((address, item))
                }
            }
        },
        Key("admin", Kind.listenAddress.shape, "Where the process shows its own state, such as 127.0.0.1:9901.") {
            reader, element, draft in
            guard let address = reader.value(.listenAddress, element) else { return }
            draft.config.admin = address
            draft.admin = element
        },
        Key(
            "access_log", .either([.anyText]),
            "Where to write a line for each request: stdout, stderr, off or a file."
        ) { reader, element, draft in
            if element.truth == false { return draft.config.accessLog = .off }
            draft.accessLog = element
            guard let text = reader.text(element) else { return }
            do throws(Rejection) {
                draft.config.accessLog = try Parse.accessLog(text)
            } catch {
                return reader.fail(element, error)
            }
            guard case .file(let path) = draft.config.accessLog else { return }
            let absolute = FileAccess.absolute(path, in: element.source.directory)
            draft.config.accessLog = .file(absolute)
            if FileAccess.kind(of: FileAccess.parent(of: absolute)) != .directory {
                reader.fail(element, Rejection("is in no directory: nothing is there"))
            }
        },
        Key("log_level", .logLevel, \.config.logLevel, "How much to say on stderr."),
        Key("workers", .count(in: Bounds.workers), \.config.workers, "How many threads serve."),
        Key(
            "drain_timeout", .duration, \.config.drainTimeoutMilliseconds,
            "How long running requests may take to finish after SIGTERM or SIGINT."),
        Key("resolver", keys: ResolverKeys.all.map { $0.on(\.config.resolver) }, "How names are resolved."),
        Key(
            "timeouts", keys: TimeoutKeys.all.map { $0.on(\.config.timeouts) },
            "How long each phase of a request may take."),
        Key(
            "clients", keys: ClientKeys.all.map { $0.on(\.config.clientConnectionLife) },
            "How long a client's connection is used."),
        Key("defaults", keys: DefaultKeys.all, "What services and routes get that say nothing of their own."),
        Key(
            "services",
            .named(.either([.oneOrMore(Kind.upstream.shape), .keys("service", ServiceKeys.all.descriptions())])),
            "What requests are sent to, by name: HOST:PORT, a list of them, or a mapping."
        ) { reader, element, draft in
            draft.services += reader.entries(element, names: ["web", "api"]) ?? []
        },
        Key(
            "routes",
            .either([
                .named(RouteKeys.shape), .list(.keys("matched_route", RouteKeys.withMatch.descriptions())),
            ]),
            "What happens to which requests: a mapping from [METHOD[,METHOD]] [HOST] [OP] PATH, or a list of routes that say "
                + "what they match."
        ) { reader, element, draft in
            if case .list(let items) = element.content {
                draft.routes += items.map { FileDraft.RouteEntry(pattern: nil, element: $0) }
            } else {
                let entries = reader.entries(element, names: ["/", "/api"]) ?? []
                draft.routes += entries.map { FileDraft.RouteEntry(pattern: $0.key, element: $0.value) }
            }
        },
    ]

    /// Keys that nobody reads: a place for anchors.
    static let freePrefix = "x-"
}

enum DefaultKeys {
    static let all: [Key<FileDraft>] = [
        Key(
            "service", .keys("service_defaults", ServiceKeys.settings.descriptions()),
            "What services say, but upstreams."
        ) { reader, element, draft in reader.read(ServiceKeys.settings, element, into: &draft.config.serviceDefaults) },
        Key("route", .keys("route_defaults", ModifierKeys.all.descriptions()), "What routes say, but what they do.") {
            _, element, draft in draft.routeDefaults.append(element)
        },
    ]
}

enum ResolverKeys {
    static let all: [Key<ResolverSettings>] = [
        Key("servers", .oneOrMore(Kind.resolver.shape), "Name servers to ask instead of those of /etc/resolv.conf.") {
            reader, element, settings in settings.servers = reader.values(.resolver, element)
        },
        Key(
            "interval", .duration(from: Bounds.resolveIntervalMillisecondsMin), \.intervalMilliseconds,
            "The longest that an answer is used. Shorter TTLs are honoured."),
        Key(
            "stale_limit", .staleLimit, \.staleMilliseconds,
            "How long addresses stay in use while no name server answers; off for as long as that takes."),
        Key("ip_family", .ipFamily, \.family, "Which addresses of a name to use."),
    ]
}

enum TimeoutKeys {
    static let all: [Key<Timeouts>] = [
        Key("header", .timeout, \.headerMilliseconds, "For a client to send the head of a request."),
        Key(
            "body", .timeout, \.bodyMilliseconds,
            "For a client to send the next part of a body, or take that of an answer."),
        Key("idle", .timeout, \.idleMilliseconds, "For a client's connection between two requests."),
        Key("connect", .timeout, \.connectMilliseconds, "For an upstream to accept a connection."),
        Key(
            "response", .timeout, \.responseMilliseconds,
            "For an upstream to begin its answer, and between two parts of it."),
        Key(
            "upstream_idle", .timeout, \.upstreamIdleMilliseconds, "For an upstream's connection between two requests."),
        Key(
            "tunnel", .timeout, \.tunnelMilliseconds, "For a tunnel, such as a WebSocket, on which neither side sends."),
    ]
}

enum ClientKeys {
    static let all: [Key<ConnectionLife>] = [
        Key("age", .duration, \.ageMilliseconds, "How long a client's connection is used; 0 for no limit."),
        Key(
            "requests", .count(in: Bounds.requests), \.requestsMax,
            "How many requests a client's connection is used for; 0 for no limit."),
    ]
}
