import ProxyCore
import Testing

@testable import Discovery

/// When a name is asked, and how long what it said counts; over real sockets.
@Suite(.timeLimit(.minutes(1))) struct PaceTests {
    // MARK: Sooner

    @Test func aConnectFailureAsksAgainSoonButNotWithoutEnd() throws {
        let scene = try Scene(reply: only("10.0.0.1"))
        try scene.start([[.name("web", port: 80)]], interval: 60_000)
        #expect(scene.run(until: { scene.endpoints().count == 1 }))
        scene.reply = only("10.0.0.2")
        let directory = try scene.directory
        try directory.connectFailed("10.0.0.1", service: 99)
        try directory.connectFailed("10.0.0.1")
        #expect(scene.run(until: { scene.endpoints() == ["10.0.0.2:80"] }, limit: 1500))

        let asked = scene.server.count("web", type: ipv4)
        let began = Instant.read()
        while Instant.read() - began < 900 {
            try directory.connectFailed("10.0.0.2")
            _ = scene.run(until: { true })
        }
        let more = scene.server.count("web", type: ipv4) - asked
        #expect(more >= 2 && more <= 4, "asked \(more) times in 0.9 s")
    }

    @Test func onlyTheNameThatGaveTheFailingAddressIsAsked() throws {
        let scene = try Scene { question in
            .records(question.type == ipv4 ? [.a(question.name == "web" ? "10.0.0.1" : "10.0.0.2")] : [])
        }
        try scene.start([[.name("web", port: 80), .name("other", port: 80)]], interval: 60_000)
        #expect(scene.run(until: { scene.endpoints().count == 2 }))
        try scene.directory.connectFailed("10.0.0.9")
        try scene.directory.connectFailed("10.0.0.1")
        #expect(scene.run(until: { scene.server.count("web", type: ipv4) == 2 }, limit: 1500))
        #expect(scene.server.count("other", type: ipv4) == 1)
        try scene.directory.refresh(service: 0)
        #expect(scene.run(until: { scene.server.count("other", type: ipv4) == 2 }, limit: 1500))
    }

    @Test(arguments: [(0, 100), (1, 1000)] as [(UInt32, Milliseconds)])
    func aShortTimeToLiveIsHonoured(ttl: UInt32, pause: Milliseconds) throws {
        let scene = try Scene { .records($0.type == ipv4 ? [.a("10.0.0.1", ttl: ttl)] : []) }
        try scene.start(interval: 60_000)
        #expect(scene.run(until: { scene.server.count("web", type: ipv4) == 1 }))
        let began = Instant.read()
        #expect(scene.run(until: { scene.server.count("web", type: ipv4) == 4 }))
        // Of each pause, a fifth may be jitter.
        let took = Instant.read() - began
        #expect(took >= 3 * pause * 8 / 10 && took < 3 * pause + 700, "\(took) ms")
    }

    @Test func theShortestTimeToLiveOfBothFamiliesCounts() throws {
        let scene = try Scene { question in
            .records(question.type == ipv4 ? [.a("10.0.0.1", ttl: 600)] : [.aaaa(last: 1, ttl: 0)])
        }
        try scene.start(interval: 60_000)
        #expect(scene.run(until: { scene.server.count("web", type: ipv4) == 4 }, limit: 2000))
    }

    @Test func aLongTimeToLiveIsNotWaitedFor() throws {
        let scene = try Scene { .records($0.type == ipv4 ? [.a("10.0.0.1", ttl: 600)] : []) }
        try scene.start()
        let began = Instant.read()
        #expect(scene.runRounds(5))
        #expect(Instant.read() - began < 2000)
    }

    // MARK: Later

    @Test func failuresSlowThePaceDown() throws {
        let scene = try Scene { _ in .code(2) }
        try scene.start(interval: 60)
        let began = Instant.read()
        #expect(scene.run(until: { Instant.read() - began > 1500 }))
        // Each failing refresh puts its question twice; at the interval it would be 50 questions, at five of them 10.
        let asked = scene.server.count("web", type: ipv4)
        #expect(asked >= 4 && asked <= 20, "\(asked) questions")
    }

    // MARK: Too old

    @Test func aStaleSetExpires() throws {
        let scene = try Scene(reply: only("10.0.0.1", "10.0.0.2"))
        try scene.start([[.name("web", port: 80)]]) { $0.staleMilliseconds = 400 }
        #expect(scene.run(until: { scene.endpoints().count == 2 }))
        let began = Instant.read()
        scene.reply = { _ in .code(2) }
        #expect(scene.run(until: { scene.events.lines.last?.contains("keeping 2 endpoints") ?? false }))
        #expect(scene.run(until: { scene.endpoints().isEmpty }))
        let took = Instant.read() - began
        #expect(took >= 300 && took < 1500, "\(took) ms")
        let line = "warning web:80: 0 endpoints (-10.0.0.1, -10.0.0.2): nothing learned for 400 ms, SERVFAIL"
        #expect(scene.events.lines.last == line)
        scene.reply = only("10.0.0.2")
        #expect(scene.run(until: { scene.endpoints() == ["10.0.0.2:80"] }))
    }

    @Test func aSetThatIsStillConfirmedNeverExpires() throws {
        let scene = try Scene(reply: only("10.0.0.1"))
        try scene.start([[.name("web", port: 80)]]) { $0.staleMilliseconds = 100 }
        let began = Instant.read()
        #expect(scene.run(until: { Instant.read() - began > 500 }))
        #expect(scene.events.lines == ["info web:80: 1 endpoint (+10.0.0.1)"])
    }

    @Test func oneFamilyExpiresAlone() throws {
        let scene = try Scene { .records($0.type == ipv4 ? [.a("10.0.0.1")] : [.aaaa(last: 1)]) }
        try scene.start([[.name("web", port: 80)]]) { $0.staleMilliseconds = 300 }
        #expect(scene.run(until: { scene.endpoints().count == 2 }))
        scene.reply = { $0.type == ipv4 ? .records([.a("10.0.0.1")]) : .code(2) }
        #expect(scene.run(until: { scene.endpoints() == ["10.0.0.1:80"] }))
        let line = "info web:80: 1 endpoint (-fd00::1): nothing learned for 300 ms, AAAA: SERVFAIL"
        #expect(scene.events.lines.last == line)
    }
}
