import Logging
import ProxyCore

/// One name, asked continually: the shell around `RefreshSchedule` (when), `Lookup` (what) and `NameState` (what it
/// means).
final class NameWatch {
    /// As the configuration spells it.
    let name: String
    /// With port 0; IPv4 first.
    private(set) var addresses: [SocketAddress] = []

    private let loop: ControlLoop
    private let source: NameSource
    private let log: Logger
    private let changed: (_ before: [SocketAddress], _ reason: String?) -> Void

    private var schedule: RefreshSchedule
    private var state = NameState()
    private var verdict: NameState.Verdict?
    private var lookup = Lookup(candidates: [], home: nil)
    /// The candidate of the search list that the addresses came from.
    private var home: String?
    /// Counts the questions, so that an answer to an earlier one is known as such.
    private var question = 0
    private var answers: [RecordType: Answer] = [:]
    private var timer: ControlLoop.TimerID?
    private var isStopped = false

    /// - Parameter changed: called whenever `addresses` has changed, with those before, and with the reason where it is
    ///   another than a plain answer.
    init(
        name: String, interval: Milliseconds, loop: ControlLoop, source: NameSource, log: Logger,
        changed: @escaping (_ before: [SocketAddress], _ reason: String?) -> Void
    ) {
        self.name = name
        self.loop = loop
        self.source = source
        self.log = log
        self.changed = changed
        schedule = RefreshSchedule(interval: interval)
    }

    // MARK: One refresh, from its beginning to the next

    func refresh() {
        guard !schedule.isAsking, !isStopped else { return }
        schedule.begin(at: loop.now)
        lookUp()
    }

    /// Asks again as soon as the rate allows, because an address has proved wrong or the source has changed.
    func refreshUrgently() {
        schedule.urge(at: loop.now)
        if !schedule.isAsking { scheduleRefresh() }
    }

    func stop() {
        isStopped = true
        question += 1
        cancelTimer()
    }

    private func lookUp() {
        let fixed = source.hostsAddresses(of: name)
        if fixed.isEmpty {
            lookup = Lookup(candidates: source.candidates(for: name), home: home)
            perform(lookup.begin())
        } else {
            state.take(fixed: fixed)
            conclude(.resolved)
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
        for type in RecordType.allCases {
            source.ask(candidate, type) { [weak self] answer in self?.take(answer, type, asked) }
        }
    }

    private func take(_ answer: Answer, _ type: RecordType, _ asked: Int) {
        guard asked == question else { return }
        answers[type] = answer
        if answers.count == RecordType.allCases.count {
            takeAnswers()
        } else if answer.hasAddresses {
            cancelTimer()
            timer = loop.schedule(after: Limits.otherFamilyMilliseconds) { [weak self] in self?.takeAnswers() }
        }
    }

    private func takeAnswers() {
        cancelTimer()
        question += 1
        perform(lookup.take(FamilyAnswers(a: answers[.a] ?? .failure(.late), aaaa: answers[.aaaa] ?? .failure(.late))))
    }

    private func decide(_ answers: FamilyAnswers, home: String?) {
        switch state.take(answers) {
        case .doubtful: lookUp()
        case let verdict:
            if !verdict.isFailure { self.home = home }
            conclude(verdict)
        }
    }

    private func conclude(_ verdict: NameState.Verdict) {
        let before = addresses
        let last = self.verdict
        self.verdict = verdict
        addresses = state.addresses
        if addresses != before {
            changed(before, verdict.reason)
        } else if !verdict.isLike(last) {
            logStanding(verdict, isFirst: last == nil)
        }
        schedule.end(failed: verdict.isFailure, at: loop.now, random: .random(in: 0..<1))
        scheduleRefresh()
    }

    private func scheduleRefresh() {
        cancelTimer()
        guard !isStopped else { return }
        timer = loop.schedule(after: schedule.due - loop.now) { [weak self] in
            self?.timer = nil
            self?.refresh()
        }
    }

    private func cancelTimer() {
        if let timer { loop.cancel(timer) }
        timer = nil
    }

    /// A line when things begin to go wrong and when they are right again, not at each refresh.
    private func logStanding(_ verdict: NameState.Verdict, isFirst: Bool) {
        let standing = addresses.isEmpty ? "no endpoints" : "keeping \(addresses.count.counted("endpoint"))"
        if let reason = verdict.reason {
            log.warning("\(name): \(reason), \(standing)")
        } else if !isFirst {
            log.info("\(name): resolved again, \(standing)")
        }
    }
}

extension NameState.Verdict {
    fileprivate var isFailure: Bool { if case .failing = self { true } else { false } }

    /// What is wrong, nil where nothing is.
    fileprivate var reason: String? {
        switch self {
        case .resolved, .doubtful: nil
        case .partial(let type, let failure): "\(type): \(failure)"
        case .failing(let failure): "\(failure)"
        case .absent(.noSuchName): "no such name"
        case .absent: "no address"
        }
    }

    /// True where the two differ at most in the reason.
    fileprivate func isLike(_ other: NameState.Verdict?) -> Bool {
        switch (self, other) {
        case (.resolved, .resolved), (.failing, .failing), (.absent, .absent), (.doubtful, .doubtful): true
        case (.partial(let type, _), .partial(let otherType, _)): type == otherType
        default: false
        }
    }
}
