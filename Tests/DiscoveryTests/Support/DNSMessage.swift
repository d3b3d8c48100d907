import ProxyCore

/// Builds DNS messages by hand (RFC 1035 section 4), so that tests can say right and wrong things alike.
enum DNSMessage {
    struct Record {
        var owner: String?
        var type: UInt16
        var ttl: UInt32
        var data: [UInt8]

        static func a(_ ip: String, ttl: UInt32 = 600, owner: String? = nil) -> Record {
            Record(owner: owner, type: 1, ttl: ttl, data: ip.split(separator: ".").compactMap { UInt8($0) })
        }

        /// The address is `fd00::LAST`.
        static func aaaa(last: UInt8, ttl: UInt32 = 600) -> Record {
            let data = [0xfd] + [UInt8](repeating: 0, count: 14) + [last]
            return Record(owner: nil, type: 28, ttl: ttl, data: data)
        }

        static func srv(
            _ target: String, port: UInt16, priority: UInt16 = 0, weight: UInt16 = 0, ttl: UInt32 = 600
        ) -> Record {
            Record(
                owner: nil, type: 33, ttl: ttl, data: bytes(priority) + bytes(weight) + bytes(port) + encode(target))
        }

        static func cname(_ target: String, ttl: UInt32 = 600, owner: String? = nil) -> Record {
            Record(owner: owner, type: 5, ttl: ttl, data: encode(target))
        }
    }

    static func encode(_ name: String) -> [UInt8] {
        name.split(separator: ".").flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) } + [0]
    }

    static func query(_ name: String, type: UInt16, id: UInt16 = 7) -> [UInt8] {
        bytes(id) + [0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 0] + encode(name) + bytes(type) + [0, 1]
    }

    /// The answer to `query`; a record without an owner belongs to the name that was asked.
    static func answer(
        to query: [UInt8], code: UInt8 = 0, records: [Record] = [], isResponse: Bool = true, isTruncated: Bool = false
    ) -> [UInt8] {
        let flags = [(isResponse ? 0x81 : 0x01) | (isTruncated ? 0x02 : 0), 0x80 | code] as [UInt8]
        let counts = [0, 1] + bytes(UInt16(records.count)) + [0, 0, 0, 0]
        return query[..<2] + flags + counts + question(of: query) + records.flatMap(encode)
    }

    /// The name (in lower case) and type that `query` asks for.
    static func asked(_ query: [UInt8]) -> (name: String, type: UInt16) {
        var labels: [String] = []
        var place = 12
        while query[place] != 0 {
            let end = place + 1 + Int(query[place])
            labels.append(String(decoding: query[(place + 1)..<end], as: UTF8.self))
            place = end
        }
        return (labels.joined(separator: ".").lowercased(), UInt16(query[place + 1]) << 8 | UInt16(query[place + 2]))
    }

    /// What the asker takes over UDP: the size that EDNS gives (RFC 6891), nil where it does not use it. The OPT record
    /// is the last 11 bytes of a query.
    static func udpPayload(_ query: [UInt8]) -> Int? {
        guard query[11] == 1 else { return nil }
        let size = query[(query.count - 8)...].prefix(2)
        return size.reduce(0) { $0 << 8 | Int($1) }
    }

    static func bytes(_ value: UInt16) -> [UInt8] { [UInt8(value >> 8), UInt8(value & 255)] }

    private static func question(of query: [UInt8]) -> ArraySlice<UInt8> {
        var end = 12
        while query[end] != 0 { end += 1 + Int(query[end]) }
        return query[12..<(end + 5)]
    }

    private static func encode(_ record: Record) -> [UInt8] {
        let owner = record.owner.map(encode) ?? [0xc0, 12]
        let ttl = bytes(UInt16(record.ttl >> 16)) + bytes(UInt16(record.ttl & 0xffff))
        return owner + bytes(record.type) + [0, 1] + ttl + bytes(UInt16(record.data.count)) + record.data
    }
}
