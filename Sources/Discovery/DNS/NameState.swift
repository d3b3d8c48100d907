import ProxyCore

/// What is known of a name's records, and how each answer changes it.
///
/// Only an answer changes the set. A failure keeps what is known, type by type, for as long as it may be out of date; and
/// the last record goes only when two answers in a row say so.
struct NameState: Sendable {
    private struct Known {
        var records: [Record] = []
        /// When that was last heard.
        var learned = Instant(microseconds: 0)
        /// Nothing was learned since.
        var isStale = false

        mutating func take(_ answer: Answer, at now: Instant) {
            switch answer {
            case .records(let records, _): self = Known(records: records, learned: now)
            case .noData, .noSuchName: self = Known(learned: now)
            case .failure: isStale = true
            }
        }
    }

    /// How long records stay in use while nothing is learned; nil for without limit.
    var staleMilliseconds: Milliseconds?
    private var known: [RecordType: Known] = [:]
    /// The last answers would have emptied the set.
    private var isDoubted = false

    init(staleMilliseconds: Milliseconds? = nil) { self.staleMilliseconds = staleMilliseconds }

    /// The records to use: those of A first, then AAAA, each in ascending order.
    var records: [Record] { known.keys.sorted().flatMap { known[$0]?.records ?? [] } }

    /// How things stand with a name after an answer.
    enum Verdict: Equatable, Sendable {
        /// Ask a second time at once: the set may have to be emptied.
        case doubtful
        case resolved
        /// One type failed and its last records stay; another was taken.
        case partial(RecordType, Answer.Failure)
        /// Nothing was learned; everything stays.
        case failing(Answer.Failure)
        /// There is no record; the answer says why.
        case absent(Answer)
    }

    mutating func take(_ answers: Answers, at now: Instant) -> Verdict {
        var next = known
        for (type, answer) in answers { next[type, default: Known()].take(answer, at: now) }
        // What is not asked for any more stays until there is something in its place.
        if answers.firstFailure == nil { next = next.filter { answers.keys.contains($0.key) } }
        let empties = next.values.allSatisfy(\.records.isEmpty) && !records.isEmpty
        if empties && !isDoubted {
            isDoubted = true
            return .doubtful
        }
        isDoubted = false
        known = next
        return verdict(on: answers)
    }

    /// Takes addresses that need no confirmation and belong to no family's question, such as those of `/etc/hosts`.
    mutating func take(fixed addresses: [SocketAddress], at now: Instant) {
        isDoubted = false
        known = [.a: Known(records: addresses.map { .address($0) }, learned: now)]
    }

    /// When the next records will have been in use for as long as they may be without news; nil where none will.
    var expiry: Instant? {
        guard let staleMilliseconds else { return nil }
        return known.values.filter { $0.isStale && !$0.records.isEmpty }.map { $0.learned + staleMilliseconds }.min()
    }

    /// Drops what has expired.
    mutating func expire(at now: Instant) {
        guard let staleMilliseconds else { return }
        for (type, entry) in known where entry.isStale && entry.learned + staleMilliseconds <= now {
            known[type]?.records = []
        }
    }

    private func verdict(on answers: Answers) -> Verdict {
        guard let (type, failure) = answers.firstFailure else {
            let first = answers.keys.min().flatMap { answers[$0] }
            return records.isEmpty ? .absent(first ?? .noData) : .resolved
        }
        return answers.hasRecords ? .partial(type, failure) : .failing(failure)
    }
}
