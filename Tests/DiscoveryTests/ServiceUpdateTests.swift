import ProxyCore
import Testing

@testable import Discovery

/// A directory that is told of other services while it runs.
@Suite(.timeLimit(.minutes(1))) struct ServiceUpdateTests {
    /// Each of these names has one address of its own.
    private static let names = ["a": "10.0.0.1", "b": "10.0.0.2", "c": "10.0.0.3", "web": "10.0.0.9"]

    private static func reply(_ question: TestNameserver.Question) -> TestNameserver.Reply {
        guard let address = names[question.name] else { return .code(3) }
        return .records(question.type == ipv4 ? [.a(address)] : [])
    }

    /// A scene whose services, from slot 0 on, are what these names stand for.
    private func scene(_ services: String..., interval: Milliseconds = 60_000) throws -> Scene {
        let scene = try Scene(reply: Self.reply)
        try scene.start(services.map { [.name($0, port: 80)] }, interval: interval)
        #expect(scene.run(until: { services.indices.allSatisfy { scene.endpoints(of: $0).count == 1 } }))
        return scene
    }

    private func addresses(_ snapshot: EndpointSnapshot) -> [[String]] {
        snapshot.services.map { $0.endpoints.map(\.address.ip) }
    }

    // MARK: Which services there are

    @Test func anAddedServiceIsResolvedAndTheOthersAreLeftAlone() throws {
        let scene = try scene("a")
        let kept = try #require(scene.snapshots.last?.services[0].endpoints[0].stats)
        let snapshot = try scene.update([0: Scene.service("service0", "a"), 1: Scene.service("new", "b")])
        #expect(addresses(snapshot) == [["10.0.0.1"], ["10.0.0.2"]])
        #expect(snapshot.services[0].endpoints[0].stats === kept)
        #expect(scene.server.count("a", type: ipv4) == 1)
        #expect(scene.server.count("b", type: ipv4) == 1)
    }

    @Test func slotsMayHaveHoles() throws {
        let scene = try scene("a")
        let snapshot = try scene.update([0: Scene.service("service0", "a"), 3: Scene.service("new", "b")])
        #expect(addresses(snapshot) == [["10.0.0.1"], [], [], ["10.0.0.2"]])
    }

    @Test func aRemovedServiceIsPublishedAsEmptyAndNotAskedForAnyMore() throws {
        let scene = try scene("a", "b", interval: 20)
        try scene.directory.update(services: [1: Scene.service("service1", "b")], resolver: scene.settings)
        #expect(scene.endpoints(of: 0).isEmpty && scene.endpoints(of: 1) == ["10.0.0.2:80"])
        let asked = scene.server.count("a", type: ipv4)
        #expect(scene.runRounds(4, name: "b"))
        #expect(scene.server.count("a", type: ipv4) <= asked + 1, "one question may have been under way")
    }

    @Test func anotherServiceInAPlaceInheritsNothing() throws {
        let scene = try scene("a")
        let before = try #require(scene.snapshots.last?.services[0].endpoints[0].stats)
        let snapshot = try scene.update([0: Scene.service("other", "a")])
        #expect(addresses(snapshot) == [["10.0.0.1"]])
        #expect(snapshot.services[0].endpoints[0].stats !== before)
        #expect(scene.server.count("a", type: ipv4) == 1, "the name is the same")
    }

    @Test func aNameThatDoesNotExistHoldsNothingUp() throws {
        let scene = try scene("a")
        let began = Instant.read()
        let snapshot = try scene.update([0: Scene.service("service0", "a"), 1: Scene.service("new", "nowhere")])
        #expect(addresses(snapshot) == [["10.0.0.1"], []])
        #expect(Instant.read() - began < Limits.firstAddressesMilliseconds - 100)
    }

    @Test func silenceHoldsAnUpdateUpForAMomentOnly() throws {
        let scene = try scene("a")
        scene.reply = { _ in .silence }
        let began = Instant.read()
        let snapshot = try scene.update([0: Scene.service("service0", "a"), 1: Scene.service("new", "b")])
        #expect(addresses(snapshot) == [["10.0.0.1"], []])
        #expect(Instant.read() - began >= Limits.firstAddressesMilliseconds)
    }

    @Test func anUpdateThatWaitsIsAnsweredBeforeTheNext() throws {
        let scene = try scene("a")
        scene.reply = { _ in .silence }
        var answered: [Int] = []
        for number in 1...3 {
            let services = [0: Scene.service("service0", "a"), number: Scene.service("new", "b")]
            try scene.directory.update(services: services, resolver: scene.settings) { _ in answered.append(number) }
        }
        #expect(answered == [1, 2])
        #expect(scene.run(until: { answered == [1, 2, 3] }))
    }

    // MARK: What a service leads to

    @Test func endpointsOfBothSetsStay() throws {
        let scene = try scene("a")
        let kept = try #require(scene.snapshots.last?.services[0].endpoints[0].stats)
        let more = try scene.update([0: Scene.service("service0", "b", "a")])
        #expect(Set(addresses(more)[0]) == ["10.0.0.1", "10.0.0.2"])
        #expect(more.services[0].endpoints.contains { $0.stats === kept })
        #expect(scene.server.count("a", type: ipv4) == 1)
        let fewer = try scene.update([0: Scene.service("service0", "b")])
        #expect(addresses(fewer) == [["10.0.0.2"]])
    }

    @Test func anotherPortOfANameNeedsNoQuestion() throws {
        let scene = try scene("a")
        let service = ServiceTargets(
            name: "service0", upstreams: [Upstream(.name("A", port: 81))], settings: Scene.unprobed)
        let snapshot = try scene.update([0: service])
        #expect(snapshot.services[0].endpoints.map(\.address.description) == ["10.0.0.1:81"])
        #expect(scene.server.count("a", type: ipv4) == 1)
    }

    @Test func weightsApplyToEndpointsThatStay() throws {
        let scene = try scene("a")
        let kept = try #require(scene.snapshots.last?.services[0].endpoints[0].stats)
        let upstream = Upstream(.name("a", port: 80), weight: 7)
        let service = ServiceTargets(name: "service0", upstreams: [upstream], settings: Scene.unprobed)
        let endpoint = try #require(try scene.update([0: service]).services[0].endpoints.first)
        #expect(endpoint.role.weight == 7 && endpoint.stats === kept)
    }

    /// Whether servers keep silent about the new name for a while or for long: the pool is never empty.
    @Test(arguments: [false, true])
    func whatAServiceLeavesStaysUntilTheNewIsKnown(fails: Bool) throws {
        let scene = try scene("a", interval: 30)
        scene.reply = { $0.name != "b" ? Self.reply($0) : fails ? .code(2) : .silence }
        let published = scene.snapshots.count
        let meanwhile = try scene.update([0: Scene.service("service0", "b")])
        #expect(addresses(meanwhile) == [["10.0.0.1"]])
        scene.reply = Self.reply
        #expect(scene.run(until: { scene.endpoints() == ["10.0.0.2:80"] }))
        #expect(scene.snapshots.dropFirst(published).allSatisfy { !$0.services[0].endpoints.isEmpty })
        #expect(try scene.directory.names == 1)
    }

    @Test func aNewNameWithoutAddressesCounts() throws {
        let scene = try scene("a")
        let snapshot = try scene.update([0: Scene.service("service0", "nowhere")])
        #expect(addresses(snapshot) == [[]])
    }

    @Test func recordsOfServicesComeAndGoWithTheirHosts() throws {
        let scene = try Scene { question in
            if question.name == "_http._tcp.web" {
                return .records(question.type == 33 ? [.srv("a", port: 8081), .srv("b", port: 8082)] : [])
            }
            return Self.reply(question)
        }
        try scene.start([[.name("a", port: 80)]], interval: 60_000)
        #expect(scene.run(until: { scene.endpoints() == ["10.0.0.1:80"] }))
        let service = ServiceTargets(
            name: "new", upstreams: [Upstream(.service("_http._tcp.web"))], settings: Scene.unprobed)
        let with = try scene.update([0: Scene.service("service0", "a"), 1: service])
        #expect(with.services[1].endpoints.map(\.address.description) == ["10.0.0.1:8081", "10.0.0.2:8082"])
        #expect(try scene.directory.names == 4, "the hosts' names are absolute ones")
        _ = try scene.update([0: Scene.service("service0", "a")])
        #expect(try scene.directory.names == 1)
    }

    // MARK: How names are resolved

    @Test func otherServersAreAskedAndTheSetStays() throws {
        let scene = try scene("a", "b", interval: 30)
        let other = TestNameserver(loop: scene.loop) {
            .records($0.type == ipv4 ? [.a($0.name == "a" ? "10.0.1.1" : "10.0.1.2")] : [])
        }
        try other.start()
        defer { other.stop() }
        let published = scene.snapshots.count
        let services = [0: Scene.service("service0", "a"), 1: Scene.service("service1", "b")]
        _ = try scene.update(services) { $0.servers = [other.address].compactMap(\.self) }
        #expect(scene.run(until: { scene.endpoints() == ["10.0.1.1:80"] && scene.endpoints(of: 1) == ["10.0.1.2:80"] }))
        #expect(scene.snapshots.dropFirst(published).allSatisfy { $0.services.allSatisfy { !$0.endpoints.isEmpty } })
    }

    @Test func aServerThatIsNotThereEmptiesNothing() throws {
        let scene = try scene("a", interval: 30)
        _ = try scene.update([0: Scene.service("service0", "a")]) {
            $0.servers = [SocketAddress(ip: "127.0.9.251", port: 9)].compactMap(\.self)
        }
        #expect(scene.run(until: { scene.events.lines.contains { $0.hasSuffix("keeping 1 endpoint") } }))
        #expect(scene.endpoints() == ["10.0.0.1:80"])
    }

    @Test func aShorterIntervalCountsAtOnce() throws {
        let scene = try scene("a")
        _ = try scene.update([0: Scene.service("service0", "a")]) { $0.intervalMilliseconds = 20 }
        #expect(scene.runRounds(3, name: "a"))
    }

    @Test func anotherFamilyTakesTheOthersPlaceOnceItIsKnown() throws {
        let scene = try Scene { .records($0.type == ipv4 ? [.a("10.0.0.1")] : [.aaaa(last: 1)]) }
        try scene.start(interval: 60_000)
        #expect(scene.run(until: { scene.endpoints() == ["10.0.0.1:80", "[fd00::1]:80"] }))
        let published = scene.snapshots.count
        scene.reply = { _ in .code(2) }
        _ = try scene.update([0: Scene.service("service0", "web")]) {
            $0.family = .ipv6
            $0.intervalMilliseconds = 20
        }
        #expect(scene.run(until: { scene.events.lines.contains { $0.hasSuffix("keeping 2 endpoints") } }))
        scene.reply = { .records($0.type == ipv4 ? [.a("10.0.0.1")] : [.aaaa(last: 1)]) }
        #expect(scene.run(until: { scene.endpoints() == ["[fd00::1]:80"] }))
        #expect(scene.snapshots.dropFirst(published).allSatisfy { !$0.services[0].endpoints.isEmpty })
    }

    @Test func aStaleLimitCountsFromWhenItWasLearned() throws {
        let scene = try scene("a", interval: 20)
        scene.reply = { _ in .code(2) }
        #expect(scene.run(until: { scene.events.lines.contains { $0.hasSuffix("keeping 1 endpoint") } }))
        _ = try scene.update([0: Scene.service("service0", "a")]) { $0.staleMilliseconds = 100 }
        #expect(scene.run(until: { scene.endpoints().isEmpty }))
    }
}
