import ProxyCore

@testable import Discovery

/// One name, asked continually: drives `RefreshSchedule`, `Lookup` and `NameState` in the order in which `NameWatch` does.
final class WatchedName {
    private static let types: [RecordType] = [.a, .aaaa]

    /// Its place among the scenario's names.
    let name: Int
    private(set) var addresses: [SocketAddress] = []

    private let nameserver: Nameserver
    private let world: World
    private let clock: FakeClock
    private let changed: () -> Void
    private var schedule: RefreshSchedule
    private var state: NameState
    private var lookup = Lookup(types, candidates: [], home: nil)
    private var home: String?
    private var question = 0
    private var answers: Answers = [:]
    private var timer: FakeClock.Timer?
    private var expiryTimer: FakeClock.Timer?

    init(_ name: Int, _ nameserver: Nameserver, _ world: World, changed: @escaping () -> Void) {
        self.name = name
        self.nameserver = nameserver
        self.world = world
        self.changed = changed
        clock = world.clock
        schedule = RefreshSchedule(interval: world.scenario.resolveMilliseconds)
        state = NameState(staleMilliseconds: world.scenario.staleMilliseconds)
    }

    func refresh() {
        guard !schedule.isAsking else { return }
        schedule.begin(at: clock.now)
        lookUp()
    }

    func refreshUrgently() {
        schedule.urge(at: clock.now)
        if !schedule.isAsking { scheduleRefresh() }
    }

    private func lookUp() {
        lookup = Lookup(Self.types, candidates: world.scenario.candidates, home: home)
        perform(lookup.begin())
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
        for type in Self.types {
            let (answer, time) = nameserver.ask(name, candidate, type)
            clock.after(microseconds: time) { [unowned self] in take(answer, type, asked) }
        }
    }

    private func take(_ answer: Answer, _ type: RecordType, _ asked: Int) {
        guard asked == question else { return }
        answers[type] = answer
        if answers.count == Self.types.count {
            takeAnswers()
        } else if answer.hasRecords {
            clock.cancel(&timer)
            timer = clock.after(Discovery.Limits.otherFamilyMilliseconds) { [unowned self] in takeAnswers() }
        }
    }

    private func takeAnswers() {
        clock.cancel(&timer)
        question += 1
        perform(lookup.take(Answers(Self.types, all: .failure(.late)).merging(answers) { $1 }))
    }

    private func decide(_ answers: Answers, home: String?) {
        let before = state.records
        let verdict = state.take(answers, at: clock.now)
        world.referee.failuresChangeNothing(answers, hasChanged: before != state.records)
        switch verdict {
        case .doubtful: lookUp()
        case .failing: conclude(failed: true, ttl: answers.ttlMilliseconds)
        case .resolved, .partial, .absent:
            self.home = home
            conclude(failed: false, ttl: answers.ttlMilliseconds)
        }
    }

    private func conclude(failed: Bool, ttl: Milliseconds?) {
        schedule.end(failed: failed, ttl: ttl, at: clock.now, random: world.dice.fraction())
        scheduleRefresh()
        scheduleExpiry()
        publish()
    }

    private func publish() {
        let records = state.records.compactMap { $0.address?.withPort(80) }
        guard records != addresses else { return }
        addresses = records
        changed()
    }

    private func scheduleRefresh() {
        clock.cancel(&timer)
        timer = clock.at(schedule.due) { [unowned self] in
            timer = nil
            refresh()
        }
    }

    private func scheduleExpiry() {
        clock.cancel(&expiryTimer)
        guard let expiry = state.expiry else { return }
        expiryTimer = clock.at(expiry + 1) { [unowned self] in
            state.expire(at: clock.now)
            scheduleExpiry()
            publish()
        }
    }
}
