import ProxyCore
import Testing

@testable import Discovery

/// Hundreds of updates, drawn at random, leave nothing behind: no names, timers, descriptors or probes.
@Suite(.timeLimit(.minutes(2))) struct UpdateChurnTests {
    private static let rounds = 400

    /// A few hosts, the records that name them, and an address of nobody; some names do not exist, and one keeps silent.
    private static func reply(_ question: TestNameserver.Question) -> TestNameserver.Reply {
        switch question.name {
        case "silent": return .silence
        case "late": return .late(5, question.type == ipv4 ? [.a("127.0.9.200")] : [])
        case "gone": return .code(3)
        case "_http._tcp.web":
            let records: [DNSMessage.Record] = [.srv("a", port: 81), .srv("b", port: 82), .srv("gone", port: 1)]
            return .records(question.type == 33 ? records : [])
        default:
            let last = question.name.utf8.reduce(0) { ($0 &* 31 &+ Int($1)) % 200 }
            return .records(question.type == ipv4 ? [.a("127.0.9.\(last)")] : [])
        }
    }

    private static let targets: [UpstreamTarget] =
        ["a", "A", "b", "c", "late", "gone", "silent"].map { .name($0, port: 80) }
        + [.name("a", port: 81), .service("_http._tcp.web"), .service("_HTTP._tcp.web")]
        + ips("127.0.9.201").map { .address($0.withPort(80)) }

    private struct Draw {
        var random: SeededGenerator

        mutating func service(_ slot: Int) -> ServiceTargets {
            var settings = Scene.unprobed
            switch Int.random(in: 0..<4, using: &random) {
            case 0: break
            case 1: settings.health.check = .tcp
            case 2: settings.health.check = .http(path: "/")
            default: settings.policy = Bool.random(using: &random) ? .sticky : .ringHash
            }
            settings.health.intervalMilliseconds = .random(in: 1...50, using: &random)
            settings.ejection.isOn = Bool.random(using: &random)
            let count = Int.random(in: 1...3, using: &random)
            let upstreams = (0..<count).map { _ in
                Upstream(one(of: UpdateChurnTests.targets), weight: .random(in: 1...3, using: &random))
            }
            let version = Int.random(in: 0..<3, using: &random)
            return ServiceTargets(name: "service\(slot)-\(version)", upstreams: upstreams, settings: settings)
        }

        private mutating func one<Element>(of elements: [Element]) -> Element {
            elements[Int.random(in: elements.indices, using: &random)]
        }

        mutating func services() -> [Int: ServiceTargets] {
            var services: [Int: ServiceTargets] = [:]
            for slot in 0..<8 where Bool.random(using: &random) { services[slot] = service(slot) }
            return services
        }

        mutating func resolver(_ settings: inout ResolverSettings) {
            settings.intervalMilliseconds = .random(in: 5...100, using: &random)
            settings.family = one(of: IPFamily.allCases)
            settings.staleMilliseconds = Bool.random(using: &random) ? nil : .random(in: 1...50, using: &random)
            settings.serverTimeoutMilliseconds = .random(in: 10...30, using: &random)
        }
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func nothingIsLeftBehind(seed: UInt64) throws {
        var draw = Draw(random: SeededGenerator(seed: seed))
        let scene = try Scene(reply: Self.reply)
        try scene.start([[]], interval: 20)
        #expect(scene.run(until: { !scene.snapshots.isEmpty }))
        let before = scene.loop.held
        var last: [Int: ServiceTargets] = [:]
        for round in 0..<Self.rounds {
            // Some stay, some change, some go; and some follow one another without a turn of the loop.
            let drawn = draw.services()
            for (slot, service) in drawn where Bool.random(using: &draw.random) { last[slot] = service }
            for slot in 0..<8 where drawn[slot] == nil && Bool.random(using: &draw.random) { last[slot] = nil }
            var settings = scene.settings
            draw.resolver(&settings)
            try scene.directory.update(services: last, resolver: settings) { _ in }
            if round % 3 == 0 { continue }
            let until = Instant.read() + .random(in: 0...4, using: &draw.random)
            _ = scene.run(until: { Instant.read() >= until })
        }
        let snapshot = try scene.update([0: ServiceTargets(name: "last", upstreams: [], settings: Scene.unprobed)])
        #expect(snapshot.services.allSatisfy { $0.endpoints.isEmpty })
        #expect(try scene.directory.names == 0)
        // Questions to the silent name end by themselves.
        #expect(scene.run(until: { scene.loop.held == before }), "\(scene.loop.held), not \(before)")
    }
}
