import ProxyCore
import Testing

@testable import ConfigWatch

/// What each option does to a configuration, and that it does nothing else.
@Suite struct OptionEffectTests {
    private static let effects: [(OptionName, String, @Sendable (inout Config) -> Void)] = [
        (.listen, ":80", { $0.listeners = [.any(port: 80)] }),
        (.policy, "lc", { $0.serviceDefaults.policy = .leastConnections }),
        (.hashKey, "cookie:a", { $0.serviceDefaults.hashKey = .cookie("a") }),
        (.stickyCookie, "a", { $0.serviceDefaults.sticky.cookieName = "a" }),
        (.stickySecret, "hush", { $0.serviceDefaults.sticky.secret = "hush" }),
        (.slowStart, "0", { $0.serviceDefaults.slowStartMilliseconds = 0 }),
        (.healthCheck, "http:/status", { $0.serviceDefaults.health.check = .http(path: "/status") }),
        (.healthInterval, "100ms", { $0.serviceDefaults.health.intervalMilliseconds = 100 }),
        (.healthTimeout, "5s", { $0.serviceDefaults.health.timeoutMilliseconds = 5_000 }),
        (.healthRise, "1", { $0.serviceDefaults.health.rise = 1 }),
        (.healthFall, "100", { $0.serviceDefaults.health.fall = 100 }),
        (.healthStatus, "204", { $0.serviceDefaults.health.statuses = [204...204] }),
        (.healthBody, "ok", { $0.serviceDefaults.health.bodyContains = "ok" }),
        (.healthHost, "web:80", { $0.serviceDefaults.health.host = "web:80" }),
        (.ejection, "off", { $0.serviceDefaults.ejection.isOn = false }),
        (.ejectionFailures, "1000", { $0.serviceDefaults.ejection.consecutiveFailures = 1_000 }),
        (.ejectionTime, "1m", { $0.serviceDefaults.ejection.baseMilliseconds = 60_000 }),
        (.ejectionMax, "100%", { $0.serviceDefaults.ejection.ejectedPercentMax = 100 }),
        (.panicThreshold, "0%", { $0.serviceDefaults.panicPercent = 0 }),
        (.retryOn, "off", { $0.serviceDefaults.retries.causes = [] }),
        (.retryAttempts, "8", { $0.serviceDefaults.retries.attemptsMax = 8 }),
        (.tryTimeout, "1s", { $0.serviceDefaults.retries.tryMilliseconds = 1_000 }),
        (.retryBudget, "0%", { $0.serviceDefaults.retries.budgetPercent = 0 }),
        (.retryBody, "0", { $0.serviceDefaults.retries.bodyBytesMax = 0 }),
        (.retryNonIdempotent, "on", { $0.serviceDefaults.retries.retriesNonIdempotent = true }),
        (.queueTimeout, "0", { $0.serviceDefaults.capacity.queueMilliseconds = 0 }),
        (.queueLength, "65536", { $0.serviceDefaults.capacity.queuedRequestsMax = 65_536 }),
        (.endpointRequests, "10", { $0.serviceDefaults.capacity.requestsPerEndpointMax = 10 }),
        (.endpointConnections, "20", { $0.serviceDefaults.capacity.connectionsPerEndpointMax = 20 }),
        (.connectionAge, "0", { $0.serviceDefaults.capacity.connectionLife.ageMilliseconds = 0 }),
        (.connectionRequests, "1", { $0.serviceDefaults.capacity.connectionLife.requestsMax = 1 }),
        (.clientAge, "1m", { $0.clientConnectionLife.ageMilliseconds = 60_000 }),
        (.clientRequests, "0", { $0.clientConnectionLife.requestsMax = 0 }),
        (.resolver, "::1", { $0.resolver.servers = SocketAddress(ip: "::1", port: 53).map { [$0] } ?? [] }),
        (.resolveInterval, "500ms", { $0.resolver.intervalMilliseconds = 500 }),
        (.staleLimit, "5m", { $0.resolver.staleMilliseconds = 300_000 }),
        (.ipFamily, "ipv6", { $0.resolver.family = .ipv6 }),
        (.workers, "3", { $0.workers = 3 }),
        (.accessLog, "off", { $0.accessLog = .off }),
        (.logLevel, "debug", { $0.logLevel = .debug }),
        (.drainTimeout, "0", { $0.drainTimeoutMilliseconds = 0 }),
        (.headerTimeout, "1ms", { $0.timeouts.headerMilliseconds = 1 }),
        (.bodyTimeout, "2ms", { $0.timeouts.bodyMilliseconds = 2 }),
        (.idleTimeout, "3ms", { $0.timeouts.idleMilliseconds = 3 }),
        (.connectTimeout, "4ms", { $0.timeouts.connectMilliseconds = 4 }),
        (.responseTimeout, "5ms", { $0.timeouts.responseMilliseconds = 5 }),
        (.upstreamIdleTimeout, "6ms", { $0.timeouts.upstreamIdleMilliseconds = 6 }),
        (.tunnelTimeout, "7ms", { $0.timeouts.tunnelMilliseconds = 7 }),
    ]

    @Test func coversEveryOptionButTheUpstreams() {
        #expect(Set(Self.effects.map(\.0)) == Set(OptionName.allCases).subtracting([.upstream, .route]))
    }

    @Test(arguments: effects)
    func setsOneThing(option: OptionName, text: String, effect: @Sendable (inout Config) -> Void) throws {
        var expected = try Config(Options(flags: [.upstream: ["web:80"]]))
        effect(&expected)
        expected.services[0].settings = expected.serviceDefaults
        #expect(expected != (try Config(Options(flags: [.upstream: ["web:80"]]))))
        #expect(try Config(Options(flags: [.upstream: ["web:80"], option: [text]])) == expected)
    }

    /// The bound of growing ejections must not cut off the first.
    @Test func letsALongEjectionLast() throws {
        let ejection = try Config(Options(flags: [.upstream: ["web:80"], .ejectionTime: ["1h"]])).serviceDefaults
            .ejection
        #expect((ejection.baseMilliseconds, ejection.longestMilliseconds) == (3_600_000, 3_600_000))
    }
}
