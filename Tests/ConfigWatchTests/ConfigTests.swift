import ProxyCore
import Testing

@testable import ConfigWatch

@Suite struct ConfigTests {
    private func config(_ flags: [OptionName: [String]], _ environment: [String: String] = [:]) throws -> Config {
        try Config(Options(flags: flags, environment: environment))
    }

    private func route(_ prefix: String, _ service: Int) -> Route {
        Route(name: prefix, match: RouteMatch(path: .prefix(prefix)), action: .forward(service: service))
    }

    @Test func fillsInTheDefaults() throws {
        var expected = Config()
        expected.services = [
            .init(name: "default", upstreams: [Upstream(.name("web", port: 80))], settings: ServiceSettings())
        ]
        expected.routes = [route("/", 0)]
        #expect(try config([.upstream: ["web:80"]]) == expected)
        #expect(expected.listeners == [.any(port: 8080)])
    }

    @Test func gathersTargetsIntoServices() throws {
        let config = try config([
            .upstream: ["a:1", "b:2", "A:1"],
            .route: ["/x=c:3", "/y/=d:4", "/x/=e:5", "/x=c:3", "/=f:6"],
        ])
        #expect(
            config.services.map { "\($0.name) \($0.upstreams.map(\.target))" }
                == ["default [a:1, b:2]", "/x [c:3, e:5]", "/y [d:4]", "/ [f:6]"])
        #expect(
            config.routes == [route("/x", 1), route("/y", 2), route("/", 3), route("/", 0)],
            "what no route takes comes last")
    }

    @Test func givesEveryServiceTheDefaults() throws {
        let config = try config([.upstream: ["a:1"], .route: ["/x=b:2"], .policy: ["p2c"], .healthCheck: ["off"]])
        #expect(config.serviceDefaults.policy == .fastestOfTwo)
        #expect(config.services.map(\.settings) == [config.serviceDefaults, config.serviceDefaults])
    }

    @Test func keepsRolesApart() throws {
        let config = try config([
            .upstream: ["a:1,weight=2", "b:2,backup", "a:1,weight=2"], .route: ["/x=a:1,priority=1"],
        ])
        #expect(
            config.services.map(\.upstreams) == [
                [Upstream(.name("a", port: 1), weight: 2), Upstream(.name("b", port: 2), isBackup: true)],
                [Upstream(.name("a", port: 1), priority: 1)],
            ])
    }

    @Test func leavesOtherPathsAloneWhereOnlyRoutesAreGiven() throws {
        let config = try config([.route: ["/x=c:3"]])
        #expect(config.services.map(\.name) == ["/x"])
        #expect(config.routes == [route("/x", 0)])
    }

    @Test func letsTheLastOfSeveralFlagsCount() throws {
        #expect(try config([.upstream: ["a:1"], .workers: ["1", "2"]]).workers == 2)
    }
}
