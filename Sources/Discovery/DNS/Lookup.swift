/// The walk along the names that one name may stand for (the search list, resolv.conf(5)), until one has records.
///
/// A value: it says what to ask, is told the answers, and in the end says what is to be believed.
struct Lookup: Sendable {
    enum Step: Equatable, Sendable {
        case ask(String)
        /// `home` is the candidate that the answers came from, nil where no candidate has records.
        case done(Answers, home: String?)
    }

    private let types: [RecordType]
    private var remaining: ArraySlice<String>
    private var current = ""
    /// The candidate that gave the records in use.
    private let home: String?
    private var absenceAtHome: Answers?
    private var absence: Answers?
    private var failure: Answer.Failure?

    /// - Parameter types: what is asked about each candidate.
    init(_ types: [RecordType], candidates: [String], home: String?) {
        self.types = types
        remaining = candidates[...]
        self.home = home
    }

    mutating func begin() -> Step { advance() }

    /// Takes the answers about the candidate that the last step named.
    ///
    /// A server that fails for one search domain must not hide the name that follows (a cluster's search list ends in
    /// the provider's domain), so the walk goes on. But where the candidate in use fails, it is kept: what a later
    /// candidate names may be another service.
    mutating func take(_ answers: Answers) -> Step {
        let isHome = current == home
        if answers.hasRecords { return .done(answers, home: current) }
        if answers.failure != nil && isHome { return .done(answers, home: home) }
        if let found = answers.failure {
            failure = failure ?? found
        } else if isHome {
            absenceAtHome = answers
        } else {
            absence = answers
        }
        return advance()
    }

    private mutating func advance() -> Step {
        if let next = remaining.popFirst() {
            current = next
            return .ask(next)
        }
        return .done(conclusion, home: nil)
    }

    /// What nobody having records means. The records in use are gone when their own name is, whoever else failed.
    private var conclusion: Answers {
        if let absenceAtHome { return absenceAtHome }
        if let failure { return Answers(types, all: .failure(failure)) }
        return absence ?? Answers(types, all: .noSuchName)
    }
}
