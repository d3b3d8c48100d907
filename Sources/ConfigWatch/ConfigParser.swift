import ProxyCore

extension Config {
    /// Checks every option and puts them together.
    ///
    /// - Throws: The first mistake. That upstreams are missing altogether comes last, because a wrong value is nearer to
    ///   what the person was about.
    package init(_ options: Options) throws(ConfigError) {
        self.init()
        try take(options)
        try takeServices(options)
    }

    /// Puts what the options say in the place of what is there, but for services and routes. Services that are there take
    /// what the options say of all.
    mutating func take(_ options: Options) throws(ConfigError) {
        let listeners = try options.all(.listen, Parse.listenAddress)
        if !listeners.isEmpty { self.listeners = listeners }
        try options.read(.workers, as: Parse.count(in: Bounds.workers), into: &workers)
        try options.read(.accessLog, as: Parse.accessLog, into: &accessLog)
        try options.read(.logLevel, as: Parse.logLevel, into: &logLevel)
        try options.read(.drainTimeout, as: Parse.duration, into: &drainTimeoutMilliseconds)
        try options.read(.clientAge, as: Parse.duration, into: &clientConnectionLife.ageMilliseconds)
        try options.read(.clientRequests, as: Parse.count(in: Bounds.requests), into: &clientConnectionLife.requestsMax)
        try timeouts.take(options)
        try resolver.take(options)
        try serviceDefaults.take(options)
        for index in services.indices { try services[index].settings.take(options) }
    }

    /// Refuses options that a file leaves no room for, and those that are wrong whatever a file says.
    package static func checkOverrides(_ options: Options) throws(ConfigError) {
        for option in [OptionName.upstream, .route] where options.isGiven(option) {
            throw options.error(about: option, hint: "excludes --config; say it in the file, under routes")
        }
        var config = Config()
        try config.take(options)
    }

    /// All `--upstream` form the service `default`, which a last route for every path leads to; each distinct route path forms
    /// a service, named by its path.
    private mutating func takeServices(_ options: Options) throws(ConfigError) {
        let upstreams = try options.all(.upstream, Parse.upstream)
        let rules = try options.all(.route, Parse.route)
        guard !upstreams.isEmpty || !rules.isEmpty else {
            throw ConfigError(
                option: OptionName.upstream.flag, value: nil,
                hint: "none is given; use --upstream HOST:PORT or --route PATH=HOST:PORT")
        }
        for upstream in upstreams {
            let service = index(ofServiceNamed: "default")
            guard services[service].add(upstream) else {
                throw options.error(about: .upstream, text: upstream.description, hint: twice)
            }
        }
        for rule in rules {
            let service = index(ofServiceNamed: rule.prefix)
            guard services[service].add(rule.upstream) else {
                throw options.error(about: .route, text: "\(rule.prefix)=\(rule.upstream)", hint: twice)
            }
            if !routes.contains(where: { $0.name == rule.prefix }) {
                routes.append(Self.route(forPrefix: rule.prefix, service: service))
            }
        }
        if !upstreams.isEmpty { routes.append(Self.route(forPrefix: "/", service: index(ofServiceNamed: "default"))) }
    }

    private static func route(forPrefix prefix: String, service: Int) -> Route {
        Route(name: prefix, match: RouteMatch(path: .prefix(prefix)), action: .forward(service: service))
    }

    private var twice: String { "comes twice in its pool, in different roles; use each target once" }

    /// The service is made where there is none of that name yet. Route paths begin with a slash, so none is ever named
    /// `default`.
    private mutating func index(ofServiceNamed name: String) -> Int {
        if let known = services.firstIndex(where: { $0.name == name }) { return known }
        services.append(Service(name: name, upstreams: [], settings: serviceDefaults))
        return services.count - 1
    }
}

extension Config.Service {
    /// Adds what is not there yet.
    ///
    /// - Returns: False where the same target is there in another role.
    fileprivate mutating func add(_ upstream: Upstream) -> Bool {
        if let known = upstreams.first(where: { $0.target == upstream.target }) { return known == upstream }
        upstreams.append(upstream)
        return true
    }
}
