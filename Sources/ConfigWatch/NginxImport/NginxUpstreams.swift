/// `upstream` blocks as services.
extension NginxConverter {
    mutating func service(_ directive: NginxDirective) -> YAMLEntry {
        let block = directive.block ?? []
        var comments: [String] = []
        var servers: [NginxDirective] = []
        var upstreams: [String] = []
        for server in block where server.name == "server" {
            if server.arguments.contains("down") {
                comments.append(notes.comment(server, "left out while it is down"))
            } else if let upstream = upstream(server, &comments) {
                servers.append(server)
                upstreams.append(upstream)
            }
        }
        var settings: [YAMLEntry] = []
        for other in block where other.name != "server" {
            if let policy = policy(other, &comments) { settings.append(YAMLEntry("policy", policy)) }
        }
        if let ejection = ejection(servers, &comments) { settings.append(ejection) }
        if let limit = Self.common("max_conns", servers), limit != "0" {
            settings.append(YAMLEntry("limits", .map([YAMLEntry("connections", .word(limit))])))
        }
        let list = YAMLNode.oneOrMore(upstreams)
        let value = settings.isEmpty ? list : .map([YAMLEntry("upstreams", list)] + settings)
        return YAMLEntry(directive.value, value, comments: comments)
    }

    /// Whether there is a server in it that can be one of ours.
    func isUsable(_ directive: NginxDirective) -> Bool {
        (directive.block ?? []).contains {
            $0.name == "server" && !$0.arguments.contains("down") && Self.authority($0.value) != nil
        }
    }

    private mutating func upstream(_ server: NginxDirective, _ comments: inout [String]) -> String? {
        guard let authority = Self.authority(server.value) else {
            comments.append(notes.comment(server, "left out; only hosts and ports are known"))
            return nil
        }
        var text = authority
        if let weight = Self.parameter("weight", server), let number = Int(weight), number > 1 {
            text += ",weight=\(min(number, 1_000))"
        }
        if server.arguments.contains("backup") { text += ",backup" }
        return text
    }

    /// `HOST:PORT`; the port is 80 where none is said.
    private static func authority(_ text: String) -> String? {
        guard !text.hasPrefix("unix:"), let parts = HostPort(text[...]) else { return nil }
        guard let port = portNumber(parts.port ?? "80", in: 1...65535) else { return nil }
        if parts.isBracketed { return parts.address(port: port).map { _ in "[\(parts.host)]:\(port)" } }
        guard isHostName(parts.host) || isAddress(String(parts.host)) else { return nil }
        return "\(parts.host):\(port)"
    }

    private static func parameter(_ name: String, _ server: NginxDirective) -> String? {
        server.arguments.dropFirst().lazy.compactMap { $0.removing(prefix: name + "=") }.first
    }

    /// What all servers say alike.
    private static func common(_ name: String, _ servers: [NginxDirective]) -> String? {
        let values = servers.map { parameter(name, $0) }
        guard let first = values.first, values.allSatisfy({ $0 == first }) else { return nil }
        return first
    }

    private mutating func ejection(_ servers: [NginxDirective], _ comments: inout [String]) -> YAMLEntry? {
        let isSaid = servers.filter { Self.parameter("max_fails", $0) ?? Self.parameter("fail_timeout", $0) != nil }
        guard let first = isSaid.first else { return nil }
        let (failures, time) = (Self.common("max_fails", servers), Self.common("fail_timeout", servers))
        guard isSaid.count == servers.count, failures != nil || time != nil else {
            comments.append(notes.comment(first, "max_fails and fail_timeout are left out; `ejection` is that of all"))
            return nil
        }
        if failures == "0" { return YAMLEntry("ejection", .word("off")) }
        var entries: [YAMLEntry] = []
        if let number = failures.flatMap({ Int($0) }) {
            entries.append(YAMLEntry("failures", .word("\(min(max(number, 1), 1_000))")))
        }
        if let duration = time.flatMap(NginxValue.duration) { entries.append(YAMLEntry("time", .text(duration))) }
        return entries.isEmpty ? nil : YAMLEntry("ejection", .map(entries))
    }

    private mutating func policy(_ directive: NginxDirective, _ comments: inout [String]) -> YAMLNode? {
        switch directive.name {
        case "least_conn": return .text("least-connections")
        case "ip_hash": return .text("ring-hash")
        case "random": return .text(directive.value == "two" ? "p2c" : "random")
        case "least_time": return .text("p2c")
        case "hash":
            guard let key = Self.hashKey(directive.value) else {
                comments.append(notes.comment(directive, "left out; a key is client, uri, a field or a cookie"))
                return nil
            }
            return key == "client"
                ? .text("ring-hash")
                : .map([YAMLEntry("name", .text("ring-hash")), YAMLEntry("hash_key", .text(key))])
        case "sticky" where directive.value == "cookie" && directive.arguments.count > 1:
            return .map([YAMLEntry("name", .text("sticky")), YAMLEntry("cookie", .text(directive.arguments[1]))])
        case "keepalive", "keepalive_requests", "keepalive_time", "keepalive_timeout", "zone", "resolver", "ntlm":
            return nil
        default:
            if case .silent = NginxTreatment.of(directive.name) { return nil }
            comments.append(notes.comment(directive, "left out"))
            return nil
        }
    }

    private static func hashKey(_ text: String) -> String? {
        guard let name = NginxText(text).onlyVariable else { return nil }
        switch name {
        case "remote_addr", "binary_remote_addr": return "client"
        case "request_uri", "uri": return "uri"
        default:
            if let field = name.removing(prefix: "http_") { return "header:" + field.replacing("_", with: "-") }
            return name.removing(prefix: "cookie_").map { "cookie:" + $0 }
        }
    }
}
