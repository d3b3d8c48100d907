import ProxyCore

/// The name servers, asked in their order until one gives an answer that says something.
///
/// c-ares passes over servers that keep silent. A server that answers with a failure ends its walk, so the question is
/// put again, beginning with the next server; where there is but one, to that one, once.
final class Nameservers {
    /// Whom to ask from now on; questions under way stay with those that they began with. It names a server at least.
    var config: ResolverConfig
    private let loop: ControlLoop
    private var underWay: [UInt64: Query] = [:]
    private var serial: UInt64 = 0

    /// - Throws: `Query.Failure` where c-ares cannot be used.
    init(loop: ControlLoop, config: ResolverConfig) throws(Query.Failure) {
        try Query.startLibrary()
        self.loop = loop
        self.config = config
    }

    deinit { close() }

    /// Asks for the records of `type` that the absolute `name` has. `then` is called once, maybe before this returns.
    func ask(_ name: String, _ type: RecordType, then: @escaping (Answer) -> Void) {
        ask(name, type, round: 0, then: then)
    }

    /// Ends all questions; none of them is answered any more.
    func close() {
        for query in underWay.values { query.cancel() }
        underWay = [:]
    }

    private func ask(_ name: String, _ type: RecordType, round: Int, then: @escaping (Answer) -> Void) {
        serial += 1
        let key = serial
        let query = Query(loop: loop, type: type) { [unowned self] answer in
            underWay[key] = nil
            guard answer.deservesAnotherServer, round + 1 < max(2, config.servers.count) else { return then(answer) }
            ask(name, type, round: round + 1, then: then)
        }
        underWay[key] = query
        query.start(name, servers: servers(from: round))
    }

    private func servers(from round: Int) -> Query.Servers {
        let first = round % config.servers.count
        return Query.Servers(
            addresses: Array(config.servers[first...] + config.servers[..<first]),
            timeoutMilliseconds: config.timeoutMilliseconds, triesPerServer: config.triesPerServer)
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
