import ProxyCore

extension Route {
    /// The same route, with another number for each service that it names, in the order in which it names them.
    func mapServices(_ number: (Int) -> Int) -> Route {
        var route = self
        switch action {
        case .forward(let service): route.action = .forward(service: number(service))
        case .split(let services):
            route.action = .split(services.map { WeightedService(service: number($0.service), weight: $0.weight) })
        case .files(var files):
            if case .forward(let service) = files.missing { files.missing = .forward(service: number(service)) }
            route.action = .files(files)
        case .redirect, .reply: break
        }
        if let mirror = modifiers.mirror { route.modifiers.mirror?.service = number(mirror.service) }
        return route
    }
}
