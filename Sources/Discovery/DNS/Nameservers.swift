import Logging
import ProxyCore

/// The name servers, asked one after another until one gives an answer that says something.
///
/// c-ares passes over servers that keep silent. A server that answers with a failure ends its walk, so the question is
/// put again, beginning with the next server; where there is but one, to that one, once.
final class Nameservers {
    /// A question to some of the servers, for one walk of c-ares along them.
    private struct Question {
        let name: String
        let type: RecordType
        let servers: [SocketAddress]
        let then: Channel.Completion
    }

    /// Whom to ask from now on; questions under way stay with those that they began with. It names a server at least.
    var config: ResolverConfig {
        didSet {
            if config.servers != order.servers { order = ServerOrder(config.servers) }
            if config.patience != oldValue.patience { idle = [] }
        }
    }
    private let loop: ControlLoop
    private let log: Logger
    private var order: ServerOrder
    private var idle: [Channel] = []
    private var underWay: [ObjectIdentifier: Channel] = [:]
    private var waiting: ArraySlice<Question> = []

    /// - Throws: `Channel.Failure` where c-ares cannot be used.
    init(loop: ControlLoop, config: ResolverConfig, log: Logger) throws(Channel.Failure) {
        try Channel.startLibrary()
        self.loop = loop
        self.config = config
        self.log = log
        order = ServerOrder(config.servers)
    }

    deinit { close() }

    /// Asks for the records of `type` that the absolute `name` has. `then` is called once, maybe before this returns.
    func ask(_ name: String, _ type: RecordType, then: @escaping (Answer) -> Void) {
        if let silent = order.serversToProbe(at: loop.now) { probe(silent, name, type) }
        ask(name, type, servers: order.inOrder, roundsLeft: max(2, config.servers.count), then: then)
    }

    /// Ends all questions; none of them is answered any more.
    func close() {
        waiting = []
        for channel in underWay.values { channel.close() }
        underWay = [:]
        idle = []
    }

    private func ask(
        _ name: String, _ type: RecordType, servers: [SocketAddress], roundsLeft: Int, then: @escaping (Answer) -> Void
    ) {
        enqueue(name, type, servers) { [unowned self] answer, heard in
            if let heard, order.note(heard: heard, asked: servers, at: loop.now) {
                log.warning("name server \(servers[0]) keeps silent: asking \(heard) first")
            }
            guard answer.deservesAnotherServer, roundsLeft > 1 else { return then(answer) }
            ask(name, type, servers: servers.rotated, roundsLeft: roundsLeft - 1, then: then)
        }
    }

    /// The same question as somebody's, whose answer nobody waits for: it shows whether a server answers again.
    private func probe(_ servers: [SocketAddress], _ name: String, _ type: RecordType) {
        enqueue(name, type, servers) { [unowned self] _, heard in
            guard let heard else { return }
            order.note(probed: heard, at: loop.now)
            log.info("name server \(heard) answers again: asking it first")
        }
    }

    // MARK: Questions and channels

    private func enqueue(
        _ name: String, _ type: RecordType, _ servers: [SocketAddress], then: @escaping Channel.Completion
    ) {
        waiting.append(Question(name: name, type: type, servers: servers, then: then))
        putNext()
    }

    private func putNext() {
        while underWay.count < Limits.questionsAtOnceMax, let question = waiting.popFirst() {
            do throws(Channel.Failure) {
                put(question, to: try channel())
            } catch {
                question.then(.failure(.unheard(error.description)), nil)
            }
        }
    }

    private func channel() throws(Channel.Failure) -> Channel {
        if let channel = idle.popLast() { return channel }
        return try Channel(loop: loop, patience: config.patience)
    }

    private func put(_ question: Question, to channel: Channel) {
        let key = ObjectIdentifier(channel)
        let patience = config.patience
        underWay[key] = channel
        channel.ask(question.name, question.type, servers: question.servers) { [unowned self] answer, heard in
            let channel = underWay.removeValue(forKey: key)
            // One that has failed altogether might not see that its network is back.
            if let channel, heard != nil, patience == config.patience { idle.append(channel) }
            question.then(answer, heard)
            putNext()
        }
    }
}

extension ResolverConfig {
    fileprivate var patience: Channel.Patience {
        Channel.Patience(timeoutMilliseconds: timeoutMilliseconds, triesPerServer: triesPerServer)
    }
}

extension Answer {
    /// True for the failure of one server; where none was heard, all have been asked.
    fileprivate var deservesAnotherServer: Bool {
        switch failure {
        case .code, .unusable: true
        case .unheard, .late, nil: false
        }
    }
}

extension [SocketAddress] {
    /// The first goes last.
    fileprivate var rotated: [SocketAddress] { Array(dropFirst() + prefix(1)) }
}
