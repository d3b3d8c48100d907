import ProxyCore

/// The keys of a service, and of what services get that say nothing.
enum ServiceKeys {
    static let all: [Key<Config.Service>] =
        [
            Key(
                "upstreams", .oneOrMore(Kind.upstream.shape),
                "Where the endpoints come from: HOST:PORT or srv:NAME, and a role behind commas, such as spare:8080,backup."
            ) { reader, element, service in reader.takeUpstreams(element, into: &service) }
        ] + settings.map { $0.on(\.settings) }

    static let settings: [Key<ServiceSettings>] = [
        Key("policy", .policy, \.policy, orKeys: "policy", PolicyKeys.all, "How to choose in a pool."),
        Key("health", .healthCheck, \.health.check, orKeys: "health", HealthKeys.all, "How to probe endpoints."),
        Key(
            "ejection", .onOrOff, \.ejection.isOn, orKeys: "ejection", EjectionKeys.all,
            "Whether to leave endpoints out for a while at which requests fail.", turnOn: { $0.ejection.isOn = true }),
        Key(
            "panic_threshold", .percentage, \.panicPercent,
            "Use all endpoints where less than this share of them is healthy; 0% for never."),
        Key(
            "slow_start", .duration, \.slowStartMilliseconds,
            "How long the share of an endpoint that joins a running pool grows to its whole; 0 for at once."),
        Key(
            "retries", .retryCauses, \.retries.causes, orKeys: "retries", RetryKeys.all.map { $0.on(\.retries) },
            "When a request that failed at one endpoint is sent to another.",
            turnOn: { if $0.retries.causes.isEmpty { $0.retries.causes = .all } }),
        Key("limits", keys: LimitKeys.all.map { $0.on(\.capacity) }, "How much at a time, and for how long."),
    ]
}

enum PolicyKeys {
    static let all: [Key<ServiceSettings>] = [
        Key("name", .policy, \.policy, "How to choose in a pool."),
        Key("hash_key", .hashKey, \.hashKey, "What ring-hash and maglev look at."),
        Key("cookie", .cookieName, \.sticky.cookieName, "The cookie by which sticky knows a client."),
        Key(
            "secret", .text(bytesMax: Bounds.secretBytesMax), \.sticky.secret,
            "What sticky signs its cookie with. Instances that share it know one another's cookies."),
    ]
}

enum HealthKeys {
    static let all: [Key<ServiceSettings>] = [
        Key(
            "check", .healthCheck, \.health.check,
            "off, tcp (it accepts), http:/PATH (it answers a GET), grpc or grpc:SERVICE (grpc.health.v1)."),
        Key(
            "interval", .duration(from: Bounds.healthIntervalMillisecondsMin), \.health.intervalMilliseconds,
            "How often to probe each endpoint."),
        Key("timeout", .timeout, \.health.timeoutMilliseconds, "How long a probe may take."),
        Key(
            "rise", .count(in: Bounds.probesInARow), \.health.rise,
            "Probes that succeed in a row before a failed endpoint is used again."),
        Key(
            "fall", .count(in: Bounds.probesInARow), \.health.fall,
            "Probes that fail in a row before an endpoint is no longer used."),
        Key(
            "status", .statuses, \.health.statuses, "The statuses that an http probe accepts, such as 200,204,300-399."),
        Key(
            "body", .text(bytesMax: Bounds.healthBodyBytesMax), \.health.bodyContains,
            "What the answer to an http probe has to contain."),
        Key("host", .host, \.health.host, "The Host of http and grpc probes."),
    ]
}

enum EjectionKeys {
    static let all: [Key<ServiceSettings>] = [
        Key(
            "failures", .count(in: Bounds.failuresInARow), \.ejection.consecutiveFailures,
            "Failures in a row that eject."),
        Key("time", Kind<Milliseconds>.timeout.shape, "How long a first ejection lasts.") { reader, element, settings in
            reader.read(.timeout, element, into: &settings.ejection.baseMilliseconds)
            settings.ejection.longestMilliseconds = max(
                settings.ejection.longestMilliseconds, settings.ejection.baseMilliseconds)
        },
        Key("max", .percentage, \.ejection.ejectedPercentMax, "The share of a pool that may be ejected at a time."),
    ]
}

enum RetryKeys {
    static let all: [Key<RetrySettings>] = [
        Key(
            "on", .retryCauses, \.causes,
            "all, off, or some of connect, reset, timeout, gateway (502, 503, 504) and 500, between commas."),
        Key("attempts", .count(in: Bounds.attempts), \.attemptsMax, "How many endpoints may see one request."),
        Key(
            "try_timeout", .timeout, \.tryMilliseconds,
            "How long one endpoint may take to begin its answer while another could be tried."),
        Key("budget", .percentage, \.budgetPercent, "The share of the requests in flight that may be second tries."),
        Key(
            "body", .size(upTo: Bounds.retryBodyBytesMax), \.bodyBytesMax,
            "Request bodies up to this size are kept for another try."),
        Key("non_idempotent", .onOrOff, \.retriesNonIdempotent, "Whether to send POST and PATCH again as well."),
    ]
}

enum LimitKeys {
    static let all: [Key<CapacitySettings>] = [
        Key(
            "queue_timeout", .duration, \.queueMilliseconds,
            "How long a request waits where no endpoint can take it; 0 to answer at once."),
        Key(
            "queue_length", .count(in: Bounds.queuedRequests), \.queuedRequestsMax,
            "How many requests of one worker may wait."),
        Key(
            "requests", .count(in: Bounds.perEndpoint), \.requestsPerEndpointMax,
            "Requests in flight at one endpoint; 0 for no limit."),
        Key(
            "connections", .count(in: Bounds.perEndpoint), \.connectionsPerEndpointMax,
            "Connections to one endpoint; 0 for no limit."),
        Key(
            "connection_age", .duration, \.connectionLife.ageMilliseconds,
            "How long one connection to an endpoint is used; 0 for no limit."),
        Key(
            "connection_requests", .count(in: Bounds.requests), \.connectionLife.requestsMax,
            "How many requests one connection to an endpoint is used for; 0 for no limit."),
    ]
}

extension Reader {
    /// Adds the upstreams at `element`, each once.
    func takeUpstreams(_ element: Element, into service: inout Config.Service) {
        if case .list(let elements) = element.content, elements.isEmpty { _ = values(.upstream, element) }
        for item in element.oneOrMore {
            guard let upstream = value(.upstream, item) else { continue }
            guard !service.upstreams.contains(where: { $0.target == upstream.target }) else {
                fail(item, "\(item.key): \"\(upstream.target)\" is there already; use each target once")
                continue
            }
            service.upstreams.append(upstream)
        }
    }
}
