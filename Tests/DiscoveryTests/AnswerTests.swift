import ProxyCore
import Testing

@testable import Discovery

@Suite struct AnswerTests {
    private let query = DNSMessage.query("web.example", type: 1)

    private func answer(_ records: [DNSMessage.Record], type: RecordType = .a) -> Answer {
        let query = DNSMessage.query("web.example", type: type.rawValue)
        return Answer(message: DNSMessage.answer(to: query, records: records), type: type)
    }

    private func records(_ addresses: [SocketAddress], ttlSeconds: Int) -> Answer {
        .records(addresses.map { .address($0) }, ttlSeconds: ttlSeconds)
    }

    @Test func addressesComeInOrderAndOnce() {
        let shuffled = answer([.a("10.0.0.10"), .a("10.0.0.9"), .a("10.0.0.10"), .a("9.9.9.9", ttl: 30)])
        #expect(shuffled == records(ips("9.9.9.9", "10.0.0.9", "10.0.0.10"), ttlSeconds: 30))
    }

    @Test func ipv6() {
        #expect(
            answer([.aaaa(last: 2, ttl: 5), .aaaa(last: 1)], type: .aaaa)
                == records(ips("fd00::1", "fd00::2"), ttlSeconds: 5))
    }

    @Test func aliasesAreFollowedAndTheirTimeToLiveCounts() {
        let chain: [DNSMessage.Record] = [
            .cname("b.example", ttl: 20), .cname("c.example", ttl: 7, owner: "b.example"),
            .a("10.0.0.1", ttl: 300, owner: "c.example"),
        ]
        #expect(answer(chain) == records(ips("10.0.0.1"), ttlSeconds: 7))
        #expect(answer(Array(chain.dropLast())) == .noData)
    }

    @Test func recordsOfOtherNamesAndTypesAreIgnored() {
        let mixed = answer([.a("10.0.0.1", owner: "other.example"), .a("10.0.0.2")])
        #expect(mixed == records(ips("10.0.0.2"), ttlSeconds: 600))
        #expect(answer([.a("10.0.0.1")], type: .aaaa) == .noData)
    }

    @Test func unspecifiedAddressesAreNone() {
        #expect(answer([.a("0.0.0.0")]) == .noData)
        #expect(answer([.a("0.0.0.0"), .a("10.0.0.1")]) == records(ips("10.0.0.1"), ttlSeconds: 600))
    }

    @Test func aliasesInAnyOrderAndInCircles() {
        let chain: [DNSMessage.Record] = [
            .a("10.0.0.1", owner: "c.example"), .cname("c.example", owner: "b.example"), .cname("B.example"),
        ]
        #expect(answer(chain) == records(ips("10.0.0.1"), ttlSeconds: 600))
        let circle: [DNSMessage.Record] = [.cname("b.example"), .cname("web.example", owner: "b.example")]
        #expect(answer(circle) == .noData)
        #expect(answer(circle + [.a("10.0.0.1")]) == records(ips("10.0.0.1"), ttlSeconds: 600))
    }

    @Test func namesDifferInNoCase() {
        #expect(answer([.a("10.0.0.1", owner: "WEB.Example")]) == records(ips("10.0.0.1"), ttlSeconds: 600))
    }

    @Test func anAddressOfAnotherLengthIsMalformed() {
        let short = DNSMessage.Record(owner: nil, type: 1, ttl: 600, data: [10, 0, 0])
        #expect(answer([.a("10.0.0.1"), short]) == .failure(.unusable("malformed answer")))
    }

    // MARK: SRV

    private func services(_ records: [DNSMessage.Record]) -> [ServiceRecord]? {
        guard case .records(let found, _) = answer(records, type: .srv) else { return nil }
        return found.compactMap(\.service)
    }

    @Test func serviceRecordsInOrderAndOnce() {
        let found = services([
            .srv("B.example", port: 81, priority: 20), .srv("a.example", port: 80, priority: 10, weight: 1),
            .srv("c.example", port: 80, priority: 10, weight: 5), .srv("b.example", port: 81, priority: 20),
        ])
        #expect(
            found == [
                ServiceRecord(priority: 10, weight: 5, port: 80, target: "c.example."),
                ServiceRecord(priority: 10, weight: 1, port: 80, target: "a.example."),
                ServiceRecord(priority: 20, weight: 0, port: 81, target: "b.example."),
            ])
    }

    @Test func theRootMeansThatThereIsNoSuchService() {
        // RFC 2782, "Target".
        #expect(answer([.srv(".", port: 0)], type: .srv) == .noData)
    }

    @Test(arguments: ["a b.example", "evil\nwarning: all is lost", "a\0.example", "ä.example", "a,b"])
    func targetsThatAreNoHostNamesArePassedOver(target: String) {
        #expect(answer([.srv(target, port: 80)], type: .srv) == .noData)
        #expect(services([.srv(target, port: 80), .srv("b.example", port: 80)])?.map(\.target) == ["b.example."])
    }

    @Test func aServiceRecordWithoutAPortIsPassedOver() {
        #expect(answer([.srv("a.example", port: 0)], type: .srv) == .noData)
    }

    @Test func everyCutOfAServiceRecordIsAFailure() {
        let query = DNSMessage.query("web.example", type: 33)
        let whole = DNSMessage.answer(to: query, records: [.srv("a.example", port: 80)])
        for count in 0..<whole.count {
            let answer = Answer(message: Array(whole[..<count]), type: .srv)
            #expect(answer == .failure(.unusable("malformed answer")), "cut at \(count)")
        }
        for length in 0..<17 {
            var record = DNSMessage.Record.srv("a.example", port: 80)
            record.data = Array(record.data.prefix(length))
            #expect(answer([record], type: .srv) == .failure(.unusable("malformed answer")), "\(length) bytes")
        }
    }

    @Test func aNameOfMoreThan253BytesIsMalformed() {
        func target(_ last: Int) -> String {
            ([63, 63, 63, last].map { String(repeating: "x", count: $0) }).joined(separator: ".")
        }
        #expect(services([.srv(target(61), port: 80)])?.map(\.target) == [target(61) + "."])
        #expect(answer([.srv(target(62), port: 80)], type: .srv) == .failure(.unusable("malformed answer")))
    }

    @Test func aNegativeTimeToLiveIsZero() {
        // RFC 2181 section 8.
        #expect(answer([.a("10.0.0.1", ttl: .max)]) == records(ips("10.0.0.1"), ttlSeconds: 0))
    }

    @Test(arguments: [
        (0, Answer.noData), (1, .failure(.code(1))), (2, .failure(.code(2))), (3, .noSuchName),
        (4, .failure(.code(4))), (5, .failure(.code(5))), (9, .failure(.code(9))),
    ])
    func responseCodes(code: Int, expected: Answer) {
        #expect(Answer(message: DNSMessage.answer(to: query, code: UInt8(code)), type: .a) == expected)
    }

    @Test func codesHaveNames() {
        let names = [1, 2, 4, 5, 9].map { Answer.Failure.code($0).description }
        #expect(names == ["FORMERR", "SERVFAIL", "NOTIMP", "REFUSED", "response code 9"])
    }

    @Test func anEchoedQuestionSaysNothing() {
        let echo = DNSMessage.answer(to: query, isResponse: false)
        #expect(Answer(message: echo, type: .a) == .failure(.unusable("question echoed")))
    }

    @Test func aPartIsNoSet() {
        let part = DNSMessage.answer(to: query, records: [.a("10.0.0.1")], isTruncated: true)
        #expect(Answer(message: part, type: .a) == .failure(.unusable("truncated answer")))
    }

    @Test func everyCutIsAFailure() {
        let whole = DNSMessage.answer(to: query, records: [.cname("b.example"), .a("10.0.0.1", owner: "b.example")])
        for count in 0..<whole.count {
            let answer = Answer(message: Array(whole[..<count]), type: .a)
            #expect(answer == .failure(.unusable("malformed answer")), "cut at \(count)")
        }
    }

    @Test func noByteMakesMoreAddressesThanThereAreRecords() {
        let whole = DNSMessage.answer(to: query, records: [.cname("b.example"), .a("10.0.0.1", owner: "b.example")])
        for index in whole.indices {
            for value in UInt8.min...UInt8.max {
                var message = whole
                message[index] = value
                if case .records(let addresses, let ttl) = Answer(message: message, type: .a) {
                    #expect(addresses.count == 1 && ttl >= 0)
                }
            }
        }
    }

    /// Bytes put anywhere, cut anywhere, and read as each type: whatever comes out, it is no more than was in it.
    @Test(arguments: [RecordType.a, .aaaa, .srv])
    func manyFaultsAtOnceMakeNoMoreRecordsEither(type: RecordType) {
        let query = DNSMessage.query("web.example", type: type.rawValue)
        let whole = DNSMessage.answer(
            to: query,
            records: [
                .cname("b.example"), .a("10.0.0.1"), .aaaa(last: 1), .srv("a.example", port: 80), .srv(".", port: 1),
            ])
        var state: UInt64 = 7
        func random(below bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        for _ in 0..<20_000 {
            var message = whole
            for _ in 0...random(below: 6) { message[random(below: message.count)] = UInt8(random(below: 256)) }
            if random(below: 4) == 0 { message.removeLast(random(below: message.count)) }
            if case .records(let records, let ttl) = Answer(message: message, type: type) {
                #expect((1...5).contains(records.count) && ttl >= 0)
            }
        }
    }

    @Test func pointerLoopsEnd() {
        var message = DNSMessage.answer(to: query, records: [.a("10.0.0.1")])
        let owner = DNSMessage.answer(to: query).count
        message.replaceSubrange(owner..<(owner + 2), with: [0xc0, UInt8(owner)])
        #expect(Answer(message: message, type: .a) == .failure(.unusable("malformed answer")))
    }

    @Test func theLargestAnswerIsWhole() {
        let records = (0..<4090).map { DNSMessage.Record.a("10.1.\($0 / 256).\($0 % 256)") }
        guard case .records(let addresses, _) = answer(records) else {
            Issue.record("no addresses")
            return
        }
        #expect(addresses.count == 4090)
    }
}
