import ProxyCore

/// What `/etc/hosts` says (hosts(5)): a line is an address, the name it belongs to, and more names.
struct HostsFile: Sendable {
    private var addresses: [String: [SocketAddress]] = [:]

    /// Takes any text: lines that do not begin with an IP literal are passed over.
    init(_ text: String) {
        for line in text.split(whereSeparator: \.isNewline) {
            let words = line.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace)
            guard let literal = words.first, let address = SocketAddress(ip: String(literal), port: 0) else { continue }
            for name in words.dropFirst() {
                let known = addresses[name.lowercased(), default: []]
                if !known.contains(address) { addresses[name.lowercased()] = known + [address] }
            }
        }
    }

    /// The addresses of `name`, in the order of the file and with port 0; none where DNS has to be asked.
    ///
    /// `localhost` and names below it are loopback addresses even where the file says nothing (RFC 6761 section 6.3).
    func addresses(of name: String) -> [SocketAddress] {
        let key = (name.hasSuffix(".") ? String(name.dropLast()) : name).lowercased()
        if let known = addresses[key] { return known }
        guard key == "localhost" || key.hasSuffix(".localhost") else { return [] }
        return ["127.0.0.1", "::1"].compactMap { SocketAddress(ip: $0, port: 0) }
    }
}
