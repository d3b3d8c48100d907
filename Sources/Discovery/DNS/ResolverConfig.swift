import ProxyCore

/// What `/etc/resolv.conf` says (resolv.conf(5)): whom to ask, and for which names.
struct ResolverConfig: Equatable, Sendable {
    /// In the order of the file; IPv6 addresses with a scope (`fe80::1%eth0`) are passed over.
    var servers: [SocketAddress] = []
    /// Without dots at the end.
    var search: [String] = []
    /// A name with at least this many dots is asked as it stands before the search list is tried.
    var ndots = 1
    var timeoutMilliseconds = Limits.serverTimeoutMilliseconds
    var triesPerServer = Limits.triesPerServer

    private static let serverPort: UInt16 = 53

    /// Takes any text: lines that say nothing known are passed over, numbers out of range are brought into it.
    init(_ text: String) {
        for line in text.split(whereSeparator: \.isNewline) where line.first != "#" && line.first != ";" {
            let words = line.split(whereSeparator: \.isWhitespace)
            switch words.first {
            case "nameserver": if words.count > 1 { addServer(String(words[1])) }
            // The last of these lines counts.
            case "search", "domain": search = Self.domains(words.dropFirst())
            case "options": for word in words.dropFirst() { setOption(word) }
            default: continue
            }
        }
    }

    private mutating func addServer(_ literal: String) {
        guard servers.count < Limits.serversMax else { return }
        guard let server = SocketAddress(ip: literal, port: Self.serverPort) else { return }
        servers.append(server)
    }

    private static func domains(_ words: ArraySlice<Substring>) -> [String] {
        let absolute = words.map { $0.hasSuffix(".") ? $0.dropLast() : $0 }
        return absolute.filter { !$0.isEmpty }.prefix(Limits.searchDomainsMax).map(String.init)
    }

    private mutating func setOption(_ word: Substring) {
        let parts = word.split(separator: ":", maxSplits: 1)
        guard parts.count == 2, let value = Int(parts[1]), value >= 0 else { return }
        switch parts[0] {
        case "ndots": ndots = min(value, Limits.ndotsMax)
        case "timeout":
            let milliseconds = Milliseconds(min(value, 1000)) * 1000
            timeoutMilliseconds = min(max(1000, milliseconds), Limits.serverTimeoutMillisecondsMax)
        case "attempts": triesPerServer = min(max(1, value), Limits.triesPerServerMax)
        default: return
        }
    }

    /// The absolute names, without a dot at the end, that `name` may stand for, in the order in which they are asked.
    func candidates(for name: String) -> [String] {
        if name.hasSuffix(".") { return [String(name.dropLast())] }
        let searched = search.map { "\(name).\($0)" }.filter { $0.utf8.count <= Limits.nameBytesMax }
        let dots = name.utf8.count { $0 == UInt8(ascii: ".") }
        return dots >= ndots ? [name] + searched : searched + [name]
    }
}
