/// What counts for the whole process with us, wherever nginx says it.
extension NginxConverter {
    mutating func settings(_ main: NginxScope, _ servers: [NginxServer]) -> [YAMLEntry] {
        var entries = [listen(servers)].compactMap(\.self)
        if let log = accessLog(main, servers) { entries.append(log) }
        let top = main.levels.flatMap(\.self)
        if let workers = top.first(where: { $0.name == "worker_processes" }).flatMap({ Int($0.value) }),
            (1...256).contains(workers)
        {
            entries.append(YAMLEntry("workers", .word("\(workers)")))
        }
        if let text = top.first(where: { $0.name == "worker_shutdown_timeout" })?.value,
            let time = NginxValue.duration(text)
        {
            entries.append(YAMLEntry("drain_timeout", .text(time)))
        }
        let all = Self.every(in: main, servers)
        if let resolver = resolver(all) { entries.append(resolver) }
        entries += timeouts(all)
        return entries
    }

    private mutating func listen(_ servers: [NginxServer]) -> YAMLEntry? {
        var addresses: [String] = []
        var comments: [String] = []
        for server in servers {
            for listen in server.listens {
                // Every address takes in each of them.
                let isCovered = addresses.contains(":\(listen.port)") || addresses.contains(listen.address)
                if !isCovered {
                    if listen.address.hasPrefix(":") { addresses.removeAll { $0.hasSuffix(listen.address) } }
                    addresses.append(listen.address)
                }
                if listen.hasTLS {
                    comments.append(
                        notes.comment(
                            listen.place, "listen \(listen.port) ssl: TLS is not served yet; this port is in the clear")
                    )
                }
            }
            for directive in server.otherListens {
                comments.append(notes.comment(directive, "left out; only ports and addresses can be listened on"))
            }
        }
        guard !addresses.isEmpty else { return nil }
        let value: YAMLNode = addresses.count == 1 ? .word(addresses[0]) : .texts(addresses)
        return YAMLEntry("listen", value, comments: comments.reduce(into: []) { if !$0.contains($1) { $0.append($1) } })
    }

    /// One log for all. That of nginx's image is its standard output, as ours is.
    private mutating func accessLog(_ main: NginxScope, _ servers: [NginxServer]) -> YAMLEntry? {
        var found = main.all("access_log")
        let own = servers.map { server in server.block.filter { $0.name == "access_log" } }
        if found.isEmpty, let first = own.first, own.allSatisfy({ $0.map(\.value) == first.map(\.value) }) {
            found = first
        }
        if own.contains(where: { !$0.isEmpty && $0.map(\.value) != found.map(\.value) && $0.first?.value != "off" }),
            let first = own.first(where: { !$0.isEmpty })?.first
        {
            notes.remark(first.place, "there is one access log for all servers")
        }
        guard let directive = found.first else { return nil }
        if directive.arguments.count > 1, directive.arguments[1] != "main", directive.arguments[1] != "combined",
            !directive.arguments[1].contains("=")
        {
            notes.remark(directive.place, "\(directive.title): the access log has a form of its own")
        }
        switch directive.value {
        case "off": return YAMLEntry("access_log", .word("off"))
        case "/dev/stdout", "/var/log/nginx/access.log", "logs/access.log": return nil
        case "/dev/stderr": return YAMLEntry("access_log", .text("stderr"))
        default:
            if directive.value.contains(":") || NginxText(directive.value).hasVariables {
                notes.remark(directive.place, "\(directive.title): left out; the access log is a file or a stream")
                return nil
            }
            return YAMLEntry("access_log", .text(directive.value))
        }
    }

    private mutating func resolver(_ all: [NginxDirective]) -> YAMLEntry? {
        guard let directive = all.first(where: { $0.name == "resolver" }) else { return nil }
        var servers: [String] = []
        var entries: [YAMLEntry] = []
        var comments: [String] = []
        for word in directive.arguments {
            if word.hasPrefix("valid=") {
                comments.append(
                    notes.comment(directive.place, "resolver \(word): names are asked for each second here"))
            } else if word == "ipv6=off" {
                entries.append(YAMLEntry("ip_family", .text("ipv4")))
            } else if word == "ipv4=off" {
                entries.append(YAMLEntry("ip_family", .text("ipv6")))
            } else if let address = Self.nameServer(word) {
                servers.append(address)
            } else if !word.contains("=") {
                comments.append(notes.comment(directive, "without \(word); a name server is an address"))
            }
        }
        if !servers.isEmpty { entries.insert(YAMLEntry("servers", .texts(servers)), at: 0) }
        return entries.isEmpty ? nil : YAMLEntry("resolver", .map(entries), comments: comments)
    }

    private static func nameServer(_ word: String) -> String? {
        guard let parts = HostPort(word[...]) else { return nil }
        guard parts.address(port: 53) != nil || isAddress(String(parts.host)) else { return nil }
        return word
    }

    private mutating func timeouts(_ all: [NginxDirective]) -> [YAMLEntry] {
        var entries: [YAMLEntry] = []
        let names = [
            ("client_header_timeout", "header"), ("client_body_timeout", "body"), ("keepalive_timeout", "idle"),
            ("proxy_connect_timeout", "connect"),
        ]
        for (name, key) in names {
            let found = all.filter { $0.name == name }
            guard let first = found.first else { continue }
            guard found.allSatisfy({ $0.value == first.value }), let time = NginxValue.duration(first.value) else {
                notes.remark(first.place, "\(first.title): left out; see `\(key)` of `timeouts`, which is that of all")
                continue
            }
            entries.append(YAMLEntry(key, .text(time)))
        }
        var clients: [YAMLEntry] = []
        if let age = all.first(where: { $0.name == "keepalive_time" }).flatMap({ NginxValue.duration($0.value) }) {
            clients.append(YAMLEntry("age", .text(age)))
        }
        if let requests = all.first(where: { $0.name == "keepalive_requests" }).flatMap({ Int($0.value) }), requests > 0
        {
            clients.append(YAMLEntry("requests", .word("\(requests)")))
        }
        return (entries.isEmpty ? [] : [YAMLEntry("timeouts", .map(entries))])
            + (clients.isEmpty ? [] : [YAMLEntry("clients", .map(clients))])
    }

    /// The directives of all blocks but upstreams.
    private static func every(in main: NginxScope, _ servers: [NginxServer]) -> [NginxDirective] {
        var all = main.levels.flatMap(\.self).filter { $0.block == nil }
        func visit(_ block: [NginxDirective]) {
            for directive in block {
                if let inner = directive.block { visit(inner) } else { all.append(directive) }
            }
        }
        for server in servers { visit(server.block) }
        return all
    }
}
