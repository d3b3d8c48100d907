/// From the directives of a file to the text of ours.
extension NginxConverter {
    mutating func document(_ directives: [NginxDirective]) throws(NginxSyntaxError) -> String {
        let https = directives.filter { $0.name == "http" }
        let blocks = https.flatMap { $0.block ?? [] }
        // A file of conf.d has what stands in `http` at its top.
        let outer = directives.filter { $0.name != "http" }
        let main = NginxScope([outer + blocks])
        for directive in outer + blocks { try look(at: directive) }
        let servers = (outer + blocks).filter { $0.name == "server" && $0.block != nil }.map {
            NginxServer($0, in: main)
        }
        refusesDotFiles = servers.contains { server in
            server.locations.expressions.contains { $0.expression?.pattern.hasPrefix("/\\.") ?? false }
        }
        for server in servers { look(at: server) }
        let routes = try routes(of: servers)
        if let first = wholeSegments.first {
            let paths = wholeSegments.map(\.path).joined(separator: ", ")
            notes.remark(
                first.place,
                "location takes \(first.path)x and the like as well; these are whole segments here: \(paths)")
        }
        var entries = settings(main, servers)
        let (defaults, hoisted) = NginxDefaults.hoisted(routes)
        var rest = hoisted
        // Where several routes come from one directive, it is said at the first.
        var said: Set<String> = []
        for index in rest.indices { rest[index].content.comments.removeAll { !said.insert($0).inserted } }
        if !defaults.isEmpty { entries.append(YAMLEntry("defaults", .map([YAMLEntry("route", .map(defaults))]))) }
        let services = upstreams.values.sorted { ($0.place.file, $0.place.line) < ($1.place.file, $1.place.line) }
        var used: [YAMLEntry] = []
        for upstream in services {
            if usedUpstreams.contains(upstream.value) {
                used.append(service(upstream))
            } else {
                notes.remark(upstream.place, "upstream \(upstream.value): left out; nothing uses it")
            }
        }
        if !used.isEmpty { entries.append(YAMLEntry("services", .map(used))) }
        if !rest.isEmpty { entries.append(YAMLEntry("routes", NginxRouteWriter.node(rest))) }
        let head = (["From \(notes.file), by balancer import-nginx."] + notes.remarks).map { "# \(printable($0))\n" }
        return head.joined() + YAMLNode.document(entries)
    }

    /// Notes what is said at the top and means nothing here, and remembers upstreams and maps.
    private mutating func look(at directive: NginxDirective) throws(NginxSyntaxError) {
        switch directive.name {
        case "location":
            throw NginxSyntaxError(
                place: directive.place, reason: "\"location\" is not allowed here; it belongs into a server")
        case "upstream": upstreams[directive.value] = directive
        case "map" where directive.value == "$http_upgrade": break
        case "map": notes.remark(directive.place, "\(directive.title): left out; there are no variables of one's own")
        case "server" where directive.block == nil:
            throw NginxSyntaxError(place: directive.place, reason: "\"server\" has no block")
        default:
            if case .leftOut(let reason) = NginxTreatment.of(directive.name) {
                notes.remark(directive.place, "\(directive.title): \(reason)")
            }
        }
    }

    private mutating func look(at server: NginxServer) {
        for directive in server.block {
            if case .leftOut(let reason) = NginxTreatment.of(directive.name) {
                notes.remark(directive.place, "\(directive.title): \(reason)")
            }
        }
        for name in server.otherNames {
            notes.remark(name.place, "\(name.title): left out; a host is a name, or *. and the end of names")
        }
        for directive in server.locations.wrong {
            notes.remark(directive.place, "\(directive.title): left out; it is malformed")
        }
        if let certificate = server.block.first(where: { $0.name == "ssl_certificate" }) {
            notes.remark(certificate.place, "ssl_certificate: left out; TLS is not served yet")
        }
    }

    // MARK: Hosts and ports

    /// nginx chooses the server by port, then by name; one of each port takes whatever has no name of the others.
    private mutating func routes(of servers: [NginxServer]) throws(NginxSyntaxError) -> [NginxRoute] {
        var routes: [NginxRoute] = []
        let needsPorts = Set(servers.map(\.ports)).count > 1
        for (index, server) in servers.enumerated() {
            let isDefault = server.ports.filter { Self.defaultServer(of: $0, servers) == index }
            let others = server.ports.filter { !isDefault.contains($0) }
            if !isDefault.isEmpty {
                var own = self.routes(of: server, isDefault: true)
                for index in own.indices where needsPorts { own[index].ports = isDefault }
                routes += own
            }
            let isHidden = isDefault.contains { port in
                servers.enumerated().contains { number, other in
                    number != index && other.ports.contains(port) && server.hosts.contains(where: other.takesByWildcard)
                }
            }
            let named = isHidden ? server.ports : others
            if !named.isEmpty, server.hosts.isEmpty {
                notes.remark(
                    server.directive.place, "server: left out; it has no name by which a request could reach it")
            } else if !named.isEmpty {
                var own = self.routes(of: server, isDefault: false)
                for index in own.indices {
                    if own[index].hosts.isEmpty { own[index].hosts = server.hosts }
                    if needsPorts { own[index].ports = named }
                }
                routes += own
            }
            guard routes.count <= NginxBounds.routesMax else {
                throw NginxSyntaxError(
                    place: server.directive.place, reason: "more than \(NginxBounds.routesMax) routes")
            }
        }
        return routes
    }

    private static func defaultServer(of port: Int, _ servers: [NginxServer]) -> Int? {
        servers.firstIndex { $0.listens.contains { $0.port == port && $0.isDefault } }
            ?? servers.firstIndex { $0.ports.contains(port) }
    }
}

/// What all routes have alike is said once.
enum NginxDefaults {
    /// - Returns: the modifiers for `defaults`, and the routes without them.
    static func hoisted(_ routes: [NginxRoute]) -> (defaults: [YAMLEntry], routes: [NginxRoute]) {
        var routes = routes
        var defaults: [YAMLEntry] = []
        hoist(&routes, &defaults) {
            $0.kind == .forward || $0.requestHeaders != nil
        } at: {
            $0.requestHeaders
        } drop: {
            $0.requestHeaders = nil
        }
        for key in ["timeouts", "retries"] {
            hoist(&routes, &defaults) {
                $0.kind == .forward || $0.requestHeaders != nil
            } key: {
                key
            }
        }
        for key in ["compress", "error_pages"] {
            hoist(&routes, &defaults) {
                $0.kind != .redirect
            } key: {
                key
            }
        }
        hoist(&routes, &defaults) { _ in
            true
        } key: {
            "response_headers"
        }
        limitBodies(&routes, &defaults)
        return (defaults, routes)
    }

    private static func hoist(
        _ routes: inout [NginxRoute], _ defaults: inout [YAMLEntry], where counts: (NginxContent) -> Bool,
        key: () -> String
    ) {
        let key = key()
        hoist(&routes, &defaults, where: counts) {
            $0.modifiers.first { $0.key == key }
        } drop: {
            $0.modifiers.removeAll { $0.key == key }
        }
    }

    private static func hoist(
        _ routes: inout [NginxRoute], _ defaults: inout [YAMLEntry], where counts: (NginxContent) -> Bool,
        at entry: (NginxContent) -> YAMLEntry?, drop: (inout NginxContent) -> Void
    ) {
        let indices = routes.indices.filter { counts(routes[$0].content) }
        guard indices.count > 1, let first = entry(routes[indices[0]].content),
            indices.allSatisfy({ entry(routes[$0].content) == first })
        else { return }
        defaults.append(first)
        for index in indices { drop(&routes[index].content) }
    }

    /// nginx limits bodies to 1 MiB where nothing is said.
    private static func limitBodies(_ routes: inout [NginxRoute], _ defaults: inout [YAMLEntry]) {
        let forwards = routes.indices.filter { routes[$0].content.kind == .forward }
        let limits = forwards.map { routes[$0].content.bodyBytesMax }
        var usual: Int?
        if forwards.count > 1, !limits.contains(nil) {
            let known = limits.compactMap(\.self)
            usual = Set(known).max { one, two in
                (known.count { $0 == one }, two) < (known.count { $0 == two }, one)
            }
        }
        if let usual { defaults.append(YAMLEntry("body_limit", .text(sizeText(usual)))) }
        for index in forwards {
            guard let limit = routes[index].content.bodyBytesMax, limit != usual else { continue }
            routes[index].content.modifiers.append(YAMLEntry("body_limit", .text(sizeText(limit))))
        }
    }
}

/// Routes as a map of patterns where those say everything, or else as a list.
enum NginxRouteWriter {
    static func node(_ routes: [NginxRoute]) -> YAMLNode {
        let areBrief = routes.allSatisfy { $0.ports.isEmpty && $0.conditions.areMethodsOnly }
        let keys = routes.map(\.pattern)
        if areBrief, Set(keys).count == keys.count {
            return .map(zip(keys, routes).map { YAMLEntry($0, $1.value, comments: $1.content.comments) })
        }
        return .list(
            routes.map { route in
                YAMLItem(.map([YAMLEntry("match", route.match)] + route.entries), comments: route.content.comments)
            })
    }
}

extension NginxRoute {
    /// `GET,HEAD example.com/v1`
    fileprivate var pattern: String {
        var words: [String] = []
        if !conditions.methods.isEmpty { words.append(conditions.methods.joined(separator: ",")) }
        let path = path.pattern
        let host = hosts.joined(separator: ",")
        if hosts.isEmpty { return (words + [path]).joined(separator: " ") }
        return (words + [path.hasPrefix("/") ? host + path : host + " " + path]).joined(separator: " ")
    }

    fileprivate var match: YAMLNode {
        if ports.isEmpty, conditions.areMethodsOnly { return .text(pattern) }
        var entries: [YAMLEntry] = []
        if !ports.isEmpty { entries.append(YAMLEntry("port", .oneOrMoreWords(ports.map(String.init)))) }
        if !hosts.isEmpty { entries.append(YAMLEntry("host", .oneOrMore(hosts))) }
        entries.append(YAMLEntry("path", .text(path.pattern)))
        if !conditions.methods.isEmpty { entries.append(YAMLEntry("method", .oneOrMore(conditions.methods))) }
        for (key, values) in [("header", conditions.fields), ("query", conditions.parameters)] where !values.isEmpty {
            entries.append(YAMLEntry(key, .map(values.map { YAMLEntry($0.name, $0.test.node) })))
        }
        if !conditions.clients.isEmpty { entries.append(YAMLEntry("client", .oneOrMore(conditions.clients))) }
        return .map(entries)
    }

    fileprivate var entries: [YAMLEntry] {
        [content.action] + [content.rewrite, content.requestHeaders].compactMap(\.self) + content.modifiers
    }

    /// Only its service's name, where that is all there is to say.
    fileprivate var value: YAMLNode {
        let entries = entries
        return entries.count == 1 && entries[0].key == "to" ? entries[0].value : .map(entries)
    }
}

extension YAMLNode {
    fileprivate static func oneOrMoreWords(_ words: [String]) -> YAMLNode {
        words.count == 1 ? .word(words[0]) : .list(words.map { YAMLItem(.word($0)) })
    }
}
