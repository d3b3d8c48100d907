import ProxyCore
import Testing

@testable import Discovery

@Suite struct NameStateTests {
    private static let servfail = Answer.failure(.code(2))
    private static let timeout = Answer.failure(.unheard("no answer in time"))

    private static func found(_ literals: String...) -> Answer {
        .addresses(literals.compactMap { SocketAddress(ip: $0, port: 0) }, ttlSeconds: 600)
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
        _ = state.take(FamilyAnswers(a: Self.found("10.0.0.1"), aaaa: Self.found("fd00::1")))
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
        _ = state.take(FamilyAnswers(a: Self.found("10.0.0.1"), aaaa: .noData))
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
            #expect(state.take(FamilyAnswers(a: row.a, aaaa: row.aaaa)) == verdict)
        }
        #expect(state.addresses.map(\.ip) == row.left)
    }

    @Test func theFirstOfTwoAbsencesChangesNothing() {
        var state = NameState()
        _ = state.take(FamilyAnswers(a: Self.found("10.0.0.1"), aaaa: .noData))
        #expect(state.take(FamilyAnswers(a: .noSuchName, aaaa: .noSuchName)) == .doubtful)
        #expect(state.addresses == ips("10.0.0.1"))
    }

    @Test func absencesMustFollowEachOther() {
        let absent = FamilyAnswers(a: .noSuchName, aaaa: .noSuchName)
        var state = NameState()
        _ = state.take(FamilyAnswers(a: Self.found("10.0.0.1"), aaaa: .noData))
        for between in [Self.servfail, Self.found("10.0.0.1")] {
            #expect(state.take(absent) == .doubtful)
            _ = state.take(FamilyAnswers(a: between, aaaa: .noData))
            #expect(state.addresses == ips("10.0.0.1"))
        }
        #expect(state.take(absent) == .doubtful)
        #expect(state.take(absent) == .absent(.noSuchName))
    }

    @Test func addressesFromAFileNeedNoConfirmation() {
        var state = NameState()
        _ = state.take(FamilyAnswers(a: Self.found("10.0.0.1"), aaaa: Self.found("fd00::1")))
        state.take(fixed: ips("fd00::5", "10.0.0.5"))
        #expect(state.addresses == ips("fd00::5", "10.0.0.5"))
    }
}

@Suite struct LookupTests {
    private let found = FamilyAnswers(a: .addresses(ips("10.0.0.1"), ttlSeconds: 1), aaaa: .noData)
    private let absent = FamilyAnswers(a: .noSuchName, aaaa: .noSuchName)
    private let failed = FamilyAnswers(a: .failure(.code(5)), aaaa: .failure(.code(2)))
    private let failedAll = FamilyAnswers(a: .failure(.code(5)), aaaa: .failure(.code(5)))

    /// Answers each candidate in turn and says which were asked, and the end.
    private func walk(_ answers: [FamilyAnswers], home: String? = nil) -> (asked: [String], end: Lookup.Step) {
        var lookup = Lookup(candidates: ["one", "two", "three"], home: home)
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
        let half = FamilyAnswers(a: .failure(.late), aaaa: found.a)
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
        let empty = FamilyAnswers(a: .noData, aaaa: .noData)
        #expect(walk([failed, failed, empty], home: "three").end == .done(empty, home: nil))
        #expect(walk([empty, failed, failed], home: "one").end == .done(empty, home: nil))
    }

    @Test func noCandidateAtAll() {
        var lookup = Lookup(candidates: [], home: nil)
        #expect(lookup.begin() == .done(absent, home: nil))
    }
}
