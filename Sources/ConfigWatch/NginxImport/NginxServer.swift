import ProxyCore

/// One `server` block, with what it listens on and the names it serves.
struct NginxServer: Sendable {
    struct Listen: Equatable, Sendable {
        /// As `listen` of ours takes it.
        let address: String
        let port: Int
        let isDefault: Bool
        let hasTLS: Bool
        let place: NginxPlace
    }

    let directive: NginxDirective
    let block: [NginxDirective]
    let scope: NginxScope
    let locations: NginxLocations
    private(set) var listens: [Listen] = []
    /// Exact, and `*.` before what they end in; in lower case.
    private(set) var hosts: [String] = []
    /// Names that no route can have.
    private(set) var otherNames: [NginxDirective] = []
    private(set) var otherListens: [NginxDirective] = []

    var ports: [Int] { Array(Set(listens.map(\.port))).sorted() }
    var hasTLS: Bool { listens.contains(where: \.hasTLS) }
    var name: String { directive(named: "server_name")?.arguments.first { !$0.isEmpty } ?? "" }

    init(_ directive: NginxDirective, in outer: NginxScope) {
        self.directive = directive
        block = directive.block ?? []
        scope = outer.entering(block)
        locations = NginxLocations(of: block, scope: scope)
        for directive in block where directive.name == "listen" {
            if let listen = Self.listen(directive) { listens.append(listen) } else { otherListens.append(directive) }
        }
        if listens.isEmpty, otherListens.isEmpty {
            listens = [Listen(address: ":80", port: 80, isDefault: false, hasTLS: false, place: directive.place)]
        }
        for directive in block where directive.name == "server_name" {
            for name in directive.arguments { add(name, directive) }
        }
    }

    private func directive(named name: String) -> NginxDirective? { block.first { $0.name == name } }

    private mutating func add(_ text: String, _ directive: NginxDirective) {
        let name = text.lowercased()
        let place = NginxDirective(name: "server_name", arguments: [text], place: directive.place)
        if name == "_" || name.isEmpty || name == "\"\"" { return }
        if name.hasPrefix("~") {
            guard let host = Self.wildcard(ofExpression: name) else { return otherNames.append(place) }
            hosts.append(host)
        } else if name.hasPrefix("."), isHostName(name.dropFirst()) {
            hosts += [String(name.dropFirst()), "*" + name]
        } else if isHostName(name.hasPrefix("*.") ? name.dropFirst(2) : name[...]) || isAddress(name) {
            hosts.append(name)
        } else {
            otherNames.append(place)
        }
    }

    /// `~^(?<user>.+)\.example\.com$` takes what `*.example.com` takes.
    private static func wildcard(ofExpression name: String) -> String? {
        guard name.hasPrefix("~^"), name.hasSuffix("$") else { return nil }
        let pattern = name.dropFirst(2).dropLast()
        guard let end = pattern.firstRange(of: "\\.")?.lowerBound else { return nil }
        var label = pattern[..<end]
        if label.hasPrefix("("), label.hasSuffix(")") {
            label = label.dropFirst().dropLast()
            if label.hasPrefix("?"), let close = label.firstIndex(of: ">") { label = label[close...].dropFirst() }
        }
        guard [".+", ".*", "[^.]+", "\\w+", "[a-z0-9-]+", "[a-z]+"].contains(String(label)) else { return nil }
        let host = pattern[end...].dropFirst(2).replacing("\\.", with: ".")
        return isHostName(host[...]) ? "*." + host : nil
    }

    /// `80`, `*:80`, `127.0.0.1:80`, `[::1]:80`, `127.0.0.1`, with flags behind it.
    private static func listen(_ directive: NginxDirective) -> Listen? {
        let text = directive.value
        let flags = directive.arguments.dropFirst()
        let address: String
        let port: Int
        if let number = portNumber(text[...], in: 1...65535) {
            (address, port) = ("", Int(number))
        } else if text.hasPrefix("[") ? text.hasSuffix("]") : !text.contains(":") {
            (address, port) = (text, 80)
        } else {
            guard let colon = text.lastIndex(of: ":"),
                let number = portNumber(text[colon...].dropFirst(), in: 1...65535)
            else { return nil }
            (address, port) = (String(text[..<colon]), Int(number))
        }
        let host: String
        switch address {
        case "", "*", "0.0.0.0", "[::]": host = ""
        case "localhost": host = "127.0.0.1"
        default:
            guard HostPort("\(address):\(port)")?.address(port: UInt16(port)) != nil else { return nil }
            host = address
        }
        return Listen(
            address: "\(host):\(port)", port: port,
            isDefault: flags.contains("default_server") || flags.contains("default"),
            hasTLS: flags.contains("ssl") || flags.contains("quic"), place: directive.place)
    }

    /// Whether one of its wildcards takes `host`.
    func takesByWildcard(_ host: String) -> Bool {
        hosts.contains { $0.hasPrefix("*.") && host.hasSuffix($0.dropFirst()) && host != $0 }
    }
}

/// An IPv4 or IPv6 address without brackets, or a network: `10.0.0.0/8`.
func isAddress(_ text: String) -> Bool {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count <= 2, let address = ipAddress(parts[0], port: 0) else { return false }
    return parts.count == 1 || Parse.number(parts[1]).map { $0 <= (address.isIPv6 ? 128 : 32) } ?? false
}
