import ProxyCore
import Testing

@testable import Discovery

/// SRV records and the hosts that they name, over real sockets.
@Suite(.timeLimit(.minutes(1))) struct ServiceWatchTests {
    private static let srv: UInt16 = 33
    private static let target = UpstreamTarget.service("_http._tcp.web")
    private let first = DNSMessage.Record.srv("a.web", port: 8081, priority: 10, weight: 3)
    private let second = DNSMessage.Record.srv("b.web", port: 8082, priority: 20)

    /// A server with these SRV records for `_http._tcp.web`, and an address for each of the hosts.
    private static func service(_ records: [DNSMessage.Record], _ hosts: [String: String] = hosts)
        -> (TestNameserver.Question) -> TestNameserver.Reply
    {
        { question in
            if question.name == "_http._tcp.web" { return .records(question.type == srv ? records : []) }
            guard let address = hosts[question.name] else { return .code(3) }
            return .records(question.type == ipv4 ? [.a(address)] : [])
        }
    }

    private static let hosts = ["a.web": "10.0.0.1", "b.web": "10.0.0.2", "c.web": "10.0.0.3"]

    private func started(_ scene: Scene, change: (inout ResolverSettings) -> Void = { _ in }) throws {
        try scene.start([[Self.target]], change: change)
    }

    private func roles(_ scene: Scene) -> [String] {
        scene.snapshots.last?.services[0].endpoints.map { "\($0.role.priority) \($0.role.weight)" } ?? []
    }

    @Test func recordsBecomeEndpointsWithRoles() throws {
        let scene = try Scene(reply: Self.service([second, first, .srv("c.web", port: 8083, priority: 10, weight: 1)]))
        try started(scene)
        #expect(scene.run(until: { scene.endpoints() == ["10.0.0.1:8081", "10.0.0.3:8083", "10.0.0.2:8082"] }))
        #expect(roles(scene) == ["10 3", "10 1", "20 1"])
        #expect(
            scene.events.lines == [
                "info srv:_http._tcp.web: 3 endpoints (+10.0.0.1:8081 priority 10 weight 3, "
                    + "+10.0.0.3:8083 priority 10 weight 1, +10.0.0.2:8082 priority 20 weight 1): new SRV records"
            ])
    }

    @Test func theUpstreamsPriorityAndWeightJoinIn() throws {
        let scene = try Scene(reply: Self.service([first, second]))
        let other = try #require(SocketAddress(ip: "10.9.9.9", port: 80))
        try scene.start(upstreams: [
            [
                Upstream(.address(other), weight: 1, priority: 1), Upstream(Self.target, weight: 5, isBackup: true),
            ]
        ])
        #expect(scene.run(until: { scene.endpoints().count == 3 }))
        let endpoints = try #require(scene.snapshots.last?.services[0].endpoints)
        let byAddress = Dictionary(uniqueKeysWithValues: endpoints.map { ($0.address.description, $0.role) })
        let mine = try #require(byAddress["10.0.0.1:8081"])
        let stranger = try #require(byAddress["10.9.9.9:80"])
        #expect(mine.weight == 5 && mine.isBackup && !stranger.isBackup)
        #expect(mine.priority < stranger.priority, "the upstream's own priority goes first")
        #expect(mine.priority < byAddress["10.0.0.2:8082"]?.priority ?? 0)
    }

    @Test func aHostThatMovesIsFollowed() throws {
        let scene = try Scene(reply: Self.service([first, second]))
        try started(scene)
        #expect(scene.run(until: { scene.endpoints().count == 2 }))
        let kept = try #require(scene.snapshots.last?.services[0].endpoints[1].stats)
        scene.reply = Self.service([first, second], ["a.web": "10.0.0.7", "b.web": "10.0.0.2"])
        #expect(scene.run(until: { Set(scene.endpoints()) == ["10.0.0.7:8081", "10.0.0.2:8082"] }))
        #expect(scene.snapshots.last?.services[0].endpoints[0].stats === kept)
        #expect(scene.events.lines.last?.hasSuffix("): new addresses of a.web.") ?? false)
    }

    @Test func aServiceThatMovesAltogetherIsNeverEmpty() throws {
        let scene = try Scene(reply: Self.service([first]))
        try started(scene)
        #expect(scene.run(until: { scene.endpoints() == ["10.0.0.1:8081"] }))
        let published = scene.snapshots.count
        let move = Self.service([.srv("c.web", port: 8083)])
        // The new host's address takes its time.
        scene.reply = { $0.name == "c.web" && $0.type == ipv4 ? .late(200, [.a("10.0.0.3")]) : move($0) }
        #expect(scene.run(until: { scene.endpoints() == ["10.0.0.3:8083"] }))
        #expect(scene.snapshots.dropFirst(published).allSatisfy { !$0.services[0].endpoints.isEmpty })
        #expect(scene.events.lines.count == 2)
    }

    @Test func oneSlowHostHoldsUpTheOthersForAMomentOnly() throws {
        let answer = Self.service([first, .srv("silent.web", port: 80, priority: 10)])
        let scene = try Scene { $0.name == "silent.web" ? .silence : answer($0) }
        try started(scene)
        let began = Instant.read()
        #expect(scene.run(until: { scene.endpoints() == ["10.0.0.1:8081"] }))
        #expect(Instant.read() - began < 650, "less than a server's time-out")
    }

    @Test func hostsThatNoRecordNamesAreNotAskedAnyMore() throws {
        let scene = try Scene(reply: Self.service([first, second]))
        try started(scene)
        #expect(scene.run(until: { scene.endpoints().count == 2 }))
        scene.reply = Self.service([first])
        #expect(scene.run(until: { scene.endpoints() == ["10.0.0.1:8081"] }))
        #expect(scene.runRounds(1, name: "a.web"))
        let asked = scene.server.count("b.web", type: ipv4)
        #expect(scene.runRounds(4, name: "a.web"))
        #expect(scene.server.count("b.web", type: ipv4) == asked)
    }

    @Test func aHostOfTwoRecordsIsAskedOnce() throws {
        let scene = try Scene(reply: Self.service([first, .srv("A.web", port: 8089, priority: 10, weight: 3)]))
        try scene.start([[Self.target]], interval: 60_000)
        #expect(scene.run(until: { scene.endpoints() == ["10.0.0.1:8081", "10.0.0.1:8089"] }))
        #expect(scene.server.count("a.web", type: ipv4) == 1)
    }

    @Test func aNewWeightIsALineOfTheLog() throws {
        let scene = try Scene(reply: Self.service([first, .srv("b.web", port: 8082, priority: 10, weight: 1)]))
        try started(scene)
        #expect(scene.run(until: { roles(scene) == ["10 3", "10 1"] }))
        let before = try #require(scene.snapshots.last?.services[0].endpoints.map(\.stats))
        scene.reply = Self.service([first, .srv("b.web", port: 8082, priority: 10, weight: 2)])
        #expect(scene.run(until: { roles(scene) == ["10 3", "10 2"] }))
        let line = "info srv:_http._tcp.web: 2 endpoints (~10.0.0.2:8082 priority 10 weight 2): new SRV records"
        #expect(scene.events.lines.last == line)
        let after = try #require(scene.snapshots.last?.services[0].endpoints.map(\.stats))
        #expect(zip(before, after).allSatisfy { $0 === $1 })
    }

    @Test(arguments: [true, false])
    func aServiceIsGoneOnceThatIsConfirmed(saysSo: Bool) throws {
        let scene = try Scene(reply: Self.service([first]))
        try started(scene)
        #expect(scene.run(until: { scene.endpoints().count == 1 }))
        let asked = scene.server.count("_http._tcp.web", type: Self.srv)
        scene.reply = saysSo ? Self.service([.srv(".", port: 0)]) : { _ in .code(3) }
        #expect(scene.run(until: { scene.endpoints().isEmpty }))
        #expect(scene.server.count("_http._tcp.web", type: Self.srv) >= asked + 2)
        let reason = saysSo ? "no such service" : "no such name"
        #expect(scene.events.lines.contains("warning srv:_http._tcp.web: 0 endpoints (-10.0.0.1:8081): \(reason)"))
        scene.reply = Self.service([second])
        #expect(scene.run(until: { scene.endpoints() == ["10.0.0.2:8082"] }))
    }

    @Test func failuresKeepTheSet() throws {
        let scene = try Scene(reply: Self.service([first, second]))
        try started(scene)
        #expect(scene.run(until: { scene.endpoints().count == 2 }))
        let asked = scene.server.count("_http._tcp.web", type: Self.srv)
        scene.reply = { _ in .code(2) }
        #expect(scene.run(until: { scene.server.count("_http._tcp.web", type: Self.srv) >= asked + 6 }))
        #expect(scene.endpoints().count == 2)
        #expect(scene.events.lines.contains("warning _http._tcp.web: SERVFAIL, keeping 2 SRV records"))
    }

    @Test func aServiceExpires() throws {
        let scene = try Scene(reply: Self.service([first]))
        try started(scene) { $0.staleMilliseconds = 300 }
        #expect(scene.run(until: { scene.endpoints().count == 1 }))
        scene.reply = { _ in .code(2) }
        #expect(scene.run(until: { scene.endpoints().isEmpty }))
        #expect(scene.events.lines.last?.contains("nothing learned for 300 ms") ?? false, "\(scene.events.lines)")
    }

    @Test func hostsAreAskedForTheFamilyInUse() throws {
        let answer = Self.service([first])
        let scene = try Scene { $0.name == "a.web" && $0.type == 28 ? .records([.aaaa(last: 1)]) : answer($0) }
        try started(scene) { $0.family = .ipv6 }
        #expect(scene.run(until: { scene.endpoints() == ["[fd00::1]:8081"] }))
        #expect(scene.server.count("a.web", type: ipv4) == 0)
    }

    @Test func theSearchListIsForTheServiceAndNotForItsHosts() throws {
        let scene = try Scene { question in
            switch question.name {
            case "_http._tcp.web.example": .records(question.type == Self.srv ? [.srv("a.web", port: 80)] : [])
            case "a.web": .records(question.type == ipv4 ? [.a("10.0.0.1")] : [])
            default: .code(3)
            }
        }
        try scene.files.write("search example\noptions ndots:5\n", to: "resolv.conf")
        try started(scene)
        #expect(scene.run(until: { scene.endpoints() == ["10.0.0.1:80"] }))
        #expect(scene.server.count("a.web.example", type: ipv4) == 0)
    }

    @Test func aConnectFailureAsksForTheRecordsAndForThatHostAgain() throws {
        let scene = try Scene(reply: Self.service([first, second]))
        try scene.start([[Self.target]], interval: 60_000)
        #expect(scene.run(until: { scene.endpoints().count == 2 }))
        scene.reply = Self.service([first, second], ["a.web": "10.0.0.8", "b.web": "10.0.0.9"])
        try scene.directory.connectFailed("10.0.0.1", port: 8081)
        #expect(scene.run(until: { Set(scene.endpoints()) == ["10.0.0.8:8081", "10.0.0.2:8082"] }, limit: 1500))
        #expect(scene.server.count("_http._tcp.web", type: Self.srv) == 2)
        #expect(scene.server.count("b.web", type: ipv4) == 1)
        // Where the service has no endpoint at all, everything is asked for.
        try scene.directory.refresh(service: 0)
        #expect(scene.run(until: { Set(scene.endpoints()) == ["10.0.0.8:8081", "10.0.0.9:8082"] }, limit: 1500))
    }

    @Test func manyHostsComeTogether() throws {
        let records = (0..<200).map { DNSMessage.Record.srv("h\($0)", port: 80) }
        let scene = try Scene { question in
            if question.type == Self.srv { return .records(records) }
            guard question.type == ipv4, let host = Int(question.name.dropFirst()) else { return .records([]) }
            return .records([.a("10.0.\(host / 100).\(host % 100)")])
        }
        try scene.start([[Self.target]], interval: 1000)
        #expect(scene.run(until: { scene.endpoints().count == 200 }))
        // A slow machine needs several times 300 ms for them; but there is no line for each.
        #expect(scene.events.lines.count <= 20, "\(scene.events.lines)")
    }
}
