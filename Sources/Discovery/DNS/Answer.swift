import CAres
import ProxyCore

/// What is asked about a name. SRV joins here.
enum RecordType: CaseIterable, Sendable, CustomStringConvertible {
    case a
    case aaaa

    /// The type's number (RFC 1035 section 3.2.2, RFC 3596 section 2.1).
    var code: Int32 {
        switch self {
        case .a: 1
        case .aaaa: 28
        }
    }

    var description: String {
        switch self {
        case .a: "A"
        case .aaaa: "AAAA"
        }
    }
}

/// What came of one question about a name.
enum Answer: Equatable, Sendable {
    /// Without duplicates and in ascending order, whatever order the server shuffled them into; the port is 0.
    /// `ttlSeconds` is the least along the way, CNAMEs included.
    case addresses([SocketAddress], ttlSeconds: Int)
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

    var isAbsence: Bool { self == .noData || self == .noSuchName }

    var hasAddresses: Bool { if case .addresses = self { true } else { false } }

    var failure: Failure? { if case .failure(let failure) = self { failure } else { nil } }
}

/// The answers to both questions about a name.
struct FamilyAnswers: Equatable, Sendable {
    let a: Answer
    let aaaa: Answer

    var hasAddresses: Bool { a.hasAddresses || aaaa.hasAddresses }
    var failure: Answer.Failure? { a.failure ?? aaaa.failure }
}

extension Answer {
    private static let headerBytes = 12

    /// Reads a DNS message that answers a question for `type` (RFC 1035 section 4). That it answers the question that
    /// was asked, c-ares has seen to: source, id, name and type.
    init(message: [UInt8], type: RecordType) {
        guard message.count >= Answer.headerBytes else {
            self = .failure(.unusable("malformed answer"))
            return
        }
        let isResponse = message[2] & 0x80 != 0
        let isTruncated = message[2] & 0x02 != 0
        let responseCode = message[3] & 0x0f
        switch responseCode {
        // A server that echoes questions has not said that a name is empty.
        case _ where !isResponse: self = .failure(.unusable("question echoed"))
        case 3: self = .noSuchName
        case 1...: self = .failure(.code(responseCode))
        // c-ares asks again over TCP, so this one is cut even there, and a part of a set is no set.
        case _ where isTruncated: self = .failure(.unusable("truncated answer"))
        default: self.init(records: message, type: type)
        }
    }

    private init(records message: [UInt8], type: RecordType) {
        let (status, records) =
            switch type {
            case .a: Answer.ipv4Records(message)
            case .aaaa: Answer.ipv6Records(message)
            }
        guard status == ARES_SUCCESS || status == ARES_ENODATA else {
            self = .failure(.unusable("malformed answer"))
            return
        }
        // Some filters answer 0.0.0.0 for "blocked"; a connect there reaches this machine itself.
        let usable = records.filter { record in record.bytes.contains { $0 != 0 } }
        let ordered = Set(usable.map(\.bytes)).sorted { $0.lexicographicallyPrecedes($1) }
        let ttl = usable.map(\.ttlSeconds).min() ?? 0
        let addresses = ordered.compactMap { SocketAddress(bytes: $0, port: 0) }
        self = addresses.isEmpty ? .noData : .addresses(addresses, ttlSeconds: max(0, Int(ttl)))
    }

    private typealias AddressRecord = (bytes: [UInt8], ttlSeconds: Int32)

    private static func ipv4Records(_ message: [UInt8]) -> (status: Int32, [AddressRecord]) {
        let none = ares_addrttl(ipaddr: in_addr(s_addr: 0), ttl: 0)
        var records = [ares_addrttl](repeating: none, count: capacity(for: message))
        var count = Int32(records.count)
        let status = unsafe ares_parse_a_reply(message, Int32(message.count), nil, &records, &count)
        let found = records.prefix(Int(count)).map { record in
            unsafe (withUnsafeBytes(of: record.ipaddr) { unsafe [UInt8]($0) }, record.ttl)
        }
        return (status, found)
    }

    private static func ipv6Records(_ message: [UInt8]) -> (status: Int32, [AddressRecord]) {
        var records = [ares_addr6ttl](repeating: ares_addr6ttl(), count: capacity(for: message))
        var count = Int32(records.count)
        let status = unsafe ares_parse_aaaa_reply(message, Int32(message.count), nil, &records, &count)
        let found = records.prefix(Int(count)).map { record in
            unsafe (withUnsafeBytes(of: record.ip6addr) { unsafe [UInt8]($0) }, record.ttl)
        }
        return (status, found)
    }

    /// As many records as the message can hold, an A record being at least 15 bytes with the root as its owner.
    private static func capacity(for message: [UInt8]) -> Int {
        min(Limits.addressesPerAnswerMax, message.count / 15 + 1)
    }
}
