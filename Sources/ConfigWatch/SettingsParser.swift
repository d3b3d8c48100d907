import ProxyCore

// Each group of settings takes from the options what they say about it, and keeps the rest.

extension ServiceSettings {
    mutating func take(_ options: Options) throws(ConfigError) {
        try options.read(.policy, as: Parse.policy, into: &policy)
        try options.read(.hashKey, as: Parse.hashKey, into: &hashKey)
        try options.read(.slowStart, as: Parse.duration, into: &slowStartMilliseconds)
        try options.read(.panicThreshold, as: Parse.percentage, into: &panicPercent)
        try sticky.take(options)
        try health.take(options)
        try ejection.take(options)
        try retries.take(options)
        try capacity.take(options)
    }
}

extension StickySettings {
    fileprivate mutating func take(_ options: Options) throws(ConfigError) {
        try options.read(.stickyCookie, as: Parse.cookieName, into: &cookieName)
        try options.read(.stickySecret, as: Parse.text(bytesMax: Bounds.secretBytesMax), into: &secret)
    }
}

extension HealthSettings {
    fileprivate mutating func take(_ options: Options) throws(ConfigError) {
        try options.read(.healthCheck, as: Parse.healthCheck, into: &check)
        try options.read(
            .healthInterval, as: Parse.duration(from: Bounds.healthIntervalMillisecondsMin), into: &intervalMilliseconds
        )
        try options.read(.healthTimeout, as: Parse.timeout, into: &timeoutMilliseconds)
        try options.read(.healthRise, as: Parse.count(in: Bounds.probesInARow), into: &rise)
        try options.read(.healthFall, as: Parse.count(in: Bounds.probesInARow), into: &fall)
        try options.read(.healthStatus, as: Parse.statuses, into: &statuses)
        try options.read(.healthBody, as: Parse.text(bytesMax: Bounds.healthBodyBytesMax), into: &bodyContains)
        try options.read(.healthHost, as: Parse.host, into: &host)
    }
}

extension EjectionSettings {
    fileprivate mutating func take(_ options: Options) throws(ConfigError) {
        try options.read(.ejection, as: Parse.onOrOff, into: &isOn)
        try options.read(.ejectionFailures, as: Parse.count(in: Bounds.failuresInARow), into: &consecutiveFailures)
        try options.read(.ejectionTime, as: Parse.timeout, into: &baseMilliseconds)
        longestMilliseconds = max(longestMilliseconds, baseMilliseconds)
        try options.read(.ejectionMax, as: Parse.percentage, into: &ejectedPercentMax)
    }
}

extension RetrySettings {
    fileprivate mutating func take(_ options: Options) throws(ConfigError) {
        try options.read(.retryOn, as: Parse.retryCauses, into: &causes)
        try options.read(.retryAttempts, as: Parse.count(in: Bounds.attempts), into: &attemptsMax)
        try options.read(.tryTimeout, as: Parse.timeout, into: &tryMilliseconds)
        try options.read(.retryBudget, as: Parse.percentage, into: &budgetPercent)
        try options.read(.retryBody, as: Parse.size(upTo: Bounds.retryBodyBytesMax), into: &bodyBytesMax)
        try options.read(.retryNonIdempotent, as: Parse.onOrOff, into: &retriesNonIdempotent)
    }
}

extension CapacitySettings {
    fileprivate mutating func take(_ options: Options) throws(ConfigError) {
        try options.read(.queueTimeout, as: Parse.duration, into: &queueMilliseconds)
        try options.read(.queueLength, as: Parse.count(in: Bounds.queuedRequests), into: &queuedRequestsMax)
        try options.read(.endpointRequests, as: Parse.count(in: Bounds.perEndpoint), into: &requestsPerEndpointMax)
        try options.read(
            .endpointConnections, as: Parse.count(in: Bounds.perEndpoint), into: &connectionsPerEndpointMax)
        try options.read(.connectionAge, as: Parse.duration, into: &connectionLife.ageMilliseconds)
        try options.read(.connectionRequests, as: Parse.count(in: Bounds.requests), into: &connectionLife.requestsMax)
    }
}

extension ResolverSettings {
    mutating func take(_ options: Options) throws(ConfigError) {
        let servers = try options.all(.resolver, Parse.resolver)
        if !servers.isEmpty { self.servers = servers }
        try options.read(
            .resolveInterval, as: Parse.duration(from: Bounds.resolveIntervalMillisecondsMin),
            into: &intervalMilliseconds)
        try options.read(.staleLimit, as: Parse.staleLimit, into: &staleMilliseconds)
        try options.read(.ipFamily, as: Parse.ipFamily, into: &family)
    }
}

extension Timeouts {
    mutating func take(_ options: Options) throws(ConfigError) {
        try options.read(.headerTimeout, as: Parse.timeout, into: &headerMilliseconds)
        try options.read(.bodyTimeout, as: Parse.timeout, into: &bodyMilliseconds)
        try options.read(.idleTimeout, as: Parse.timeout, into: &idleMilliseconds)
        try options.read(.connectTimeout, as: Parse.timeout, into: &connectMilliseconds)
        try options.read(.responseTimeout, as: Parse.timeout, into: &responseMilliseconds)
        try options.read(.upstreamIdleTimeout, as: Parse.timeout, into: &upstreamIdleMilliseconds)
        try options.read(.tunnelTimeout, as: Parse.timeout, into: &tunnelMilliseconds)
    }
}
