import ConfigWatch
import ProxyCore

/// The difference between two configurations, as the event log tells it: `+1 service (api), ~2 routes, listening on :81`.
struct ConfigChange: CustomStringConvertible {
    private(set) var parts: [String] = []
    /// Keys of the file that say otherwise, which only a restart brings about.
    private(set) var needsRestart: [String] = []

    /// Names that a line says before it only counts.
    private static let namesMax = 8

    init(from old: Config, to new: Config) {
        let services = Self.difference(
            Dictionary(old.services.map { ($0.name, $0) }) { first, _ in first },
            Dictionary(new.services.map { ($0.name, $0) }) { first, _ in first })
        add(services, "service")
        add(Self.difference(Self.routes(old), Self.routes(new)), "route")
        addListeners(old, new)
        if old.resolver != new.resolver { parts.append("resolver") }
        if old.timeouts != new.timeouts { parts.append("timeouts") }
        if old.clientConnectionLife != new.clientConnectionLife { parts.append("clients") }
        if old.logLevel != new.logLevel { parts.append("log_level \(new.logLevel.rawValue)") }
        if old.drainTimeoutMilliseconds != new.drainTimeoutMilliseconds { parts.append("drain_timeout") }
        if old.admin != new.admin { parts.append("admin \(new.admin.map(\.description) ?? "off")") }
        if old.workers != new.workers { needsRestart.append("workers") }
        if old.accessLog != new.accessLog { needsRestart.append("access_log") }
    }

    var description: String { parts.isEmpty ? "nothing that matters" : parts.joined(separator: ", ") }

    private struct Difference {
        var added: [String] = []
        var removed: [String] = []
        var changed: [String] = []
    }

    private static func difference<Value: Equatable>(_ old: [String: Value], _ new: [String: Value]) -> Difference {
        Difference(
            added: new.keys.filter { old[$0] == nil }.sorted(), removed: old.keys.filter { new[$0] == nil }.sorted(),
            changed: new.filter { old[$0.key] != nil && old[$0.key] != $0.value }.keys.sorted())
    }

    /// A route as it is said: with the names of its services, whose places say nothing.
    private struct Said: Equatable {
        let route: Route
        let services: [String]

        init(_ route: Route, _ names: [String]) {
            var services: [String] = []
            self.route = route.mapServices {
                services.append(names[$0])
                return 0
            }
            self.services = services
        }
    }

    private static func routes(_ config: Config) -> [String: [Said]] {
        Dictionary(grouping: config.routes.map { Said($0, config.services.map(\.name)) }) { $0.route.name }
    }

    private mutating func add(_ difference: Difference, _ noun: String) {
        for (sign, names) in [("+", difference.added), ("-", difference.removed), ("~", difference.changed)]
        where !names.isEmpty {
            let named = names.prefix(Self.namesMax).joined(separator: ", ")
            let more = names.count > Self.namesMax ? ", …" : ""
            parts.append("\(sign)\(names.count) \(noun)\(names.count == 1 ? "" : "s") (\(printable(named))\(more))")
        }
    }

    private mutating func addListeners(_ old: Config, _ new: Config) {
        for listener in new.listeners where !old.listeners.contains(listener) { parts.append("+listener \(listener)") }
        for listener in old.listeners where !new.listeners.contains(listener) { parts.append("-listener \(listener)") }
    }
}
