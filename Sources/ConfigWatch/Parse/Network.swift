import ProxyCore

extension Parse {
    /// `10.0.0.0/8`, `fd00::/8`, a single address, or `all`, which is two networks.
    static func network(_ text: String) throws(Rejection) -> [Network] {
        if text == "all" {
            return [
                Network(address: .anyIPv4(port: 0), prefixBits: 0), Network(address: .anyIPv6(port: 0), prefixBits: 0),
            ]
        }
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let wrong = Rejection("is no network; use ADDRESS/BITS, such as 10.0.0.0/8 or fd00::/8, an address, or all")
        guard let host = parts.first, let address = ipAddress(host, port: 0) else { throw wrong }
        let bitsMax = address.isIPv6 ? 128 : 32
        guard parts.count == 2 else { return [Network(address: address, prefixBits: bitsMax)] }
        guard let bits = number(parts[1]) else { throw wrong }
        guard bits <= bitsMax else { throw Rejection("has too many bits; use up to \(bitsMax)") }
        return [Network(address: address, prefixBits: bits)]
    }

    /// `allow NETWORK` or `deny NETWORK`.
    static func accessRule(_ text: String) throws(Rejection) -> [AccessRule] {
        let words = text.split(separator: " ")
        guard words.count == 2, words[0] == "allow" || words[0] == "deny" else {
            throw Rejection("is no rule; use allow NETWORK or deny NETWORK, such as allow 10.0.0.0/8 or deny all")
        }
        let networks: [Network]
        do {
            networks = try network(String(words[1]))
        } catch {
            throw Rejection("has no network; use ADDRESS/BITS, such as 10.0.0.0/8, an address, or all")
        }
        return networks.map { AccessRule(network: $0, allows: words[0] == "allow") }
    }
}
