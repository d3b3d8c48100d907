import ProxyCore

/// What a file says to no effect.
extension Reader {
    func warn(about routes: [ReadRoute], listeners: [ListenAddress]) {
        for service in services.unused { warn(service.key, "no route leads to the service \"\(service.name)\"") }
        warnAboutPorts(routes, Set(listeners.map(\.port)))
        warnAboutShadows(routes)
        warnAboutPreflights(routes)
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

    private func warnAboutShadows(_ routes: [ReadRoute]) {
        for unreachable in UnreachableRoute.all(in: routes.map(\.route)) {
            let element = routes[unreachable.route].element
            let other = routes[unreachable.hiddenBy].element
            let file = other.source === element.source ? "" : "in \(other.source.name) "
            let place = "that \(file)on line \(other.place.line)"
            let reason =
                switch unreachable.reason {
                case .sameMatch: "\(place) takes all of its requests"
                case .expression:
                    "the expression \(file)on line \(other.place.line) is asked before, and takes all of its requests"
                case .prefixBeforeRegex: "\(place) beats expressions, and takes all of its requests"
                }
            warn(element, "the route is never used: \(reason)")
        }
    }

    /// Browsers ask with OPTIONS before they send anything but plain requests, and a route that does not take it cannot
    /// answer. Another one may do it instead.
    private func warnAboutPreflights(_ routes: [ReadRoute]) {
        let answering = routes.map(\.route).filter { $0.modifiers.cors != nil && $0.match.takesPreflights }
        for route in routes where route.route.modifiers.cors != nil && !route.route.match.takesPreflights {
            let match = route.route.match
            // Scripts get along without a preflight where they only read.
            guard !match.methods.allSatisfy({ $0 == "GET" || $0 == "HEAD" }),
                !answering.contains(where: { $0.match.surrounds(match) })
            else { continue }
            warn(route.element, "cors answers no preflight here: OPTIONS is not among the route's methods")
        }
    }
}

extension RouteMatch {
    fileprivate var takesPreflights: Bool { methods.isEmpty || methods.contains("OPTIONS") }

    /// Takes the hosts and paths of the other one, as far as can be told from what is written.
    fileprivate func surrounds(_ other: RouteMatch) -> Bool {
        guard hosts.isEmpty || !other.hosts.isEmpty && Set(other.hosts).isSubset(of: hosts) else { return false }
        switch (path, other.path) {
        case (.prefix("/", _), _): return true
        case (.prefix(let outer, _), .exact(let inner)), (.prefix(let outer, _), .prefix(let inner, _)):
            let outer = outer.hasSuffix("/") ? String(outer.dropLast()) : outer
            return inner == outer || inner.hasPrefix(outer + "/")
        default: return path == other.path
        }
    }
}
