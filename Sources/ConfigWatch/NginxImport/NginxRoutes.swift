/// One route of ours, before its hosts and ports are said.
struct NginxRoute {
    var hosts: [String] = []
    var ports: [Int] = []
    var conditions = NginxConditions()
    var path: NginxPath
    var content: NginxContent
}

/// The routes of one server.
extension NginxConverter {
    /// - Parameter isDefault: whether no other server's routes could take what these leave.
    mutating func routes(of server: NginxServer, isDefault: Bool) -> [NginxRoute] {
        known = [:]
        let steps = Self.steps(server.block, server.scope)
        var (prelude, early) = ([NginxStep](), [NginxRoute]())
        for step in steps {
            if let route = hostRoute(step, server) {
                early.append(route)
            } else if step.directive.name == "rewrite" {
                let start = frame(for: nil, in: server)
                let outcomes = outcomes((prelude + [step])[...], start)
                let own = outcomes.filter { $0.path != nil }
                early += own.map {
                    NginxRoute(conditions: $0.conditions, path: $0.path ?? .named(""), content: $0.content)
                }
                if own.isEmpty, outcomes.last?.content.kind == .redirect { prelude.append(step) }
            } else {
                prelude.append(step)
            }
        }
        if prelude.contains(where: { ["return", "rewrite"].contains($0.directive.name) }) {
            let all = outcomes(prelude[...], frame(for: nil, in: server))
            return early
                + all.map {
                    NginxRoute(conditions: $0.conditions, path: .prefix("/", beforeRegex: false), content: $0.content)
                }
        }
        var groups = Groups()
        groups.early = early
        let locations = server.locations
        var fixed = locations.fixed.sorted { $0.place.line < $1.place.line }[...]
        for location in locations.expressions {
            while let next = fixed.first, next.place.line < location.place.line {
                add(next, prelude, server, isDefault, to: &groups)
                fixed.removeFirst()
            }
            add(location, prelude, server, isDefault, to: &groups)
        }
        for location in fixed { add(location, prelude, server, isDefault, to: &groups) }
        if !locations.hasRoot { groups.middle += rest(prelude, server, isDefault) }
        return groups.early + groups.middle + groups.late
    }

    /// Expressions of ours have to be asked before those of the locations, or after them.
    struct Groups {
        var early: [NginxRoute] = []
        var middle: [NginxRoute] = []
        var late: [NginxRoute] = []
    }

    /// `if ($host = www.example.com) { return … }` is a host of its own.
    private mutating func hostRoute(_ step: NginxStep, _ server: NginxServer) -> NginxRoute? {
        let directive = step.directive
        guard directive.name == "if", let block = directive.block, directive.arguments.count == 3,
            ["($host", "($http_host"].contains(directive.arguments[0]), directive.arguments[1] == "="
        else { return nil }
        let host = directive.arguments[2].filter { $0 != ")" }.lowercased()
        let steps = Self.steps(block, step.scope.entering(block))
        guard isHostName(host[...]), steps.contains(where: { $0.directive.name == "return" }) else { return nil }
        guard let content = outcomes(steps[...], frame(for: nil, in: server)).last?.content else { return nil }
        return NginxRoute(hosts: [host], path: .prefix("/", beforeRegex: false), content: content)
    }

    /// What is served where there is no location for it.
    private mutating func rest(_ prelude: [NginxStep], _ server: NginxServer, _ isDefault: Bool) -> [NginxRoute] {
        let all = outcomes(prelude[...], frame(for: nil, in: server))
        let isNothing = all.allSatisfy { $0.content.action == NginxContent.reply(404).action }
        if isDefault, isNothing { return [] }
        return all.map {
            NginxRoute(conditions: $0.conditions, path: .prefix("/", beforeRegex: false), content: $0.content)
        }
    }

    private mutating func add(
        _ location: NginxLocation, _ prelude: [NginxStep], _ server: NginxServer, _ isDefault: Bool,
        to groups: inout Groups
    ) {
        var outcomes = self.outcomes(of: location, prelude, server)
        let comments = leftOut(of: location)
        if !comments.isEmpty { outcomes[0].content.comments = comments + outcomes[0].content.comments }
        var path = location.path
        if case .prefix(let prefix, _) = path, prefix != "/" {
            if !prefix.hasSuffix("/"), server.locations.fixed.contains(where: { $0.prefix == prefix + "/" }) {
                // `/x` and `/x/` are one to us.
                path = .exact(prefix)
            }
            addEdges(of: prefix, location, outcomes, prelude, server, isDefault, to: &groups)
        }
        for outcome in outcomes {
            let route = NginxRoute(
                conditions: outcome.conditions, path: outcome.path ?? path, content: outcome.content)
            guard case .regex? = outcome.path, case .prefix(_, let beforeRegex) = location.path else {
                groups.middle.append(route)
                continue
            }
            if beforeRegex { groups.early.append(route) } else { groups.late.append(route) }
        }
    }

    mutating func outcomes(
        of location: NginxLocation, _ prelude: [NginxStep], _ server: NginxServer
    ) -> [NginxOutcome] {
        if let known = known[location.identity] { return known }
        let outcomes = newOutcomes(of: location, prelude, server)
        known[location.identity] = outcomes
        return outcomes
    }

    private mutating func newOutcomes(
        of location: NginxLocation, _ prelude: [NginxStep], _ server: NginxServer
    ) -> [NginxOutcome] {
        if location.block.contains(where: { $0.name == "internal" }) { return [NginxOutcome(content: .reply(404))] }
        let start = frame(for: location, in: server)
        let all = outcomes((prelude + Self.steps(location.block, location.scope))[...], start)
        guard let limit = location.block.first(where: { $0.name == "limit_except" }) else { return all }
        return limited(all, limit, start)
    }

    /// `limit_except GET { deny all; }`: other methods get a 403.
    private mutating func limited(
        _ outcomes: [NginxOutcome], _ directive: NginxDirective, _ frame: NginxFrame
    ) -> [NginxOutcome] {
        var methods = directive.arguments
        if methods.contains("GET"), !methods.contains("HEAD") { methods.append("HEAD") }
        guard directive.block?.map(\.name) == ["deny"], directive.block?.first?.value == "all" else {
            var outcomes = outcomes
            outcomes[0].content.comments.append(
                notes.comment(directive, "left out; see the methods of a route. All methods are let in!"))
            return outcomes
        }
        var conditions = NginxConditions()
        conditions.methods = methods
        return outcomes.compactMap { outcome in
            guard let both = outcome.conditions.and(conditions) else { return nil }
            var outcome = outcome
            outcome.conditions = both
            return outcome
        } + [NginxOutcome(content: .reply(403))]
    }

    /// Notes on directives of its block that nothing else looks at.
    private mutating func leftOut(of location: NginxLocation) -> [String] {
        var comments: [String] = []
        if let expression = location.expression, expression.losesCharacters {
            comments.append(
                notes.comment(location.place, "location ~ \(expression.pattern): \(NginxExpression.lossText)"))
        }
        return comments
            + location.block.compactMap { directive in
                guard case .leftOut(let reason) = NginxTreatment.of(directive.name) else { return nil }
                return notes.comment(directive, reason)
            }
    }
}

extension NginxLocations {
    var hasRoot: Bool { fixed.contains { $0.prefix == "/" } }
}
