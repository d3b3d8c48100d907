import Logging
import ProxyCore

/// One name, asked continually: the shell around `RefreshSchedule` (when), `Lookup` (what) and `NameState` (what it
/// means).
final class NameWatch {
    enum Kind: Hashable {
        case addresses
        /// SRV records.
        case services
    }

    /// As the configuration, or the record that names it, spells it.
    let name: String
    let kind: Kind
    /// Addresses have port 0; IPv4 comes first.
    private(set) var records: [Record] = []

    private let loop: ControlLoop
    private let source: NameSource
    private let log: Logger
    private let news: (_ watch: NameWatch, _ reason: String?) -> Void
    /// What the present refresh asks for.
    private var types: [RecordType] = []

    private var schedule: RefreshSchedule
    private var state: NameState
    private var verdict: NameState.Verdict?
    private var lookup: Lookup
    /// The candidate of the search list that the records came from.
    private var home: String?
    /// Counts the questions, so that an answer to an earlier one is known as such.
    private var question = 0
    private var answers: Answers = [:]
    private var timer: ControlLoop.TimerID?
    private var expiryTimer: ControlLoop.TimerID?
    private var isStopped = false

    /// - Parameter news: called whenever `records` has changed, with the reason where it is another than a plain answer;
    ///   and at the end of the first refresh in any case.
    init(
        name: String, kind: Kind, interval: Milliseconds, loop: ControlLoop, source: NameSource, log: Logger,
        news: @escaping (_ watch: NameWatch, _ reason: String?) -> Void
    ) {
        self.name = name
        self.kind = kind
        self.loop = loop
        self.source = source
        self.log = log
        self.news = news
        schedule = RefreshSchedule(interval: interval)
        state = NameState(staleMilliseconds: source.staleMilliseconds)
        lookup = Lookup([], candidates: [], home: nil)
    }

    var addresses: [SocketAddress] { records.compactMap(\.address) }

    /// A refresh has ended, whatever it brought.
    var hasConcluded: Bool { verdict != nil }

    /// Nothing could be learned.
    var isFailing: Bool { verdict?.isFailure ?? false }

    // MARK: One refresh, from its beginning to the next

    /// Begins the first refresh, where that has not been done.
    func start() {
        if question == 0 && !hasConcluded { refresh() }
    }

    private func refresh() {
        guard !schedule.isAsking, !isStopped else { return }
        schedule.begin(at: loop.now)
        types = kind == .services ? [.srv] : source.addressTypes
        lookUp()
    }

    /// Asks again as soon as the rate allows, because an address has proved wrong or the source has changed.
    func refreshUrgently() {
        schedule.urge(at: loop.now)
        if !schedule.isAsking { scheduleRefresh() }
    }

    /// Goes by another interval, and by what else its source says otherwise now. What is known stays.
    func adopt(interval: Milliseconds) {
        schedule.setInterval(interval, at: loop.now)
        state.staleMilliseconds = source.staleMilliseconds
        scheduleExpiry()
        if hasConcluded && !schedule.isAsking { scheduleRefresh() }
    }

    func stop() {
        isStopped = true
        question += 1
        cancel(&timer)
        cancel(&expiryTimer)
    }

    private func lookUp() {
        let fixed = kind == .addresses ? source.hostsAddresses(of: name) : []
        if fixed.isEmpty {
            lookup = Lookup(types, candidates: source.candidates(for: name), home: home)
            perform(lookup.begin())
        } else {
            state.take(fixed: fixed, at: loop.now)
            conclude(.resolved, ttl: nil)
        }
    }

    private func perform(_ step: Lookup.Step) {
        switch step {
        case .ask(let candidate): ask(candidate)
        case .done(let answers, let home): decide(answers, home: home)
        }
    }

    private func ask(_ candidate: String) {
        question += 1
        answers = [:]
        let asked = question
        for type in types {
            source.ask(candidate, type) { [weak self] answer in self?.take(answer, type, asked) }
        }
    }

    private func take(_ answer: Answer, _ type: RecordType, _ asked: Int) {
        guard asked == question else { return }
        answers[type] = answer
        if answers.count == types.count {
            takeAnswers()
        } else if answer.hasRecords {
            cancel(&timer)
            timer = loop.schedule(after: Limits.otherFamilyMilliseconds) { [weak self] in self?.takeAnswers() }
        }
    }

    private func takeAnswers() {
        cancel(&timer)
        question += 1
        perform(lookup.take(Answers(types, all: .failure(.late)).merging(answers) { $1 }))
    }

    private func decide(_ answers: Answers, home: String?) {
        switch state.take(answers, at: loop.now) {
        case .doubtful: lookUp()
        case let verdict:
            if !verdict.isFailure { self.home = home }
            conclude(verdict, ttl: answers.ttlMilliseconds)
        }
    }

    private func conclude(_ verdict: NameState.Verdict, ttl: Milliseconds?) {
        let last = self.verdict
        self.verdict = verdict
        let hasChanged = state.records != records
        if !hasChanged && !verdict.isLike(last) { logStanding(verdict, isFirst: last == nil) }
        records = state.records
        schedule.end(failed: verdict.isFailure, ttl: ttl, at: loop.now, random: .random(in: 0..<1))
        scheduleRefresh()
        scheduleExpiry()
        if hasChanged || last == nil { news(self, reason(verdict)) }
    }

    private func scheduleRefresh() {
        cancel(&timer)
        guard !isStopped else { return }
        timer = loop.schedule(after: schedule.due - loop.now) { [weak self] in
            self?.timer = nil
            self?.refresh()
        }
    }

    private func cancel(_ timer: inout ControlLoop.TimerID?) {
        if let timer { loop.cancel(timer) }
        timer = nil
    }

    // MARK: Records that are too old

    private func scheduleExpiry() {
        cancel(&expiryTimer)
        guard let expiry = state.expiry else { return }
        // Rounded up, lest it were not yet due.
        expiryTimer = loop.schedule(after: expiry - loop.now + 1) { [weak self] in self?.expire() }
    }

    private func expire() {
        state.expire(at: loop.now)
        let hasChanged = records != state.records
        records = state.records
        scheduleExpiry()
        guard hasChanged, let limit = source.staleMilliseconds else { return }
        news(self, "nothing learned for \(limit.inWords)" + (verdict.flatMap(reason).map { ", \($0)" } ?? ""))
    }

    // MARK: What the event log says

    /// A line when things begin to go wrong and when they are right again, not at each refresh.
    private func logStanding(_ verdict: NameState.Verdict, isFirst: Bool) {
        let noun = kind == .services ? "SRV record" : "endpoint"
        let standing = records.isEmpty ? "no \(noun)s" : "keeping \(records.count.counted(noun))"
        if let reason = reason(verdict) {
            log.warning("\(name): \(reason), \(standing)")
        } else if !isFirst {
            log.info("\(name): resolved again, \(standing)")
        }
    }

    /// What is wrong, nil where nothing is.
    private func reason(_ verdict: NameState.Verdict) -> String? {
        switch verdict {
        case .resolved, .doubtful: nil
        case .partial(let type, let failure): "\(type): \(failure)"
        case .failing(let failure): "\(failure)"
        case .absent(.noSuchName): "no such name"
        case .absent: kind == .services ? "no such service" : "no address"
        }
    }
}

extension NameState.Verdict {
    fileprivate var isFailure: Bool { if case .failing = self { true } else { false } }

    /// True where the two differ at most in the reason.
    fileprivate func isLike(_ other: NameState.Verdict?) -> Bool {
        switch (self, other) {
        case (.resolved, .resolved), (.failing, .failing), (.absent, .absent), (.doubtful, .doubtful): true
        case (.partial(let type, _), .partial(let otherType, _)): type == otherType
        default: false
        }
    }
}

extension Milliseconds {
    /// `30 s`, `1500 ms`.
    fileprivate var inWords: String { isMultiple(of: 1000) ? "\(self / 1000) s" : "\(self) ms" }
}
