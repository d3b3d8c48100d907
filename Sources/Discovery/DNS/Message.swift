/// The answer section of a DNS message (RFC 1035 section 4), read with every length checked.
///
/// c-ares has parsers too, but the one for SRV records drops their time to live.
struct Message {
    /// What the question's name has, or what its aliases lead to.
    struct Found {
        /// The data of each record, in the order of the message.
        var data: [MessageReader] = []
        /// The least along the way, aliases included; 0 where there is no record.
        var ttlSeconds = 0
    }

    private struct ResourceRecord {
        let owner: DomainName
        let type: UInt16
        let ttlSeconds: Int
        /// Reads the record's data and not beyond.
        let data: MessageReader
    }

    let isResponse: Bool
    let isTruncated: Bool
    let responseCode: UInt8
    private let question: DomainName
    private let records: [ResourceRecord]

    private static let internetClass: UInt16 = 1
    private static let aliasType: UInt16 = 5

    /// - Returns: nil where the message is cut, or no answer to one question.
    init?(_ bytes: [UInt8]) {
        var reader = MessageReader(bytes)
        guard reader.word() != nil, let flags = reader.word(), reader.word() == 1, let answers = reader.word() else {
            return nil
        }
        isResponse = flags & 0x8000 != 0
        isTruncated = flags & 0x0200 != 0
        responseCode = UInt8(flags & 0x000f)
        reader.skip(4)
        guard let question = reader.name() else { return nil }
        self.question = question
        reader.skip(4)
        guard reader.isInside else { return nil }
        var records: [ResourceRecord] = []
        for _ in 0..<answers {
            guard let record = Self.record(&reader) else { return nil }
            records.append(record)
        }
        self.records = records
    }

    /// Follows the aliases (CNAME, RFC 1034 section 3.6.2) from the question's name to the records of `type`.
    func records(_ type: UInt16) -> Found {
        var aliases: [DomainName: ResourceRecord] = [:]
        for record in records where record.type == Self.aliasType { aliases[record.owner] = record }
        var owner = question
        var times: [Int] = []
        // Each alias is taken once, so that a circle of them ends.
        while let alias = aliases.removeValue(forKey: owner) {
            var data = alias.data
            guard let next = data.name() else { return Found() }
            owner = next
            times.append(alias.ttlSeconds)
        }
        let own = records.filter { $0.type == type && $0.owner == owner }
        let ttl = (own.map(\.ttlSeconds) + times).min() ?? 0
        return Found(data: own.map(\.data), ttlSeconds: own.isEmpty ? 0 : ttl)
    }

    /// A record of another class than the Internet's gets the type 0, which nobody asks for.
    private static func record(_ reader: inout MessageReader) -> ResourceRecord? {
        guard let owner = reader.name(), let type = reader.word(), let recordClass = reader.word(),
            let high = reader.word(), let low = reader.word(), let length = reader.word(),
            let data = reader.part(Int(length))
        else { return nil }
        // A time to live with the highest bit set counts as none (RFC 2181 section 8).
        let seconds = high & 0x8000 != 0 ? 0 : Int(high) << 16 | Int(low)
        return ResourceRecord(
            owner: owner, type: recordClass == internetClass ? type : 0, ttlSeconds: seconds, data: data)
    }
}

/// Reads a DNS message from its beginning on, or a part of it. What lies beyond its end is nil.
struct MessageReader {
    /// The whole message, because names point back into it (RFC 1035 section 4.1.4).
    private let bytes: [UInt8]
    private var place: Int
    private let end: Int

    init(_ bytes: [UInt8]) { self.init(bytes, 0, bytes.count) }

    private init(_ bytes: [UInt8], _ place: Int, _ end: Int) {
        (self.bytes, self.place, self.end) = (bytes, place, end)
    }

    var isInside: Bool { place <= end }

    /// What has not been read.
    var rest: ArraySlice<UInt8> { isInside ? bytes[place..<end] : [] }

    mutating func skip(_ count: Int) { place += count }

    mutating func word() -> UInt16? {
        guard place + 2 <= end else { return nil }
        defer { place += 2 }
        return UInt16(bytes[place]) << 8 | UInt16(bytes[place + 1])
    }

    /// A reader of the next `count` bytes alone, which are passed over.
    mutating func part(_ count: Int) -> MessageReader? {
        guard place + count <= end else { return nil }
        defer { place += count }
        return MessageReader(bytes, place, place + count)
    }

    /// A name, which may end in a pointer to an earlier one.
    mutating func name() -> DomainName? {
        var labels: [ArraySlice<UInt8>] = []
        var nameBytes = 0
        var at = place
        var limit = end
        var next: Int?
        while at < limit {
            let length = Int(bytes[at])
            switch length {
            case 0:
                place = next ?? at + 1
                return DomainName(labels)
            case 1...63:
                nameBytes += length + 1
                guard at + 1 + length < limit, nameBytes <= Limits.nameBytesMax + 1 else { return nil }
                labels.append(bytes[(at + 1)...(at + length)])
                at += 1 + length
            case 0xc0...:
                guard at + 1 < limit else { return nil }
                next = next ?? at + 2
                let target = (length & 0x3f) << 8 | Int(bytes[at + 1])
                // Only back, and each time further, so that a circle of pointers ends.
                limit = at
                at = target
            default: return nil
            }
        }
        return nil
    }
}

/// A name as a message carries it, in lower case, because case tells no names apart (RFC 4343).
struct DomainName: Hashable {
    private let labels: [[UInt8]]

    init(_ labels: [ArraySlice<UInt8>]) {
        self.labels = labels.map { label in label.map { (0x41...0x5a).contains($0) ? $0 | 0x20 : $0 } }
    }

    var isRoot: Bool { labels.isEmpty }

    /// The name with a dot at its end; nil where it is none of a host, so that no message can make up a line of the log.
    var hostName: String? {
        let isSound = labels.joined().allSatisfy { byte in
            switch byte {
            case 0x61...0x7a, 0x30...0x39, UInt8(ascii: "-"), UInt8(ascii: "_"): true
            default: false
            }
        }
        guard isSound, !isRoot else { return nil }
        return labels.map { String(decoding: $0, as: UTF8.self) + "." }.joined()
    }
}
