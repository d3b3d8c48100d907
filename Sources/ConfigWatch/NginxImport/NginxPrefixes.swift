/// Where prefixes differ: nginx compares characters, and routes whole segments.
extension NginxConverter {
    mutating func addEdges(
        of prefix: String, _ location: NginxLocation, _ outcomes: [NginxOutcome], _ prelude: [NginxStep],
        _ server: NginxServer, _ isDefault: Bool, to groups: inout Groups
    ) {
        let locations = server.locations
        let bare = prefix.hasSuffix("/") ? String(prefix.dropLast()) : prefix
        if prefix.hasSuffix("/") {
            let isTaken = locations.fixed.contains { $0.path == .exact(bare) || $0.prefix == bare }
            if !isTaken, !bare.isEmpty { addBare(bare, location, outcomes, prelude, server, isDefault, to: &groups) }
            return
        }
        let owner = locations.longestPrefix(of: String(prefix.dropLast()))
        let others = self.outcomes(ofOwner: owner, prelude, server)
        if Self.areSame(outcomes, others) { return }
        let name = prefix.split(separator: "/").last ?? ""
        let canBeSaid = outcomes.allSatisfy { $0.path == nil && $0.content.canFollowExpression }
        let keepsOut = outcomes.contains(where: \.content.keepsOut)
        let isFixed = outcomes.allSatisfy { $0.content.kind == .reply || $0.content.kind == .redirect }
        guard canBeSaid, keepsOut || (!name.contains(".") && !isFixed) else {
            if !wholeSegments.contains(where: { $0.path == prefix }) {
                wholeSegments.append((prefix, location.place, keepsOut))
            }
            return
        }
        let longer = locations.prefixes(longerThan: prefix).map { $0.dropFirst(prefix.count) }.filter {
            !$0.hasPrefix("/")
        }
        var pattern = "^" + NginxExpression.escaped(NginxPath.encoded(prefix))
        if !longer.isEmpty {
            pattern +=
                "(?!" + longer.map { NginxExpression.escaped(NginxPath.encoded(String($0))) }.joined(separator: "|")
                + ")"
        }
        pattern += "[^/]"
        for outcome in outcomes {
            var content = outcome.content.followingExpression(prefix: prefix)
            content.comments = ["nginx compares characters, so that location \(prefix) takes \(prefix)x as well"]
            let route = NginxRoute(
                conditions: outcome.conditions, path: .regex(NginxExpression(pattern)), content: content)
            if case .prefix(_, beforeRegex: true) = location.path {
                groups.early.append(route)
            } else {
                groups.late.append(route)
            }
        }
    }

    /// `/x` where the location is `/x/`: nginx redirects there what it hands on, and else leaves it to other locations.
    private mutating func addBare(
        _ path: String, _ location: NginxLocation, _ outcomes: [NginxOutcome], _ prelude: [NginxStep],
        _ server: NginxServer, _ isDefault: Bool, to groups: inout Groups
    ) {
        if location.isHandedOn {
            let target = NginxPath.encoded(path).replacing("{", with: "{{") + "/{query}"
            let content = redirect(to: target, status: 301, server.scope, frame(for: nil, in: server))
            groups.middle.append(NginxRoute(path: .exact(path), content: content))
            return
        }
        let owner = server.locations.longestPrefix(of: path)
        let others = self.outcomes(ofOwner: owner, prelude, server)
        if Self.areSame(outcomes, others) || others.contains(where: { $0.path != nil }) { return }
        if outcomes.count == 1, others.count == 1, outcomes[0].content.serves(likeDirectoryOf: others[0].content) {
            return
        }
        for outcome in others {
            var content = outcome.content
            content.comments = ["nginx: \(path) without its slash is not for location \(path)/"]
            groups.middle.append(NginxRoute(conditions: outcome.conditions, path: .exact(path), content: content))
        }
    }

    /// Of the location that has a path but for a longer one; of what the server does itself where there is none.
    private mutating func outcomes(
        ofOwner location: NginxLocation?, _ prelude: [NginxStep], _ server: NginxServer
    ) -> [NginxOutcome] {
        if let location { return outcomes(of: location, prelude, server) }
        return outcomes(prelude[...], frame(for: nil, in: server))
    }

    private static func areSame(_ one: [NginxOutcome], _ two: [NginxOutcome]) -> Bool {
        one.count == two.count
            && zip(one, two).allSatisfy {
                $0.conditions == $1.conditions && $0.path == $1.path && $0.content.isSame(as: $1.content)
            }
    }
}

extension NginxContent {
    /// Whether it refuses requests that another location might serve.
    fileprivate var keepsOut: Bool {
        (kind == .reply && status >= 400)
            || modifiers.contains { ["access", "allow", "deny", "basic_auth"].contains($0.key) }
    }

    /// Whether it can be said of an expression, which has no prefix to strip.
    fileprivate var canFollowExpression: Bool {
        kind != .files || rewrite?.key != "strip_prefix"
    }

    fileprivate func followingExpression(prefix: String) -> NginxContent {
        var content = self
        let replacement: String
        switch (rewrite?.key, rewrite?.value) {
        case ("strip_prefix"?, _): replacement = "/"
        case ("replace_prefix"?, .text(let path)?): replacement = path
        default: return content
        }
        let pattern = "^" + NginxExpression.escaped(NginxPath.encoded(prefix))
        content.rewrite = YAMLEntry(
            "rewrite", .map([YAMLEntry("regex", .text(pattern)), YAMLEntry("with", .text(replacement))]))
        return content
    }

    /// Whether a directory without its slash gets the same redirect from both.
    fileprivate func serves(likeDirectoryOf other: NginxContent) -> Bool {
        kind == .files && other.kind == .files && rewrite == nil && other.rewrite == nil
            && action.value.directory == other.action.value.directory && other.action.value.hasNoMissing
    }
}

extension YAMLNode {
    fileprivate var hasNoMissing: Bool {
        if case .map(let entries) = self { !entries.contains { $0.key == "missing" } } else { true }
    }
}
