import ProxyCore

/// One process that serves, or is meant to, at an address of the service's network.
final class Replica {
    enum Condition: Equatable {
        /// It has a name and refuses connections.
        case starting
        case serving
        /// It takes connections and requests, and answers nothing.
        case stalled
        /// It answers every request with this status.
        case failing(Int)
        /// It ends connections as soon as a request has come.
        case resetting
        /// It serves, ends its connections behind each answer, and its probes say that it leaves.
        case leaving
        /// Its address refuses connections.
        case gone
        /// Whatever is sent to its address vanishes.
        case silent
    }

    let number: Int
    let address: SocketAddress
    /// The name that it is listed under.
    let name: Int
    private(set) var condition = Condition.starting
    /// Since when it is in that condition.
    private(set) var since: Instant
    /// Name servers that tell the truth list it.
    var isListed = true
    /// Connections that it has accepted.
    private(set) var lines: [Line] = []

    init(_ number: Int, _ address: SocketAddress, name: Int, at now: Instant) {
        self.number = number
        self.address = address
        self.name = name
        since = now
    }

    func become(_ condition: Condition, at now: Instant) {
        self.condition = condition
        since = now
    }

    /// It answers connects.
    var listens: Bool {
        switch condition {
        case .serving, .stalled, .failing, .resetting, .leaving: true
        case .starting, .gone, .silent: false
        }
    }

    func isServing(since moment: Instant) -> Bool { condition == .serving && since <= moment }

    func accept(_ line: Line) { lines.append(line) }

    func forget(_ line: Line) { lines.removeAll { $0 === line } }

    /// All of its connections end.
    func hangUp() -> [Line] {
        defer { lines = [] }
        return lines
    }

    /// What a probe of the kind finds out, and when, in microseconds; nil where it gets no answer at all.
    func probed(_ check: HealthSettings.Check) -> ProbeOutcome {
        switch (condition, check) {
        case (.starting, _), (.gone, _): .refused
        case (.silent, _): .unanswered
        case (_, .tcp), (.serving, _): .passed
        case (.stalled, _): .unanswered
        case (.leaving, _): .leaving
        case (.failing, _), (.resetting, _): .refused
        }
    }

    enum ProbeOutcome { case passed, leaving, refused, unanswered }
}
