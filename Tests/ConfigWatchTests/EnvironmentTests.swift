import ProxyCore
import Testing

@testable import ConfigWatch

@Suite struct EnvironmentTests {
    @Test(
        arguments: [
            (.listen, "BALANCER_LISTEN"), (.resolveInterval, "BALANCER_RESOLVE_INTERVAL"),
            (.retryNonIdempotent, "BALANCER_RETRY_NON_IDEMPOTENT"),
        ] as [(OptionName, String)])
    func namesAVariableAfterItsOption(option: OptionName, variable: String) {
        #expect(option.environmentVariable == variable)
    }

    @Test func namesNoVariableTwice() {
        #expect(Set(OptionName.allCases.map(\.environmentVariable)).count == OptionName.allCases.count)
    }

    @Test(arguments: ["a:1,b:2", "a:1 b:2", " a:1, b:2 ,", "a:1\n\tb:2\r\n", ",,a:1,,b:2"])
    func dividesRepeatableOptions(variable: String) throws {
        let config = try Config(Options(flags: [:], environment: ["BALANCER_UPSTREAM": variable]))
        #expect(config.services.first?.upstreams.map(\.target) == [.name("a", port: 1), .name("b", port: 2)])
    }

    @Test(arguments: [
        "a:1,weight=3,backup,b:2,priority=1", "a:1, weight=3 , backup\nb:2 priority=1",
        "a:1 weight=3 backup b:2,priority=1,",
    ])
    func leavesRolesWithTheirUpstreams(variable: String) throws {
        let config = try Config(Options(flags: [:], environment: ["BALANCER_UPSTREAM": variable]))
        #expect(
            config.services.first?.upstreams == [
                Upstream(.name("a", port: 1), weight: 3, isBackup: true), Upstream(.name("b", port: 2), priority: 1),
            ])
    }

    @Test func leavesRolesWithTheirRoutes() throws {
        let variable = "/x=a:1,weight=3,/x=backup:2,backup /y=srv:_http._tcp.c,weight=4"
        let config = try Config(Options(flags: [:], environment: ["BALANCER_ROUTE": variable]))
        #expect(
            config.services.map { "\($0.name) \($0.upstreams)" } == [
                "/x [a:1,weight=3, backup:2,backup]", "/y [srv:_http._tcp.c,weight=4]",
            ])
    }

    @Test func keepsOthersWhole() throws {
        let environment = ["BALANCER_UPSTREAM": "a:1", "BALANCER_ACCESS_LOG": " /var/log/a, b.log\n"]
        #expect(try Config(Options(flags: [:], environment: environment)).accessLog == .file("/var/log/a, b.log"))
        let lists = [
            "BALANCER_UPSTREAM": "a:1", "BALANCER_RETRY_ON": "connect,500", "BALANCER_HEALTH_STATUS": "200,204",
        ]
        let settings = try Config(Options(flags: [:], environment: lists)).serviceDefaults
        #expect(settings.retries.causes == [.connect, .serverError])
        #expect(settings.health.statuses == [200...200, 204...204])
    }

    @Test func yieldsToFlagsOptionByOption() throws {
        let environment = ["BALANCER_UPSTREAM": "a:1, b:2", "BALANCER_POLICY": "lc", "BALANCER_WORKERS": "many"]
        let config = try Config(Options(flags: [.upstream: ["c:3"], .workers: ["1"]], environment: environment))
        #expect(config.services.first?.upstreams.map(\.target) == [.name("c", port: 3)])
        #expect(config.serviceDefaults.policy == .leastConnections)
        #expect(config.workers == 1)
    }

    @Test func ignoresBlankVariables() throws {
        var environment = ["BALANCER_UPSTREAM": "a:1"]
        for option in OptionName.allCases where option != .upstream {
            environment[option.environmentVariable] = option.isRepeatable ? " , " : " "
        }
        let blank = Options(flags: [:], environment: environment)
        #expect(blank == Options(flags: [:], environment: ["BALANCER_UPSTREAM": "a:1"]))
    }
}
