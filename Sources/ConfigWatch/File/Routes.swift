import ProxyCore

extension Reader {
    /// Takes the routes of all files. Services are known by now.
    ///
    /// - Parameter defaults: Mappings of modifiers that every route has.
    func routes(_ entries: [FileDraft.RouteEntry], defaults: [Element]) -> [ReadRoute] {
        guard entries.count <= Bounds.routes else {
            fail(entries[Bounds.routes].element, "there are more than \(Bounds.routes) routes")
            return []
        }
        guard let first = defaults.first ?? entries.first?.element else { return [] }
        // Read once: a page that all routes have is one page.
        var base = RouteDraft(first)
        for element in defaults { read(ModifierKeys.all, element, into: &base) }
        base.modifiers.access = base.access.all ?? []
        base.access = AccessDraft()
        base.rewriteKey = nil
        return entries.compactMap { route($0, base) }
    }

    private func route(_ entry: FileDraft.RouteEntry, _ base: RouteDraft) -> ReadRoute? {
        var draft = base
        draft.element = entry.pattern ?? entry.element
        if let pattern = entry.pattern {
            takePattern(pattern, into: &draft)
            take(entry.element, RouteKeys.all, into: &draft)
        } else if entry.element.entries != nil {
            take(entry.element, RouteKeys.withMatch, into: &draft)
            if draft.pathElement == nil, entry.element["match"] == nil {
                fail(entry.element, "the route does not say what it matches; use match: /PATH")
            }
        } else {
            fail(
                entry.element,
                "routes: an item is \(entry.element.kind); use a mapping with match and to, redirect, reply or files")
        }
        if let access = draft.access.all { draft.modifiers.access = access }
        finishRetries(&draft)
        checkRewrite(draft)
        for template in draft.templates { checkVariables(template, draft.match.path) }
        guard let action = draft.action else { return nil }
        let name = entry.pattern?.scalar?.text ?? routeText(draft.match)
        return ReadRoute(
            route: Route(name: name, match: draft.match, action: action, modifiers: draft.modifiers),
            element: draft.element)
    }

    private func take(_ element: Element, _ keys: [Key<RouteDraft>], into draft: inout RouteDraft) {
        guard element.entries != nil else {
            draft.actionKey = "to"
            draft.action = text(element, orMapping: true).flatMap { service($0, element) }.map { .forward(service: $0) }
            return
        }
        let before = diagnostics.count
        read(keys, element, into: &draft)
        if draft.actionKey == nil, diagnostics.count == before {
            fail(draft.element, "the route does nothing; give it one of to, redirect, reply and files")
        }
    }

    /// What a route does not say of retries is as its service has it.
    private func finishRetries(_ draft: inout RouteDraft) {
        guard !draft.retries.isEmpty else { return }
        let service: Int? =
            switch draft.action {
            case .forward(let service): service
            case .split(let shares): shares.first?.service
            case .files(let settings): if case .forward(let service) = settings.missing { service } else { nil }
            default: nil
            }
        var settings = service.map { services.all[$0].settings.retries } ?? services.defaults.retries
        for element in draft.retries { takeRetries(element, &settings) }
        draft.modifiers.retries = settings
    }

    private func checkRewrite(_ draft: RouteDraft) {
        guard let element = draft.rewriteKey else { return }
        switch (draft.modifiers.rewrite, draft.match.path) {
        case (.stripPrefix, .regex), (.replacePrefix, .regex):
            fail(element, "\(element.key): an expression matches no prefix; use rewrite with {1} and the like")
        default: break
        }
    }

    /// Whether what a template names is known where it stands.
    private func checkVariables(_ placed: PlacedTemplate, _ path: PathPattern) {
        var expression = placed.expression
        var ignoresCase = false
        if expression == nil, case .regex(let pattern, let isCaseless) = path {
            expression = pattern
            ignoresCase = isCaseless
        }
        for case .variable(let variable) in placed.template.parts {
            switch variable {
            case .group(let number):
                let groups = Parse.groups(of: expression, ignoresCase: ignoresCase)
                if let groups, number > groups.count {
                    let hint = groupHint(expression, groups.count)
                    fail(placed.element, Rejection("names {\(number)}; \(hint)", at: placed.offset(of: "\(number)")))
                }
            case .namedGroup(let name):
                let groups = Parse.groups(of: expression, ignoresCase: ignoresCase)
                if let groups, !groups.names.contains(name) {
                    let hint = Suggestion.nearest(to: name, in: groups.names).map { "did you mean {\($0)}?" }
                    let message = hint.map { "names {\(name)}; \($0)" } ?? Parse.unknownVariable(name)
                    fail(placed.element, Rejection(message, at: placed.offset(of: name)))
                }
            default: break
            }
        }
    }

    private func groupHint(_ expression: String?, _ count: Int) -> String {
        guard expression != nil else { return "only a route with an expression (~) has groups" }
        return count == 0
            ? "the expression has no groups; put one in parentheses" : "the expression has \(count) groups"
    }
}

/// A route, and where it is said.
struct ReadRoute {
    let route: Route
    let element: Element
}

/// As a pattern says it: `GET api.example.com/v1`.
func routeText(_ match: RouteMatch) -> String {
    var words: [String] = []
    if !match.methods.isEmpty { words.append(match.methods.joined(separator: ",")) }
    let hosts = match.hosts.map { host in
        switch host {
        case .exact(let name): name
        case .below(let name): "*.\(name)"
        }
    }
    let host = hosts.joined(separator: ",")
    switch match.path {
    case .prefix(let path, beforeRegex: false): words.append(host + path)
    case .prefix(let path, beforeRegex: true): words += [host, "^~", path]
    case .exact(let path): words += [host, "=", path]
    case .regex(let pattern, let ignoresCase): words += [host, ignoresCase ? "~*" : "~", pattern]
    }
    return words.filter { !$0.isEmpty }.joined(separator: " ")
}
