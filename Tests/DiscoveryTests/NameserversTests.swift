import ProxyCore
import Testing

@testable import Discovery

/// Several name servers, some of them dead; over real sockets.
@Suite(.timeLimit(.minutes(1))) struct NameserversTests {
    @Test func aServerThatRestartsIsFoundAgain() throws {
        let scene = try Scene(reply: only("10.0.0.1"))
        try scene.start()
        #expect(scene.run(until: { scene.endpoints().count == 1 }))
        scene.server.stop()
        #expect(scene.run(until: { scene.events.lines.last?.hasSuffix("keeping 1 endpoint") ?? false }))
        scene.reply = only("10.0.0.2")
        try scene.server.start()
        #expect(scene.run(until: { scene.endpoints() == ["10.0.0.2:80"] }))
    }

    @Test(arguments: [true, false])
    func theSecondServerAnswersForTheFirst(firstIsSilent: Bool) throws {
        let scene = try Scene(reply: only("10.0.0.1"))
        let first = TestNameserver(loop: scene.loop) { _ in firstIsSilent ? .silence : .code(2) }
        try first.start()
        let servers = [try #require(first.address), try #require(scene.server.address)]
        try scene.start([[.name("web", port: 80)]], interval: 200) { $0.servers = servers }
        #expect(scene.run(until: { scene.endpoints() == ["10.0.0.1:80"] }, limit: 2000))
        #expect(!first.questions.isEmpty)
    }

    @Test func aServerThatIsGoneFromTheStartIsPassedOver() throws {
        let scene = try Scene(reply: only("10.0.0.1"))
        let gone = TestNameserver(loop: scene.loop) { _ in .silence }
        try gone.start()
        let servers = [try #require(gone.address), try #require(scene.server.address)]
        gone.stop()
        try scene.start([[.name("web", port: 80)]]) { $0.servers = servers }
        #expect(scene.run(until: { scene.endpoints() == ["10.0.0.1:80"] }, limit: 650))
    }

    /// A scene whose server comes second; the first does what `reply` says.
    private func scene(first reply: @escaping (TestNameserver.Question) -> TestNameserver.Reply) throws
        -> (Scene, first: TestNameserver, servers: [SocketAddress])
    {
        let scene = try Scene(reply: only("10.0.0.1"))
        let first = TestNameserver(loop: scene.loop, reply: reply)
        try first.start()
        return (scene, first, [try #require(first.address), try #require(scene.server.address)])
    }

    @Test func aSilentFirstServerCostsItsTimeOnce() throws {
        let (scene, first, servers) = try scene { _ in .silence }
        try scene.start([[.name("web", port: 80)]], interval: 200) { $0.servers = servers }
        #expect(scene.run(until: { scene.endpoints() == ["10.0.0.1:80"] }, limit: 2000))
        #expect(scene.runRounds(1))
        let asked = first.questions.count
        let began = Instant.read()
        #expect(scene.runRounds(5))
        // Five rounds of 200 ms, and not of 700.
        #expect(Instant.read() - began < 2000)
        #expect(first.questions.count == asked)
        #expect(scene.events.lines.filter { $0.contains("keeps silent") }.count == 1)
        #expect(
            scene.events.lines.contains("warning name server \(servers[0]) keeps silent: asking \(servers[1]) first"))
    }

    @Test func aFirstServerThatIsBackIsNoticedAndNobodyWaitsForThat() throws {
        var isBack = false
        let (scene, first, servers) = try scene { question in
            isBack ? .records(question.type == ipv4 ? [.a("10.0.0.9")] : []) : .silence
        }
        try scene.start([[.name("web", port: 80)]], interval: 200) { $0.servers = servers }
        #expect(scene.run(until: { scene.endpoints() == ["10.0.0.1:80"] }, limit: 2000))
        let asked = first.questions.count
        let began = Instant.read()
        isBack = true
        #expect(scene.run(until: { scene.endpoints() == ["10.0.0.9:80"] }, limit: 15_000))
        #expect(first.questions.count > asked)
        // The answer to the probe itself is nobody's: between the two, the second server's answer still counted.
        #expect(Instant.read() - began > 4_000)
        #expect(scene.events.lines.contains("info name server \(servers[0]) answers again: asking it first"))
    }
}
