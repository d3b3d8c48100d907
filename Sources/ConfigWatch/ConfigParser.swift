import ProxyCore

extension Config {
    /// Checks every option and puts them together.
    ///
    /// - Throws: The first mistake. That upstreams are missing altogether comes last, because a wrong value is nearer to
    ///   what the person was about.
    package init(_ options: Options) throws(ConfigError) {
        self.init()
        let listeners = try options.all(.listen, Parse.listenAddress)
        if !listeners.isEmpty { self.listeners = listeners }
        policy = try options.one(.policy, Parse.policy) ?? policy
        resolvers = try options.all(.resolver, Parse.resolver)
        resolveIntervalMilliseconds =
            try options.one(.resolveInterval, Parse.resolveInterval) ?? resolveIntervalMilliseconds
        workers = try options.one(.workers, Parse.workers)
        accessLog = try options.one(.accessLog, Parse.accessLog) ?? accessLog
        logLevel = try options.one(.logLevel, Parse.logLevel) ?? logLevel
        drainTimeoutMilliseconds = try options.one(.drainTimeout, Parse.duration) ?? drainTimeoutMilliseconds
        try takeTimeouts(options)
        try takeServices(options)
    }

    /// All `--upstream` form the service `default`; each distinct route path forms one, named by its path.
    private mutating func takeServices(_ options: Options) throws(ConfigError) {
        let upstreams = try options.all(.upstream, Parse.target)
        let rules = try options.all(.route, Parse.route)
        guard !upstreams.isEmpty || !rules.isEmpty else {
            throw ConfigError(
                option: OptionName.upstream.flag, value: nil,
                hint: "none is given; use --upstream HOST:PORT or --route PATH=HOST:PORT")
        }
        for target in upstreams {
            defaultService = add(target, toServiceNamed: "default")
        }
        for rule in rules {
            let service = add(rule.target, toServiceNamed: rule.prefix)
            if !routes.contains(where: { $0.prefix == rule.prefix }) {
                routes.append(Route(prefix: rule.prefix, service: service))
            }
        }
    }

    /// Answers the index of the service, which is made where there is none of that name yet. Route paths begin with a
    /// slash, so none is ever named `default`.
    private mutating func add(_ target: UpstreamTarget, toServiceNamed name: String) -> Int {
        guard let known = services.firstIndex(where: { $0.name == name }) else {
            services.append(Service(name: name, targets: [target], policy: policy))
            return services.count - 1
        }
        if !services[known].targets.contains(target) { services[known].targets.append(target) }
        return known
    }

    private mutating func takeTimeouts(_ options: Options) throws(ConfigError) {
        let fields: [(OptionName, WritableKeyPath<Timeouts, Milliseconds>)] = [
            (.headerTimeout, \.headerMilliseconds),
            (.bodyTimeout, \.bodyMilliseconds),
            (.idleTimeout, \.idleMilliseconds),
            (.connectTimeout, \.connectMilliseconds),
            (.responseTimeout, \.responseMilliseconds),
            (.upstreamIdleTimeout, \.upstreamIdleMilliseconds),
            (.tunnelTimeout, \.tunnelMilliseconds),
        ]
        for (option, field) in fields {
            guard let timeout = try options.one(option, Parse.timeout) else { continue }
            timeouts[keyPath: field] = timeout
        }
    }
}
