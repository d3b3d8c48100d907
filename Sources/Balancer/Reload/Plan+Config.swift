import ConfigWatch
import Discovery
import ProxyCore

extension Plan {
    /// - Parameters:
    ///   - slots: of the configuration's services, in their order.
    ///   - released: see `init`.
    /// - Throws: for the first route that cannot be compiled.
    static func compile(
        _ config: Config, slots: [Int], released: @escaping @Sendable () -> Void
    ) throws(RouteTable.Mistake) -> Plan {
        try Plan(
            routes: config.routes.map { route in route.mapServices { slots[$0] } },
            services: zip(config.services, slots).map { service, slot in
                Plan.Service(
                    slot: slot, settings: service.settings,
                    host: service.upstreams.first?.target.description ?? service.name)
            },
            timeouts: config.timeouts, clientConnectionLife: config.clientConnectionLife, released: released)
    }
}

extension Config.Service {
    var targets: ServiceTargets { ServiceTargets(name: name, upstreams: upstreams, settings: settings) }
}
