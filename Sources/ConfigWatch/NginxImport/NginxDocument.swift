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
        if servers.isEmpty {
            notes.remark(NginxPlace(file: notes.file, line: 1), "there is no server here, so there are no routes")
        }
        let routes = try routes(of: servers)
        for keepsOut in [false, true] {
            let edges = wholeSegments.filter { $0.keepsOut == keepsOut }
            guard let first = edges.first else { continue }
            let paths = edges.map(\.path).joined(separator: ", ")
            let end = keepsOut ? ". Longer names are let in!" : ""
            notes.remark(
                first.place,
                "location takes \(first.path)x and the like as well; these are whole segments here: \(paths)\(end)")
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
        case "upstream":
            upstreams[directive.value] = directive
            if !isUsable(directive) { emptyUpstreams.insert(directive.value) }
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
            notes.remark(directive.place, "\(directive.title): left out; it takes no path")
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
