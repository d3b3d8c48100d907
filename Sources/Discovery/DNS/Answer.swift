import ProxyCore

/// What is asked about a name.
enum RecordType: UInt16, Comparable, Sendable, CustomStringConvertible {
    // The numbers of RFC 1035 section 3.2.2, RFC 3596 section 2.1 and RFC 2782.
    case a = 1
    case aaaa = 28
    case srv = 33

    static func < (left: RecordType, right: RecordType) -> Bool { left.rawValue < right.rawValue }

    var description: String {
        switch self {
        case .a: "A"
        case .aaaa: "AAAA"
        case .srv: "SRV"
        }
    }
}

/// What a record says.
enum Record: Hashable, Sendable {
    /// A or AAAA; the port is 0.
    case address(SocketAddress)
    case service(ServiceRecord)

    var address: SocketAddress? { if case .address(let address) = self { address } else { nil } }
    var service: ServiceRecord? { if case .service(let service) = self { service } else { nil } }
}

/// A host that a service can be reached at (RFC 2782).
struct ServiceRecord: Hashable, Sendable {
    /// Lower ones first.
    var priority: UInt16
    /// Its share among those of its priority.
    var weight: UInt16
    var port: UInt16
    /// An absolute name in lower case, with its dot.
    var target: String
}

/// What came of one question about a name.
enum Answer: Equatable, Sendable {
    /// Without duplicates and in ascending order, whatever order the server shuffled them into. `ttlSeconds` is the least
    /// along the way, CNAMEs included.
    case records([Record], ttlSeconds: Int)
    /// The name exists, without a record of this type (RFC 2308 section 2.2).
    case noData
    /// NXDOMAIN (RFC 2308 section 2.1).
    case noSuchName
    /// Nothing was learned.
    case failure(Failure)

    enum Failure: Equatable, Sendable, CustomStringConvertible {
        /// No server was heard; the reason in c-ares' words.
        case unheard(String)
        /// A server answered with this response code (RFC 1035 section 4.1.1).
        case code(UInt8)
        /// A server's answer was no well-formed and whole one.
        case unusable(String)
        /// The other family's addresses did not wait for this answer.
        case late

        var description: String {
            switch self {
            case .unheard(let reason), .unusable(let reason): reason
            case .code(1): "FORMERR"
            case .code(2): "SERVFAIL"
            case .code(4): "NOTIMP"
            case .code(5): "REFUSED"
            case .code(let code): "response code \(code)"
            case .late: "no answer yet"
            }
        }
    }

    var hasRecords: Bool { if case .records = self { true } else { false } }

    var failure: Failure? { if case .failure(let failure) = self { failure } else { nil } }
}

/// The answers to all that was asked about a name.
typealias Answers = [RecordType: Answer]

extension Answers {
    var hasRecords: Bool { values.contains(where: \.hasRecords) }

    /// Of several, that of the type with the lowest number.
    var failure: Answer.Failure? { firstFailure?.failure }

    var firstFailure: (type: RecordType, failure: Answer.Failure)? {
        for type in keys.sorted() {
            if let failure = self[type]?.failure { return (type, failure) }
        }
        return nil
    }

    /// How long the records may be used; nil where there are none.
    var ttlMilliseconds: Milliseconds? {
        let seconds = values.compactMap { if case .records(_, let ttl) = $0 { ttl } else { nil } }.min()
        return seconds.map { Milliseconds($0) * 1000 }
    }

    /// The same answer to each question.
    init(_ types: [RecordType], all answer: Answer) {
        self.init(uniqueKeysWithValues: types.map { ($0, answer) })
    }
}

extension Answer {
    /// Reads a DNS message that answers a question for `type` (RFC 1035 section 4). That it answers the question that
    /// was asked, c-ares has seen to: source, id, name and type.
    init(message bytes: [UInt8], type: RecordType) {
        guard let message = Message(bytes) else {
            self = .failure(.unusable("malformed answer"))
            return
        }
        switch message.responseCode {
        // A server that echoes questions has not said that a name is empty.
        case _ where !message.isResponse: self = .failure(.unusable("question echoed"))
        case 3: self = .noSuchName
        case 1...: self = .failure(.code(message.responseCode))
        // c-ares asks again over TCP, so this one is cut even there, and a part of a set is no set.
        case _ where message.isTruncated: self = .failure(.unusable("truncated answer"))
        default: self.init(message.records(type.rawValue), type)
        }
    }

    private init(_ found: Message.Found, _ type: RecordType) {
        let data = found.data.prefix(Limits.recordsPerAnswerMax)
        let records: [Record]?
        switch type {
        case .a: records = Answer.addresses(data, byteCount: 4)
        case .aaaa: records = Answer.addresses(data, byteCount: 16)
        case .srv: records = Answer.services(data)
        }
        guard let records else {
            self = .failure(.unusable("malformed answer"))
            return
        }
        self = records.isEmpty ? .noData : .records(records, ttlSeconds: found.ttlSeconds)
    }

    /// - Returns: nil where one is malformed.
    private static func addresses(_ data: ArraySlice<MessageReader>, byteCount: Int) -> [Record]? {
        let all = data.map { [UInt8]($0.rest) }
        guard all.allSatisfy({ $0.count == byteCount }) else { return nil }
        // Some filters answer 0.0.0.0 for "blocked"; a connect there reaches this machine itself.
        let usable = Set(all).filter { bytes in bytes.contains { $0 != 0 } }
        let ordered = usable.sorted { $0.lexicographicallyPrecedes($1) }
        return ordered.compactMap { SocketAddress(bytes: $0, port: 0).map { .address($0) } }
    }

    /// A target that is the root means that there is no such service; one that is no host's name, or has no port, that
    /// nobody can be reached there.
    ///
    /// - Returns: nil where one is malformed.
    private static func services(_ data: ArraySlice<MessageReader>) -> [Record]? {
        var found: Set<ServiceRecord> = []
        for var reader in data {
            guard let priority = reader.word(), let weight = reader.word(), let port = reader.word(),
                let target = reader.name(), reader.rest.isEmpty
            else { return nil }
            guard port > 0, let name = target.hostName else { continue }
            found.insert(ServiceRecord(priority: priority, weight: weight, port: port, target: name))
        }
        let ordered = found.sorted { left, right in
            (left.priority, right.weight, left.target, left.port)
                < (right.priority, left.weight, right.target, right.port)
        }
        return ordered.map { .service($0) }
    }
}
