import ProxyCore

@testable import Discovery

/// Answers for the names of the service: with the truth, or in one of the ways in which name servers fail.
final class Nameserver {
    enum Mood: CaseIterable {
        case truthful
        /// What was true when this began.
        case outdated
        /// Now the truth, now what was true before.
        case flapping
        /// A part of the truth.
        case partial
        case failing
        case silent
        case empty
        case noSuchName
        /// One family's question fails.
        case oneFamily
    }

    var mood = Mood.truthful {
        didSet {
            past = world.scenario.roles.indices.map(addresses)
            world.referee.trace("name server is \(mood)")
        }
    }

    private let world: World
    private let dice: Dice
    private var past: [[SocketAddress]] = []

    init(_ world: World) {
        self.world = world
        dice = world.dice
    }

    /// The answer to a question, and what time it takes, in microseconds.
    func ask(_ name: Int, _ candidate: String, _ type: RecordType) -> (answer: Answer, microseconds: Int64) {
        let soon = dice.number(Int64(200)...3_000)
        switch mood {
        case .silent: return (.failure(.unheard("no answer in time")), 1_400_000)
        case .failing: return (.failure(.code(2)), soon)
        case .oneFamily where type == .aaaa: return (.failure(.unheard("no answer in time")), 1_400_000)
        case .noSuchName: return (.noSuchName, soon)
        case _ where candidate != world.scenario.candidates.last: return (.noSuchName, soon)
        case .empty: return (.noData, soon)
        case .outdated: return (records(past[name], type), soon)
        case .flapping: return (records(dice.chance(50) ? past[name] : addresses(name), type), soon)
        case .partial: return (records(addresses(name).filter { _ in dice.chance(50) }, type), soon)
        case .truthful, .oneFamily: return (records(addresses(name), type), soon)
        }
    }

    private func addresses(_ name: Int) -> [SocketAddress] { world.listed(name).map(\.address) }

    private func records(_ addresses: [SocketAddress], _ type: RecordType) -> Answer {
        let ofType = addresses.filter { $0.isIPv6 == (type == .aaaa) }.map { $0.withPort(0) }
        guard !ofType.isEmpty else { return .noData }
        let ordered = ofType.sorted { $0.description < $1.description }
        return .records(ordered.map { .address($0) }, ttlSeconds: dice.one(of: [0, 1, 600]))
    }
}
