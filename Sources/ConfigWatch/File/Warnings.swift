import ProxyCore

/// What a file says to no effect.
extension Reader {
    func warn(about routes: [ReadRoute], listeners: [ListenAddress]) {
        for service in services.unused { warn(service.key, "no route leads to the service \"\(service.name)\"") }
        warnAboutPorts(routes, Set(listeners.map(\.port)))
        warnAboutShadows(routes)
    }

    private func warnAboutPorts(_ routes: [ReadRoute], _ ports: Set<UInt16>) {
        // The system picks one for 0.
        guard !ports.contains(0) else { return }
        for route in routes where !route.route.match.ports.isEmpty {
            let known = route.route.match.ports.filter { ports.contains($0) }
            if known.isEmpty {
                let port = alternatives(route.route.match.ports.map { "\($0)" })
                warn(route.element, "the route is never used: nothing listens on port \(port)")
            }
        }
    }

    /// A route is never used where an earlier one of the same rank takes all of its requests.
    private func warnAboutShadows(_ routes: [ReadRoute]) {
        var places: [PathPattern: [HostPattern?: [Int]]] = [:]
        for (index, route) in routes.enumerated() {
            let match = route.route.match
            let hosts: [HostPattern?] = match.hosts.isEmpty ? [nil] : match.hosts
            var known = places[match.path] ?? [:]
            // Most files have few routes for the same path and host; of many, the first ones are compared.
            let earlier = (known[hosts[0]] ?? []).prefix(64).first { routes[$0].route.match.shadows(match) }
            if let earlier { warn(route.element, shadow(routes[earlier], route)) }
            for host in hosts { known[host, default: []].append(index) }
            places[match.path] = known
        }
    }

    private func shadow(_ earlier: ReadRoute, _ later: ReadRoute) -> String {
        let file = earlier.element.source === later.element.source ? "" : "in \(earlier.element.source.name) "
        return "the route is never used: that \(file)on line \(earlier.element.place.line) takes all of its requests"
    }
}

extension RouteMatch {
    /// Whether `later`, which comes after this one, never has its turn. Both have the same path.
    ///
    /// Where this one asks for more, the later one has its turn; where it asks for less, the later one comes first, because
    /// the more conditions are said, the earlier a route is tried.
    fileprivate func shadows(_ later: RouteMatch) -> Bool {
        guard hosts.isEmpty == later.hosts.isEmpty, later.hosts.allSatisfy(hosts.contains) else { return false }
        guard ports.isEmpty || !later.ports.isEmpty && later.ports.allSatisfy(ports.contains) else { return false }
        guard methods.isEmpty == later.methods.isEmpty, later.methods.allSatisfy(methods.contains) else { return false }
        guard clients.isEmpty == later.clients.isEmpty, later.clients.allSatisfy(clients.contains) else { return false }
        return Set(fields) == Set(later.fields) && Set(query) == Set(later.query)
    }
}
