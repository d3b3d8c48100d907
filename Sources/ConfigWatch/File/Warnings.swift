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
}
