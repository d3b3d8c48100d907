import ProxyCore

/// The name servers, asked in their order until one gives an answer that says something.
///
/// c-ares passes over servers that keep silent. A server that answers with a failure ends its walk, so the question is
/// put again to a channel that begins with the next server; where there is but one, to that one, once.
final class Nameservers {
    private let loop: ControlLoop
    private let config: ResolverConfig
    /// The channel at place k asks server k first. Each is made when it is first needed, and again after it heard
    /// nobody: its sockets may belong to a network that is no more.
    private var channels: [Channel?]
    private var roundsMax: Int { max(2, channels.count) }

    /// - Parameter config: what it says of servers and their time-outs; it names at least one server.
    /// - Throws: `Channel.Failure` where no channel can be made.
    init(loop: ControlLoop, config: ResolverConfig) throws(Channel.Failure) {
        self.loop = loop
        self.config = config
        channels = Array(repeating: nil, count: config.servers.count)
        _ = try channel(at: 0)
    }

    /// Asks for the records of `type` that the absolute `name` has. `then` is called once, maybe before this returns.
    func ask(_ name: String, _ type: RecordType, then: @escaping (Answer) -> Void) {
        ask(name, type, round: 0, then: then)
    }

    /// Ends all questions; none of them is answered any more.
    func close() { channels.forEach { $0?.cancel() } }

    private func ask(_ name: String, _ type: RecordType, round: Int, then: @escaping (Answer) -> Void) {
        let place = round % channels.count
        let channel: Channel
        do {
            channel = try self.channel(at: place)
        } catch {
            return then(.failure(.unheard(error.description)))
        }
        channel.ask(name, type) { [weak self] answer in
            guard let self, let failure = answer.failure else { return then(answer) }
            switch failure {
            case .unheard:
                if channels[place] === channel { channels[place] = nil }
                then(answer)
            case .code, .unusable, .late:
                guard round + 1 < roundsMax else { return then(answer) }
                ask(name, type, round: round + 1, then: then)
            }
        }
    }

    private func channel(at place: Int) throws(Channel.Failure) -> Channel {
        if let channel = channels[place] { return channel }
        let servers = Array(config.servers[place...] + config.servers[..<place])
        let channel = try Channel(
            loop: loop, servers: servers, timeoutMilliseconds: config.timeoutMilliseconds,
            triesPerServer: config.triesPerServer)
        channels[place] = channel
        return channel
    }
}
