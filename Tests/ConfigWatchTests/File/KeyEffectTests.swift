import ProxyCore
import Testing

@testable import ConfigWatch

/// What each key of the file does to a configuration, and that it does nothing else.
@Suite struct KeyEffectTests {
    private static let base = "routes: {/: \"web:80\"}\n"

    private static let effects: [(String, @Sendable (inout Config) -> Void)] = [
        ("listen: :80", { $0.listeners = [.any(port: 80)] }),
        ("listen: [':80', ':81']", { $0.listeners = [.any(port: 80), .any(port: 81)] }),
        ("admin: :9901", { $0.admin = .any(port: 9901) }),
        ("access_log: stderr", { $0.accessLog = .stderr }),
        ("access_log: off", { $0.accessLog = .off }),
        ("access_log: false", { $0.accessLog = .off }),
        ("access_log: /tmp/access.log", { $0.accessLog = .file("/tmp/access.log") }),
        ("log_level: debug", { $0.logLevel = .debug }),
        ("workers: 3", { $0.workers = 3 }),
        ("drain_timeout: 5s", { $0.drainTimeoutMilliseconds = 5_000 }),
        (
            "resolver: {servers: 127.0.0.11, interval: 2s, stale_limit: 1m, ip_family: ipv4}",
            {
                $0.resolver.servers = SocketAddress(ip: "127.0.0.11", port: 53).map { [$0] } ?? []
                $0.resolver.intervalMilliseconds = 2_000
                $0.resolver.staleMilliseconds = 60_000
                $0.resolver.family = .ipv4
            }
        ),
        ("resolver: {stale_limit: off}", { $0.resolver.staleMilliseconds = nil }),
        (
            "timeouts: {header: 1s, body: 2s, idle: 3s, connect: 4s, response: 5s, upstream_idle: 6s, tunnel: 7s}",
            {
                $0.timeouts.headerMilliseconds = 1_000
                $0.timeouts.bodyMilliseconds = 2_000
                $0.timeouts.idleMilliseconds = 3_000
                $0.timeouts.connectMilliseconds = 4_000
                $0.timeouts.responseMilliseconds = 5_000
                $0.timeouts.upstreamIdleMilliseconds = 6_000
                $0.timeouts.tunnelMilliseconds = 7_000
            }
        ),
        (
            "clients: {age: 0, requests: 7}",
            { $0.clientConnectionLife = ConnectionLife(ageMilliseconds: 0, requestsMax: 7) }
        ),
        ("x-anything: [goes]", { _ in }),
    ]

    private static let serviceEffects: [(String, @Sendable (inout ServiceSettings) -> Void)] = [
        ("policy: lc", { $0.policy = .leastConnections }),
        (
            "policy: {name: sticky, hash_key: uri, cookie: c, secret: hush}",
            {
                $0.policy = .sticky
                $0.hashKey = .uri
                $0.sticky.cookieName = "c"
                $0.sticky.secret = "hush"
            }
        ),
        ("health: off", { $0.health.check = .off }),
        ("health: http:/status", { $0.health.check = .http(path: "/status") }),
        (
            "health: {check: grpc, interval: 1s, timeout: 2s, rise: 4, fall: 5, status: 200, body: ok, host: web.test}",
            {
                $0.health.check = .grpc(service: "")
                $0.health.intervalMilliseconds = 1_000
                $0.health.timeoutMilliseconds = 2_000
                $0.health.rise = 4
                $0.health.fall = 5
                $0.health.statuses = [200...200]
                $0.health.bodyContains = "ok"
                $0.health.host = "web.test"
            }
        ),
        ("ejection: off", { $0.ejection.isOn = false }),
        ("ejection: false", { $0.ejection.isOn = false }),
        (
            "ejection: {failures: 2, time: 400s, max: 3%}",
            {
                $0.ejection.consecutiveFailures = 2
                $0.ejection.baseMilliseconds = 400_000
                $0.ejection.longestMilliseconds = 400_000
                $0.ejection.ejectedPercentMax = 3
            }
        ),
        ("panic_threshold: 0%", { $0.panicPercent = 0 }),
        ("slow_start: 0", { $0.slowStartMilliseconds = 0 }),
        ("retries: off", { $0.retries.causes = [] }),
        ("retries: 500", { $0.retries.causes = .serverError }),
        (
            "retries: {on: 'connect,reset', attempts: 2, try_timeout: 3s, budget: 4%, body: 5KiB, non_idempotent: on}",
            {
                $0.retries.causes = [.connect, .reset]
                $0.retries.attemptsMax = 2
                $0.retries.tryMilliseconds = 3_000
                $0.retries.budgetPercent = 4
                $0.retries.bodyBytesMax = 5_120
                $0.retries.retriesNonIdempotent = true
            }
        ),
        (
            "limits: {queue_timeout: 0, queue_length: 1, requests: 2, connections: 3, connection_age: 4s, connection_requests: 5}",
            {
                $0.capacity.queueMilliseconds = 0
                $0.capacity.queuedRequestsMax = 1
                $0.capacity.requestsPerEndpointMax = 2
                $0.capacity.connectionsPerEndpointMax = 3
                $0.capacity.connectionLife = ConnectionLife(ageMilliseconds: 4_000, requestsMax: 5)
            }
        ),
    ]

    @Test(arguments: effects.indices)
    func doesWhatItSays(index: Int) throws {
        let (text, effect) = Self.effects[index]
        var expected = try #require(load(Self.base).config)
        effect(&expected)
        let outcome = load("\(text)\n\(Self.base)")
        #expect(outcome.diagnostics == [])
        #expect(outcome.config == expected, "\(text)")
    }

    @Test(arguments: serviceEffects.indices)
    func doesWhatItSaysToAService(index: Int) throws {
        let (text, effect) = Self.serviceEffects[index]
        var expected = ServiceSettings()
        effect(&expected)
        let named = load("services: {web: {upstreams: web:80, \(text)}, api: 'api:80'}\nroutes: {/: web, /a: api}")
        #expect(
            named.config?.services.map(\.settings) == [expected, ServiceSettings()], "\(text) \(named.diagnostics)")
        let defaults = load("defaults: {service: {\(text)}}\nservices: {web: 'web:80'}\nroutes: {/: web, /a: 'api:80'}")
        #expect(defaults.config?.services.map(\.settings) == [expected, expected], "\(text) \(defaults.diagnostics)")
        #expect(defaults.config?.serviceDefaults == expected)
    }

    /// Every key of the groups above stands in some text, so that none can be added without its effect being tested.
    @Test func coversEveryKey() {
        let texts = (Self.effects.map(\.0) + Self.serviceEffects.map(\.0)).joined(separator: "\n")
        let groups: [[KeyDescription]] = [
            ResolverKeys.all.descriptions(), TimeoutKeys.all.descriptions(), ClientKeys.all.descriptions(),
            ServiceKeys.settings.descriptions(), PolicyKeys.all.descriptions(), HealthKeys.all.descriptions(),
            EjectionKeys.all.descriptions(), RetryKeys.all.descriptions(), LimitKeys.all.descriptions(),
        ]
        for key in groups.joined() { #expect(texts.contains("\(key.name): "), "\(key.name)") }
    }

    @Test func turnsOnWhatAMappingSpeaksOf() {
        let text = """
            defaults: {service: {ejection: off, retries: off}}
            services: {web: {upstreams: web:80, ejection: {failures: 2}, retries: {attempts: 2}}}
            routes: {/: web}
            """
        let settings = load(text).config?.services.first?.settings
        #expect(settings?.ejection.isOn == true)
        #expect(settings?.retries.causes == .all)
    }

    @Test func letsFlagsWin() throws {
        let text = "workers: 1\nlisten: :80\nservices: {web: {upstreams: web:80, policy: lc}}\nroutes: {/: web}"
        let flags = Options(flags: [.workers: ["2"], .listen: [":81"]], environment: ["BALANCER_POLICY": "p2c"])
        let config = try #require(load(text, flags: flags).config)
        #expect(config.workers == 2)
        #expect(config.listeners == [.any(port: 81)])
        #expect(config.services.map(\.settings.policy) == [.fastestOfTwo])
    }

    @Test func makesServicesOfUpstreams() throws {
        let text =
            "services: {web: [web:80, 'spare:80,backup']}\nroutes: {/: web, /a: 'web:80', /b: {to: 'web:80'}, /c: {to: {web: 1, 'api:80': 3}}}"
        let config = try #require(load(text).config)
        #expect(config.services.map(\.name) == ["web", "web:80", "api:80"])
        #expect(
            config.routes.map(\.action) == [
                .forward(service: 0), .forward(service: 1), .forward(service: 1),
                .split([WeightedService(service: 0, weight: 1), WeightedService(service: 2, weight: 3)]),
            ])
        #expect(config.services[0].upstreams.map(\.isBackup) == [false, true])
    }
}
