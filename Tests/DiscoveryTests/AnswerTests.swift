import ProxyCore
import Testing

@testable import Discovery

@Suite struct AnswerTests {
    private let query = DNSMessage.query("web.example", type: 1)

    private func answer(_ records: [DNSMessage.Record], type: RecordType = .a) -> Answer {
        let query = DNSMessage.query("web.example", type: UInt16(type.code))
        return Answer(message: DNSMessage.answer(to: query, records: records), type: type)
    }

    @Test func addressesComeInOrderAndOnce() {
        let shuffled = answer([.a("10.0.0.10"), .a("10.0.0.9"), .a("10.0.0.10"), .a("9.9.9.9", ttl: 30)])
        #expect(shuffled == .addresses(ips("9.9.9.9", "10.0.0.9", "10.0.0.10"), ttlSeconds: 30))
    }

    @Test func ipv6() {
        #expect(
            answer([.aaaa(last: 2, ttl: 5), .aaaa(last: 1)], type: .aaaa)
                == .addresses(ips("fd00::1", "fd00::2"), ttlSeconds: 5))
    }

    @Test func aliasesAreFollowedAndTheirTimeToLiveCounts() {
        let chain: [DNSMessage.Record] = [
            .cname("b.example", ttl: 20), .cname("c.example", ttl: 7, owner: "b.example"),
            .a("10.0.0.1", ttl: 300, owner: "c.example"),
        ]
        #expect(answer(chain) == .addresses(ips("10.0.0.1"), ttlSeconds: 7))
        #expect(answer(Array(chain.dropLast())) == .noData)
    }

    @Test func recordsOfOtherNamesAndTypesAreIgnored() {
        let mixed = answer([.a("10.0.0.1", owner: "other.example"), .a("10.0.0.2")])
        #expect(mixed == .addresses(ips("10.0.0.2"), ttlSeconds: 600))
        #expect(answer([.a("10.0.0.1")], type: .aaaa) == .noData)
    }

    @Test func unspecifiedAddressesAreNone() {
        #expect(answer([.a("0.0.0.0")]) == .noData)
        #expect(answer([.a("0.0.0.0", ttl: 1), .a("10.0.0.1")]) == .addresses(ips("10.0.0.1"), ttlSeconds: 600))
    }

    @Test func aNegativeTimeToLiveIsZero() {
        // RFC 2181 section 8.
        #expect(answer([.a("10.0.0.1", ttl: .max)]) == .addresses(ips("10.0.0.1"), ttlSeconds: 0))
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
                if case .addresses(let addresses, let ttl) = Answer(message: message, type: .a) {
                    #expect(addresses.count == 1 && ttl >= 0)
                }
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
        guard case .addresses(let addresses, _) = answer(records) else {
            Issue.record("no addresses")
            return
        }
        #expect(addresses.count == 4090)
    }
}
