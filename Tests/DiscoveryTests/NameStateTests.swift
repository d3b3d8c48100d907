import ProxyCore
import Testing

@testable import Discovery

@Suite struct NameStateTests {
    private static let servfail = Answer.failure(.code(2))
    private static let timeout = Answer.failure(.unheard("no answer in time"))

    private func at(_ milliseconds: Milliseconds) -> Instant { Instant(microseconds: 1_000_000_000) + milliseconds }

    private static func found(_ literals: String...) -> Answer {
        .records(literals.compactMap { SocketAddress(ip: $0, port: 0) }.map { .address($0) }, ttlSeconds: 600)
    }

    struct Row: CustomTestStringConvertible, Sendable {
        let a: Answer
        let aaaa: Answer
        let verdicts: [NameState.Verdict]
        let left: [String]

        /// The verdicts on the same answers, given as often as there are verdicts, and the addresses after them.
        init(_ a: Answer, _ aaaa: Answer, _ verdicts: NameState.Verdict..., left: [String]) {
            self.a = a
            self.aaaa = aaaa
            self.verdicts = verdicts
            self.left = left
        }

        var testDescription: String { "\(a) \(aaaa)" }
    }

    /// Each row starts with 10.0.0.1 and fd00::1.
    private static let fromBoth: [Row] = [
        Row(found("10.0.0.2"), found("fd00::2"), .resolved, left: ["10.0.0.2", "fd00::2"]),
        Row(found("10.0.0.2"), .noData, .resolved, left: ["10.0.0.2"]),
        Row(found("10.0.0.2"), .noSuchName, .resolved, left: ["10.0.0.2"]),
        Row(found("10.0.0.2"), servfail, .partial(.aaaa, .code(2)), left: ["10.0.0.2", "fd00::1"]),
        Row(.noData, found("fd00::2"), .resolved, left: ["fd00::2"]),
        Row(.noSuchName, found("fd00::2"), .resolved, left: ["fd00::2"]),
        Row(servfail, found("fd00::2"), .partial(.a, .code(2)), left: ["10.0.0.1", "fd00::2"]),
        Row(.noData, .noData, .doubtful, .absent(.noData), left: []),
        Row(.noSuchName, .noSuchName, .doubtful, .absent(.noSuchName), left: []),
        Row(.noData, .noSuchName, .doubtful, .absent(.noData), left: []),
        Row(.noSuchName, .noData, .doubtful, .absent(.noSuchName), left: []),
        Row(.noData, servfail, .failing(.code(2)), left: ["fd00::1"]),
        Row(.noSuchName, servfail, .failing(.code(2)), left: ["fd00::1"]),
        Row(servfail, .noData, .failing(.code(2)), left: ["10.0.0.1"]),
        Row(servfail, .noSuchName, .failing(.code(2)), left: ["10.0.0.1"]),
        Row(servfail, timeout, .failing(.code(2)), .failing(.code(2)), left: ["10.0.0.1", "fd00::1"]),
    ]

    @Test(arguments: fromBoth)
    func fromBothFamilies(row: Row) {
        var state = NameState()
        _ = state.take([.a: Self.found("10.0.0.1"), .aaaa: Self.found("fd00::1")], at: at(0))
        check(row, &state)
    }

    /// Each row starts with 10.0.0.1 alone, as names of an IPv4 network do.
    private static let fromIPv4: [Row] = [
        Row(.noData, .noData, .doubtful, .absent(.noData), left: []),
        Row(.noSuchName, .noSuchName, .doubtful, .absent(.noSuchName), left: []),
        Row(servfail, .noData, .failing(.code(2)), .failing(.code(2)), left: ["10.0.0.1"]),
        Row(servfail, .noSuchName, .failing(.code(2)), .failing(.code(2)), left: ["10.0.0.1"]),
        Row(.noSuchName, timeout, .doubtful, .failing(.unheard("no answer in time")), left: []),
        Row(timeout, timeout, .failing(.unheard("no answer in time")), left: ["10.0.0.1"]),
        Row(found("10.0.0.1"), timeout, .partial(.aaaa, .unheard("no answer in time")), left: ["10.0.0.1"]),
    ]

    @Test(arguments: fromIPv4)
    func fromIPv4Alone(row: Row) {
        var state = NameState()
        _ = state.take([.a: Self.found("10.0.0.1"), .aaaa: .noData], at: at(0))
        check(row, &state)
    }

    private static let fromNothing: [Row] = [
        Row(.noData, .noData, .absent(.noData), left: []),
        Row(.noSuchName, .noSuchName, .absent(.noSuchName), left: []),
        Row(servfail, servfail, .failing(.code(2)), left: []),
        Row(.noData, servfail, .failing(.code(2)), left: []),
        Row(found("10.0.0.1"), .noData, .resolved, left: ["10.0.0.1"]),
        Row(found("10.0.0.1"), servfail, .partial(.aaaa, .code(2)), left: ["10.0.0.1"]),
    ]

    @Test(arguments: fromNothing)
    func fromNothingKnown(row: Row) {
        var state = NameState()
        check(row, &state)
    }

    private func check(_ row: Row, _ state: inout NameState) {
        for verdict in row.verdicts {
            #expect(state.take([.a: row.a, .aaaa: row.aaaa], at: at(0)) == verdict)
        }
        #expect(state.records.compactMap(\.address).map(\.ip) == row.left)
    }

    @Test func theFirstOfTwoAbsencesChangesNothing() {
        var state = NameState()
        _ = state.take([.a: Self.found("10.0.0.1"), .aaaa: .noData], at: at(0))
        #expect(state.take([.a: .noSuchName, .aaaa: .noSuchName], at: at(0)) == .doubtful)
        #expect(state.records.compactMap(\.address) == ips("10.0.0.1"))
    }

    @Test func absencesMustFollowEachOther() {
        let absent: Answers = [.a: .noSuchName, .aaaa: .noSuchName]
        var state = NameState()
        _ = state.take([.a: Self.found("10.0.0.1"), .aaaa: .noData], at: at(0))
        for between in [Self.servfail, Self.found("10.0.0.1")] {
            #expect(state.take(absent, at: at(0)) == .doubtful)
            _ = state.take([.a: between, .aaaa: .noData], at: at(0))
            #expect(state.records.compactMap(\.address) == ips("10.0.0.1"))
        }
        #expect(state.take(absent, at: at(0)) == .doubtful)
        #expect(state.take(absent, at: at(0)) == .absent(.noSuchName))
    }

    // MARK: Records that are too old

    private static let failed: Answers = [.a: servfail, .aaaa: servfail]

    private func resolved(staleMilliseconds: Milliseconds?) -> NameState {
        var state = NameState(staleMilliseconds: staleMilliseconds)
        _ = state.take([.a: Self.found("10.0.0.1"), .aaaa: Self.found("fd00::1")], at: at(0))
        return state
    }

    @Test func withoutALimitNothingExpires() {
        var state = resolved(staleMilliseconds: nil)
        _ = state.take(Self.failed, at: at(10))
        #expect(state.expiry == nil)
        state.expire(at: at(1_000_000_000))
        #expect(state.records.count == 2)
    }

    @Test func theLimitRunsFromTheLastAnswer() {
        var state = resolved(staleMilliseconds: 30_000)
        #expect(state.expiry == nil, "while servers answer, the schedule sees to the age")
        _ = state.take([.a: Self.found("10.0.0.1"), .aaaa: Self.found("fd00::1")], at: at(500))
        _ = state.take(Self.failed, at: at(10_000))
        #expect(state.expiry == at(30_500))
        state.expire(at: at(30_499))
        #expect(state.records.count == 2)
        state.expire(at: at(30_500))
        #expect(state.records.isEmpty)
        #expect(state.expiry == nil)
    }

    @Test func eachFamilyExpiresByItself() {
        var state = resolved(staleMilliseconds: 30_000)
        _ = state.take([.a: Self.found("10.0.0.2"), .aaaa: Self.servfail], at: at(20_000))
        #expect(state.expiry == at(30_000))
        state.expire(at: at(30_000))
        #expect(state.records.compactMap(\.address) == ips("10.0.0.2"))
    }

    @Test func anAnswerLiftsTheLimit() {
        var state = resolved(staleMilliseconds: 30_000)
        _ = state.take(Self.failed, at: at(20_000))
        _ = state.take([.a: Self.found("10.0.0.1"), .aaaa: .noData], at: at(29_000))
        #expect(state.expiry == nil)
        state.expire(at: at(100_000))
        #expect(state.records.compactMap(\.address) == ips("10.0.0.1"))
    }

    @Test func whatExpiredComesBackWithTheNextAnswer() {
        var state = resolved(staleMilliseconds: 1)
        _ = state.take(Self.failed, at: at(10))
        state.expire(at: at(10))
        #expect(state.take(Self.failed, at: at(20)) == .failing(.code(2)))
        #expect(state.take([.a: Self.found("10.0.0.1"), .aaaa: .noData], at: at(30)) == .resolved)
        #expect(state.records.compactMap(\.address) == ips("10.0.0.1"))
    }

    // MARK: Files

    @Test func addressesFromAFileNeedNoConfirmation() {
        var state = NameState()
        _ = state.take([.a: Self.found("10.0.0.1"), .aaaa: Self.found("fd00::1")], at: at(0))
        state.take(fixed: ips("fd00::5", "10.0.0.5"), at: at(0))
        #expect(state.records.compactMap(\.address) == ips("fd00::5", "10.0.0.5"))
    }
}

@Suite struct LookupTests {
    private let addresses = Answer.records(ips("10.0.0.1").map { .address($0) }, ttlSeconds: 1)
    private var found: Answers { [.a: addresses, .aaaa: .noData] }
    private let absent: Answers = [.a: .noSuchName, .aaaa: .noSuchName]
    private let failed: Answers = [.a: .failure(.code(5)), .aaaa: .failure(.code(2))]
    private let failedAll: Answers = [.a: .failure(.code(5)), .aaaa: .failure(.code(5))]
    /// Answers each candidate in turn and says which were asked, and the end.
    private func walk(_ answers: [Answers], home: String? = nil) -> (asked: [String], end: Lookup.Step) {
        var lookup = Lookup([.a, .aaaa], candidates: ["one", "two", "three"], home: home)
        var asked: [String] = []
        var step = lookup.begin()
        while case .ask(let name) = step, asked.count < answers.count {
            asked.append(name)
            step = lookup.take(answers[asked.count - 1])
        }
        return (asked, step)
    }

    @Test func theFirstWithAddressesIsIt() {
        let (asked, end) = walk([absent, found])
        #expect(asked == ["one", "two"])
        #expect(end == .done(found, home: "two"))
    }

    @Test func addressesOfOneFamilySuffice() {
        let half: Answers = [.a: .failure(.late), .aaaa: addresses]
        #expect(walk([half]).end == .done(half, home: "one"))
    }

    @Test func allAbsent() {
        #expect(walk([absent, absent, absent]).end == .done(absent, home: nil))
    }

    @Test func aFailureElsewhereDoesNotHideTheName() {
        let (asked, end) = walk([failed, absent, found], home: "three")
        #expect(asked == ["one", "two", "three"])
        #expect(end == .done(found, home: "three"))
    }

    @Test func aFailureAmongAbsencesIsAFailure() {
        #expect(walk([absent, failed, absent]).end == .done(failedAll, home: nil))
    }

    @Test func aFailureOfTheNameInUseEndsTheWalk() {
        let (asked, end) = walk([absent, failed, found], home: "two")
        #expect(asked == ["one", "two"])
        #expect(end == .done(failed, home: "two"))
    }

    @Test func theAbsenceOfTheNameInUseOutweighsFailuresElsewhere() {
        let empty: Answers = [.a: .noData, .aaaa: .noData]
        #expect(walk([failed, failed, empty], home: "three").end == .done(empty, home: nil))
        #expect(walk([empty, failed, failed], home: "one").end == .done(empty, home: nil))
    }

    @Test func noCandidateAtAll() {
        var lookup = Lookup([.a, .aaaa], candidates: [], home: nil)
        #expect(lookup.begin() == .done(absent, home: nil))
    }
}
