import ProxyCore
import Testing

@testable import Discovery

/// A resolver against a name server that behaves and misbehaves, over real sockets.
@Suite(.timeLimit(.minutes(1))) struct ResolverTests {
    private func many(_ count: Int) -> [DNSMessage.Record] {
        (0..<count).map { .a("10.1.\($0 / 250).\($0 % 250 + 1)") }
    }

    // MARK: Answers

    @Test func oneFamily() throws {
        let scene = try Scene(reply: only("10.0.0.2", "10.0.0.1"))
        try scene.start()
        #expect(scene.run(until: { scene.endpoints() == ["10.0.0.1:80", "10.0.0.2:80"] }))
        #expect(scene.events.lines == ["info web:80: 2 endpoints (+10.0.0.1, +10.0.0.2)"])
    }

    @Test func bothFamilies() throws {
        let scene = try Scene { .records($0.type == ipv4 ? [.a("10.0.0.1")] : [.aaaa(last: 1)]) }
        try scene.start()
        #expect(scene.run(until: { scene.endpoints() == ["10.0.0.1:80", "[fd00::1]:80"] }))
    }

    @Test func aScaleUpAndDown() throws {
        let scene = try Scene(reply: only("10.0.0.1", "10.0.0.2"))
        try scene.start()
        #expect(scene.run(until: { scene.endpoints().count == 2 }))
        let kept = try #require(scene.snapshots.last?.services[0].endpoints.last?.stats)
        scene.reply = only("10.0.0.0", "10.0.0.2")
        #expect(scene.run(until: { scene.endpoints() == ["10.0.0.2:80", "10.0.0.0:80"] }))
        #expect(scene.snapshots.last?.services[0].endpoints.first?.stats === kept)
        #expect(scene.events.lines.last == "info web:80: 2 endpoints (+10.0.0.0, -10.0.0.1)")
    }

    @Test func shufflingIsNoChange() throws {
        let scene = try Scene { question in
            .records(question.type == ipv4 ? (1...9).map { .a("10.0.0.\($0)") }.shuffled() : [])
        }
        try scene.start()
        #expect(scene.run(until: { scene.endpoints().count == 9 }))
        let published = scene.snapshots.count
        #expect(scene.runRounds(5))
        #expect(scene.snapshots.count == published)
    }

    @Test(arguments: [
        (IPFamily.any, ["10.0.0.1:80", "[fd00::1]:80"]), (.ipv4, ["10.0.0.1:80"]), (.ipv6, ["[fd00::1]:80"]),
    ])
    func aFamilyThatIsNotUsedIsNotEvenAsked(family: IPFamily, expected: [String]) throws {
        let scene = try Scene { .records($0.type == ipv4 ? [.a("10.0.0.1")] : [.aaaa(last: 1)]) }
        try scene.files.write("10.0.0.7 filed\nfd00::7 filed\n", to: "hosts")
        try scene.start([[.name("web", port: 80)], [.name("filed", port: 80)]]) { $0.family = family }
        #expect(scene.run(until: { scene.endpoints() == expected }))
        let name: UInt16 = family == .ipv6 ? ipv6 : ipv4
        #expect(scene.run(until: { scene.server.count("web", type: name) >= 3 }))
        #expect(scene.server.count("web", type: ipv4) == 0 || family != .ipv6)
        #expect(scene.server.count("web", type: ipv6) == 0 || family != .ipv4)
        #expect(
            scene.endpoints(of: 1) == expected.map { $0.replacing("0.1:", with: "0.7:").replacing("::1", with: "::7") })
    }

    @Test func duplicatesAreOneEndpoint() throws {
        let scene = try Scene(reply: only("10.0.0.1", "10.0.0.2", "10.0.0.1", "10.0.0.1"))
        try scene.start()
        #expect(scene.run(until: { scene.endpoints() == ["10.0.0.1:80", "10.0.0.2:80"] }))
        #expect(scene.events.lines == ["info web:80: 2 endpoints (+10.0.0.1, +10.0.0.2)"])
    }

    @Test func aliasesLeadToTheAddresses() throws {
        let scene = try Scene { question in
            let aliases: [DNSMessage.Record] = [.cname("b.example"), .cname("c.example", owner: "b.example")]
            return .records(aliases + (question.type == ipv4 ? [.a("10.0.0.1", owner: "c.example")] : []))
        }
        try scene.start()
        #expect(scene.run(until: { scene.endpoints() == ["10.0.0.1:80"] }))
    }

    @Test(arguments: [40, 300, 1000])
    func largeAnswersComeWhole(count: Int) throws {
        let scene = try Scene { [records = many(count)] in .records($0.type == ipv4 ? records : []) }
        try scene.start()
        #expect(scene.run(until: { scene.endpoints().count == count }))
        // 40 records fit into what EDNS allows; more take the way over TCP.
        #expect(scene.server.questions.contains { $0.isTCP } == (count >= 300))
    }

    /// Old servers know no EDNS (RFC 6891 section 7).
    @Test func aServerThatRefusesEDNSIsAskedWithoutIt() throws {
        let scene = try Scene { question in
            if question.usesEDNS { return .code(1) }
            return .records(question.type == ipv4 ? [.a("10.0.0.1")] : [])
        }
        try scene.start()
        #expect(scene.run(until: { scene.endpoints() == ["10.0.0.1:80"] }))
        #expect(scene.events.lines == ["info web:80: 1 endpoint (+10.0.0.1)"])
        #expect(scene.server.questions.allSatisfy { !$0.isTCP })
    }

    @Test func truncationWithoutEDNSMeansTCP() throws {
        let scene = try Scene { [records = many(40)] question in
            if question.usesEDNS { return .code(1) }
            return .records(question.type == ipv4 ? records : [])
        }
        try scene.start()
        #expect(scene.run(until: { scene.endpoints().count == 40 }))
        #expect(scene.server.questions.contains { $0.isTCP && !$0.usesEDNS })
    }

    @Test func aConnectionResetWithinALargeAnswerKeepsTheSet() throws {
        let scene = try Scene(reply: only("10.0.0.1"))
        try scene.start()
        #expect(scene.run(until: { scene.endpoints().count == 1 }))
        scene.reply = { [records = many(300)] in $0.isTCP ? .reset : .records($0.type == ipv4 ? records : []) }
        #expect(scene.run(until: { scene.events.lines.contains { $0.contains("keeping 1 endpoint") } }))
        scene.reply = { [records = many(300)] in .records($0.type == ipv4 ? records : []) }
        #expect(scene.run(until: { scene.endpoints().count == 300 }))
    }

    @Test func aConnectionEndedAtOnceKeepsTheSetAndTheProcess() throws {
        let scene = try Scene(reply: only("10.0.0.1"))
        try scene.start()
        #expect(scene.run(until: { scene.endpoints().count == 1 }))
        scene.server.endsConnections = true
        scene.reply = { [records = many(300)] in .records($0.type == ipv4 ? records : []) }
        #expect(scene.run(until: { scene.events.lines.contains { $0.contains("keeping 1 endpoint") } }))
        scene.server.endsConnections = false
        #expect(scene.run(until: { scene.endpoints().count == 300 }))
    }

    // MARK: What keeps a set and what empties it

    @Test(arguments: [(2, "SERVFAIL"), (5, "REFUSED"), (4, "NOTIMP"), (9, "response code 9")])
    func aFailingServerKeepsTheSet(code: UInt8, reason: String) throws {
        let scene = try Scene(reply: only("10.0.0.1", "10.0.0.2"))
        try scene.start()
        #expect(scene.run(until: { scene.endpoints().count == 2 }))
        let published = scene.snapshots.count
        scene.reply = { _ in .code(code) }
        #expect(scene.runRounds(4))
        #expect(scene.events.lines.dropFirst() == ["warning web: \(reason), keeping 2 endpoints"])
        scene.reply = only("10.0.0.1", "10.0.0.2")
        #expect(scene.run(until: { scene.events.lines.last == "info web: resolved again, keeping 2 endpoints" }))
        #expect(scene.snapshots.count == published)
    }

    @Test func silenceKeepsTheSet() throws {
        let scene = try Scene(reply: only("10.0.0.1"))
        try scene.start(serverTimeout: 100)
        #expect(scene.run(until: { scene.endpoints().count == 1 }))
        scene.reply = { _ in .silence }
        #expect(scene.run(until: { scene.events.lines.last == "warning web: no answer in time, keeping 1 endpoint" }))
        scene.reply = only("10.0.0.2")
        #expect(scene.run(until: { scene.endpoints() == ["10.0.0.2:80"] }))
    }

    @Test(arguments: [3, 0])
    func twoAbsencesEmptyThePool(code: UInt8) throws {
        let scene = try Scene(reply: only("10.0.0.1"))
        try scene.start()
        #expect(scene.run(until: { scene.endpoints().count == 1 }))
        let before = scene.server.count("web", type: ipv4)
        scene.reply = { _ in .code(code) }
        #expect(scene.run(until: { scene.endpoints().isEmpty }))
        #expect(scene.server.count("web", type: ipv4) >= before + 2)
        let reason = code == 3 ? "no such name" : "no address"
        #expect(scene.events.lines.last == "warning web:80: 0 endpoints (-10.0.0.1): \(reason)")
        scene.reply = only("10.0.0.1")
        #expect(scene.run(until: { scene.endpoints() == ["10.0.0.1:80"] }))
    }

    @Test func oneAbsenceIsNotBelieved() throws {
        let scene = try Scene(reply: only("10.0.0.1"))
        try scene.start()
        #expect(scene.run(until: { scene.endpoints().count == 1 }))
        let published = scene.snapshots.count
        var absent = 0
        scene.reply = { question in
            guard question.type == ipv4 else { return .code(absent % 2 == 1 ? 3 : 0) }
            absent += 1
            return absent % 2 == 1 ? .code(3) : .records([.a("10.0.0.1")])
        }
        #expect(scene.runRounds(6))
        #expect(scene.snapshots.count == published)
        #expect(scene.events.lines.count == 1)
    }

    @Test func aFailingFamilyKeepsItsAddressesAndTheOtherMoves() throws {
        let scene = try Scene { .records($0.type == ipv4 ? [.a("10.0.0.1")] : [.aaaa(last: 1)]) }
        try scene.start()
        #expect(scene.run(until: { scene.endpoints().count == 2 }))
        scene.reply = { $0.type == ipv4 ? .records([.a("10.0.0.2")]) : .code(2) }
        #expect(scene.run(until: { scene.endpoints() == ["[fd00::1]:80", "10.0.0.2:80"] }))
        #expect(scene.events.lines.last == "info web:80: 2 endpoints (+10.0.0.2, -10.0.0.1): AAAA: SERVFAIL")
    }

    @Test func aFamilyThatIsNeverAnsweredHoldsNothingUp() throws {
        let scene = try Scene { $0.type == ipv4 ? .records([.a("10.0.0.1")]) : .silence }
        try scene.start()
        let began = Instant.read()
        #expect(scene.run(until: { scene.endpoints() == ["10.0.0.1:80"] }))
        #expect(Instant.read() - began < 1500)
        scene.reply = { $0.type == ipv4 ? .records([.a("10.0.0.2")]) : .silence }
        #expect(scene.run(until: { scene.endpoints() == ["10.0.0.2:80"] }, limit: 1500))
    }

    @Test func anAnswerThatCameTooLateChangesNothing() throws {
        let scene = try Scene { $0.type == ipv4 ? .records([.a("10.0.0.1")]) : .late(400, [.aaaa(last: 1)]) }
        try scene.start(interval: 60_000)
        #expect(scene.run(until: { scene.endpoints() == ["10.0.0.1:80"] }))
        #expect(scene.events.lines == ["info web:80: 1 endpoint (+10.0.0.1): AAAA: no answer yet"])
        let published = scene.snapshots.count
        let began = Instant.read()
        #expect(scene.run(until: { Instant.read() - began > 300 }))
        #expect(scene.snapshots.count == published)
        scene.reply = { .records($0.type == ipv4 ? [.a("10.0.0.1")] : [.aaaa(last: 1)]) }
        try scene.directory.connectFailed("10.0.0.1")
        #expect(scene.run(until: { scene.endpoints() == ["10.0.0.1:80", "[fd00::1]:80"] }))
    }

    // MARK: Lies and noise

    private static let noises: [@Sendable (_ query: [UInt8]) -> [UInt8]] = [
        { _ in [] },
        { _ in [1, 2, 3] },
        { _ in [UInt8](repeating: 0xff, count: 600) },
        // The wrong id.
        { query in
            let wrong = [query[0] ^ 0xff] + query[1...]
            return DNSMessage.answer(to: wrong, records: [.a("6.6.6.6")])
        },
        // The answer to another question.
        { query in
            let other = Array(query[..<2]) + DNSMessage.query("evil", type: 1)[2...]
            return DNSMessage.answer(to: other, records: [.a("6.6.6.6")])
        },
        // The question sent back.
        { query in query },
        // A record that is cut.
        { query in Array(DNSMessage.answer(to: query, records: [.a("6.6.6.6")]).dropLast(2)) },
        { query in DNSMessage.answer(to: query, records: [.a("6.6.6.6")], isResponse: false) },
    ]

    @Test(arguments: noises.indices)
    func noiseIsNotBelieved(index: Int) throws {
        let scene = try Scene(reply: only("10.0.0.1"))
        try scene.start(serverTimeout: 100)
        #expect(scene.run(until: { scene.endpoints().count == 1 }))
        let published = scene.snapshots.count
        scene.reply = { _ in .raw(Self.noises[index]) }
        #expect(scene.run(until: { scene.events.lines.contains { $0.contains("keeping 1 endpoint") } }))
        #expect(scene.snapshots.count == published)
        scene.reply = only("10.0.0.2")
        #expect(scene.run(until: { scene.endpoints() == ["10.0.0.2:80"] }))
    }

    // MARK: Names and files

    @Test func theSearchListIsFollowed() throws {
        let scene = try Scene { question in
            guard question.name == "web.two.example" else { return .code(3) }
            return .records(question.type == ipv4 ? [.a("10.0.0.1")] : [])
        }
        try scene.files.write("search one.example two.example\n", to: "resolv.conf")
        try scene.start()
        #expect(scene.run(until: { scene.endpoints() == ["10.0.0.1:80"] }))
        #expect(scene.server.count("web", type: ipv4) == 0)
        #expect(scene.server.count("web.one.example", type: ipv4) > 0)
    }

    @Test func aTrailingDotIsAbsolute() throws {
        let scene = try Scene(reply: only("10.0.0.1"))
        try scene.files.write("search one.example\n", to: "resolv.conf")
        try scene.start([[.name("web.", port: 80)]])
        #expect(scene.run(until: { scene.endpoints() == ["10.0.0.1:80"] }))
        #expect(scene.server.questions.allSatisfy { $0.name == "web" })
    }

    @Test func aChangedSearchListCounts() throws {
        let scene = try Scene { question in
            guard question.name.hasSuffix(".example") else { return .code(3) }
            let address = question.name == "web.one.example" ? "10.0.0.1" : "10.0.0.2"
            return .records(question.type == ipv4 ? [.a(address)] : [])
        }
        try scene.files.write("search one.example\n", to: "resolv.conf")
        try scene.start()
        #expect(scene.run(until: { scene.endpoints() == ["10.0.0.1:80"] }))
        try scene.files.write("search two.example\n", to: "resolv.conf")
        #expect(scene.run(until: { scene.endpoints() == ["10.0.0.2:80"] }))
    }

    @Test func theHostsFileComesBeforeDNS() throws {
        let scene = try Scene(reply: only("10.0.0.1"))
        try scene.files.write("10.0.0.7 web\n", to: "hosts")
        try scene.start()
        #expect(scene.run(until: { scene.endpoints() == ["10.0.0.7:80"] }))
        #expect(scene.server.questions.isEmpty)
        try scene.files.write("10.0.0.8 web\n", to: "hosts")
        #expect(scene.run(until: { scene.endpoints() == ["10.0.0.8:80"] }))
        try scene.files.write("", to: "hosts")
        #expect(scene.run(until: { scene.endpoints() == ["10.0.0.1:80"] }))
    }

    @Test func localhostNeedsNoServer() throws {
        let scene = try Scene { _ in .code(2) }
        scene.server.stop()
        try scene.start([[.name("localhost", port: 80)]])
        #expect(scene.run(until: { scene.endpoints() == ["127.0.0.1:80", "[::1]:80"] }))
    }

    @Test func aNameThatNoMessageCanCarryIsAFailure() throws {
        let scene = try Scene(reply: only("10.0.0.1"))
        try scene.start([[.name("a..b", port: 80)], [.name("web", port: 80)]])
        #expect(scene.run(until: { scene.endpoints(of: 1).count == 1 && scene.events.lines.count == 2 }))
        #expect(scene.events.lines.contains { $0.hasPrefix("warning a..b: ") && $0.hasSuffix(", no endpoints") })
    }

    // MARK: Services

    @Test func literalsNeedNoServer() throws {
        let scene = try Scene { _ in .silence }
        let literal = try #require(SocketAddress(ip: "10.0.0.9", port: 81))
        try scene.start([[.address(literal)], [.name("web", port: 80), .address(literal)]])
        #expect(scene.run(until: { !scene.endpoints().isEmpty }, limit: 100))
        #expect(scene.endpoints() == ["10.0.0.9:81"])
        #expect(scene.endpoints(of: 1) == ["10.0.0.9:81"])
    }

    @Test func targetsOfAServiceAreOneSet() throws {
        let scene = try Scene { question in
            let address = question.name == "web" ? "10.0.0.2" : "10.0.0.1"
            return .records(question.type == ipv4 ? [.a(address), .a("10.0.0.3")] : [])
        }
        try scene.start([[.name("web", port: 80), .name("other", port: 80)]])
        #expect(scene.run(until: { Set(scene.endpoints()) == ["10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80"] }))
        #expect(scene.endpoints().count == 3)
    }

    @Test func aSharedNameIsAskedOnce() throws {
        let scene = try Scene(reply: only("10.0.0.1"))
        try scene.start([[.name("web", port: 80)], [.name("WEB", port: 81)]], interval: 60_000)
        #expect(scene.run(until: { scene.endpoints(of: 1) == ["10.0.0.1:81"] }))
        #expect(scene.endpoints() == ["10.0.0.1:80"])
        #expect(scene.server.count("web", type: ipv4) == 1)
        #expect(scene.events.lines == ["info web:80: 1 endpoint (+10.0.0.1)", "info WEB:81: 1 endpoint (+10.0.0.1)"])
    }

    // MARK: The end

    @Test func nothingHappensAfterStop() throws {
        let scene = try Scene(reply: only("10.0.0.1"))
        try scene.start(interval: 20)
        #expect(scene.run(until: { scene.server.questions.count >= 4 }))
        try scene.directory.stop()
        let published = scene.snapshots.count
        scene.reply = only("10.0.0.2")
        // What is on its way arrives, and no question follows it.
        let began = Instant.read()
        #expect(scene.run(until: { Instant.read() - began > 30 }))
        let asked = scene.server.questions.count
        #expect(scene.run(until: { Instant.read() - began > 150 }))
        #expect(scene.server.questions.count == asked)
        #expect(scene.snapshots.count == published)
    }
}
