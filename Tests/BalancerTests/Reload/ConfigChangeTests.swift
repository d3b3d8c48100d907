import ConfigWatch
import ProxyCore
import Testing

@testable import Balancer

@Suite struct ConfigChangeTests {
    private func config(_ services: [String], _ routes: [(String, Int)]) -> Config {
        var config = Config()
        config.services = services.map {
            .init(name: $0, upstreams: [Upstream(.name($0, port: 80))], settings: ServiceSettings())
        }
        config.routes = routes.map { path, service in
            Route(name: path, match: RouteMatch(path: .prefix(path)), action: .forward(service: service))
        }
        return config
    }

    private func change(_ old: Config, _ change: (inout Config) -> Void) -> ConfigChange {
        var new = old
        change(&new)
        return ConfigChange(from: old, to: new)
    }

    @Test func servicesAndRoutesAreNamed() {
        let old = config(["a", "b", "c"], [("/", 0), ("/b", 1), ("/c", 2)])
        var new = config(["a", "b", "d"], [("/", 0), ("/b", 2), ("/d", 2)])
        new.services[1].settings.policy = .leastConnections
        #expect(
            "\(ConfigChange(from: old, to: new))" == "+1 service (d), -1 service (c), ~1 service (b), "
                + "+1 route (/d), -1 route (/c), ~1 route (/b)")
    }

    @Test func anotherOrderOfServicesChangesNoRoute() {
        let old = config(["a", "b"], [("/", 0), ("/b", 1)])
        let new = config(["b", "a"], [("/", 1), ("/b", 0)])
        #expect("\(ConfigChange(from: old, to: new))" == "nothing that matters")
    }

    @Test func manyAreCounted() {
        let old = config([], [])
        let names = (10..<30).map { "s\($0)" }
        #expect(
            "\(ConfigChange(from: old, to: config(names, [])))"
                == "+20 services (s10, s11, s12, s13, s14, s15, s16, s17, …)")
    }

    @Test func theProcessIsSaidAsInTheFile() {
        let all = change(config(["a"], [("/", 0)])) {
            $0.listeners = [.any(port: 81)]
            $0.admin = .any(port: 9901)
            $0.logLevel = .debug
            $0.timeouts.idleMilliseconds = 1
            $0.resolver.intervalMilliseconds = 7
            $0.clientConnectionLife.requestsMax = 5
            $0.drainTimeoutMilliseconds = 1
        }
        #expect(
            "\(all)" == "+listener :81, -listener :8080, resolver, timeouts, clients, log_level debug, drain_timeout, "
                + "admin :9901")
        #expect(all.needsRestart.isEmpty)
    }

    @Test func someNeedARestart() {
        let change = change(config(["a"], [("/", 0)])) {
            $0.workers = 3
            $0.accessLog = .off
        }
        #expect(change.needsRestart == ["workers", "access_log"])
    }

    @Test func everyServiceOfARouteIsMapped() {
        var files = FileSettings(root: "/srv")
        files.missing = .forward(service: 2)
        var modifiers = RouteModifiers()
        modifiers.mirror = Mirror(service: 1)
        let weighted = [WeightedService(service: 0, weight: 1), WeightedService(service: 1, weight: 2)]
        for (action, expected) in [
            (RouteAction.forward(service: 0), [0, 1]), (.split(weighted), [0, 1, 1]), (.files(files), [2, 1]),
            (.reply(FixedReply(status: 200, contentType: "", body: Template(""))), [1]),
        ] {
            let route = Route(name: "/", match: RouteMatch(), action: action, modifiers: modifiers)
            var seen: [Int] = []
            let mapped = route.mapServices {
                seen.append($0)
                return $0 + 10
            }
            #expect(seen == expected)
            let again = mapped.mapServices { $0 - 10 }
            #expect(again == route && mapped != route)
        }
    }
}
