/// Follows the directives that nginx executes one after another: `set`, `if`, `rewrite`, `return` and `break`.
///
/// nginx decides at each request; here all ways that a request can go are followed, and each becomes a route with the
/// conditions that lead there.
extension NginxConverter {
    private static let executed: Set<String> = ["set", "if", "rewrite", "return", "break"]

    static func steps(_ block: [NginxDirective], _ scope: NginxScope) -> [NginxStep] {
        block.filter { executed.contains($0.name) }.map { NginxStep(directive: $0, scope: scope) }
    }

    /// The ends of all ways, in the order in which they are to be asked. The last one has no conditions.
    mutating func outcomes(_ steps: ArraySlice<NginxStep>, _ frame: NginxFrame) -> [NginxOutcome] {
        guard let step = steps.first else { return [NginxOutcome(content: content(frame))] }
        let rest = steps.dropFirst()
        var frame = frame
        let directive = step.directive
        switch directive.name {
        case "set" where directive.arguments.count == 2 && directive.value.hasPrefix("$"):
            frame.variables.set(String(directive.value.dropFirst()), NginxText(directive.arguments[1]))
            return outcomes(rest, frame)
        case "return":
            return [NginxOutcome(content: answer(directive, step.scope, frame))]
        case "break":
            return [NginxOutcome(content: content(frame))]
        case "rewrite":
            return rewritten(directive, step.scope, rest, frame)
        case "if":
            return decided(directive, step.scope, rest, frame)
        default:
            return outcomes(rest, frame)
        }
    }

    private mutating func decided(
        _ directive: NginxDirective, _ scope: NginxScope, _ rest: ArraySlice<NginxStep>, _ frame: NginxFrame
    ) -> [NginxOutcome] {
        let block = directive.block ?? []
        let question = NginxQuestion(directive.arguments, frame.variables, hasTLS: frame.server.hasTLS)
        var frame = frame
        guard frame.questions < NginxFrame.questionsMax else {
            frame.comments.append(
                notes.comment(
                    directive, "left out, with what it leads to; there are too many conditions" + warning(block, rest)))
            return outcomes(rest, frame)
        }
        switch question {
        case .always:
            return entered(block, scope, rest, frame)
        case .never:
            return outcomes(rest, frame)
        case .when(let conditions):
            frame.questions += 1
            let inside = entered(block, scope, rest, frame).compactMap { $0.asking(conditions) }
            return inside + outcomes(rest, frame)
        case .unless(let conditions):
            frame.questions += 1
            return outcomes(rest, frame).compactMap { $0.asking(conditions) } + entered(block, scope, rest, frame)
        case .file(let isAbsence, let path):
            if isAbsence, path.onlyVariable == "request_filename" || path.parts.last == .variable("uri"),
                let missing = missing(after: block, frame)
            {
                frame.missing = missing
            } else {
                frame.comments.append(
                    notes.comment(
                        directive, "left out; only `missing` of `files` asks for a file" + warning(block, rest)))
            }
            return outcomes(rest, frame)
        case .unknown:
            frame.comments.append(notes.comment(directive, "left out; routes cannot ask that" + warning(block, rest)))
            return outcomes(rest, frame)
        }
    }

    /// What is to be added where an `if` is left out that refuses requests: itself, or by what it sets for another one.
    private func warning(_ block: [NginxDirective], _ rest: ArraySlice<NginxStep>) -> String {
        let names = block.filter { $0.name == "set" }.map(\.value)
        let later = names.isEmpty ? [] : rest.map(\.directive).filter { $0.name == "if" }
        let followers = later.filter { question in
            names.contains { name in question.arguments.contains { $0.contains(name) } }
        }
        let isRefusal = (block + followers.flatMap { $0.block ?? [] }).contains {
            $0.name == "return" && (400...599).contains(Int($0.value) ?? 0)
        }
        return isRefusal ? ". These requests are let in!" : ""
    }

    /// On with what stands in the block of an `if`, and then behind it.
    private mutating func entered(
        _ block: [NginxDirective], _ scope: NginxScope, _ rest: ArraySlice<NginxStep>, _ frame: NginxFrame
    ) -> [NginxOutcome] {
        var frame = frame
        for directive in block where !Self.executed.contains(directive.name) {
            if case .leftOut(let reason) = NginxTreatment.of(directive.name) {
                frame.comments.append(notes.comment(directive, reason))
            }
        }
        if block.contains(where: { !Self.executed.contains($0.name) }) { frame.scope = frame.scope.entering(block) }
        // An expression of the condition would hide the groups of the location; those of ours stay.
        return outcomes((Self.steps(block, scope.entering(block)) + rest)[...], frame)
    }

    // MARK: rewrite

    private mutating func rewritten(
        _ directive: NginxDirective, _ scope: NginxScope, _ rest: ArraySlice<NginxStep>, _ frame: NginxFrame
    ) -> [NginxOutcome] {
        var frame = frame
        guard (2...3).contains(directive.arguments.count) else {
            frame.comments.append(notes.comment(directive, "left out; it is malformed"))
            return outcomes(rest, frame)
        }
        let expression = NginxExpression(directive.arguments[0])
        if expression.losesCharacters {
            frame.comments.append(notes.comment(directive, NginxExpression.lossText))
        }
        let flag = directive.arguments.count == 3 ? directive.arguments[2] : ""
        var groups = frame.variables
        groups.groupCount = expression.groupCount
        groups.groups = expression.groupNames
        let text = groups.expanded(directive.arguments[1])
        let isRedirect =
            ["redirect", "permanent"].contains(flag) || text.literalStart.hasPrefix("http://")
            || text.literalStart.hasPrefix("https://") || text.parts.first == .variable("scheme")
        guard frame.rewrite == nil || isRedirect else {
            frame.comments.append(notes.comment(directive, "left out; a route rewrites its path once"))
            return outcomes(rest, frame)
        }
        let target: String
        switch groups.template(Self.withQuery(text, isRedirect: isRedirect)) {
        case .success(let template): target = template
        case .failure(let unknown):
            frame.comments.append(notes.comment(directive, "left out; there is no variable like $\(unknown.name)"))
            return outcomes(rest, frame)
        }
        let takesAll = takesAll(expression, in: frame)
        let usesGroups = text.parts.contains {
            if case .variable(let name) = $0 { name.count == 1 || groups.groups.contains(name) } else { false }
        }
        if isRedirect {
            let content = redirect(to: target, status: flag == "permanent" ? 301 : 302, scope, frame)
            if takesAll, !usesGroups { return [NginxOutcome(content: content)] }
            let own = NginxOutcome(path: path(expression, in: frame), content: content)
            return [own] + (takesAll ? [] : outcomes(rest, frame))
        }
        if text.parts.contains(.text("?")) || text.literalStart.contains("?") {
            frame.comments.append(notes.comment(directive, "the query of the request stays as it is"))
        }
        let path = target.prefix { $0 != "?" }
        let rewrite = NginxRewrite.expression(expression, String(path))
        // Outside of locations the rewritten path finds its location yet.
        if flag == "break", frame.location != nil {
            frame.rewrite = rewrite
            return outcomes([], frame)
        }
        guard frame.depth < NginxFrame.depthMax, let location = destination(of: text, frame) else {
            frame.comments.append(notes.comment(directive, "left out; where it leads depends on the request"))
            return outcomes(rest, frame)
        }
        if location.identity == frame.location?.identity {
            frame.rewrite = rewrite
            return flag == "last" ? outcomes([], frame) : outcomes(rest, frame)
        }
        var next = self.frame(for: location, in: frame.server)
        next.depth = frame.depth + 1
        next.isRematched = true
        // The route has the expression itself, so that its groups are known.
        next.rewrite = .whole(String(path))
        var inner = outcomes(Self.steps(location.block, location.scope)[...], next).filter { $0.path == nil }
        if takesAll, !usesGroups { return inner }
        for index in inner.indices { inner[index].path = self.path(expression, in: frame) }
        return inner + (takesAll ? [] : outcomes(rest, frame))
    }

    /// nginx appends the query of the request, unless the text ends in a `?`.
    private static func withQuery(_ text: NginxText, isRedirect: Bool) -> NginxText {
        var parts = text.parts
        if case .text(let last) = parts.last, last.hasSuffix("?") {
            parts[parts.count - 1] = .text(String(last.dropLast()))
            return NginxText(parts: parts)
        }
        let hasQuery = parts.contains {
            switch $0 {
            case .text(let text): text.contains("?")
            case .variable(let name): ["request_uri", "args", "query_string", "is_args"].contains(name)
            }
        }
        guard isRedirect, !hasQuery else { return text }
        return NginxText(parts: parts + [.variable("is_args"), .variable("args")])
    }

    private func takesAll(_ expression: NginxExpression, in frame: NginxFrame) -> Bool {
        if expression.matchesAll { return true }
        switch frame.location?.own {
        case .exact(let path): return expression.onlyMatch == path || expression.covers(prefix: path)
        case .prefix(let prefix, _): return expression.covers(prefix: prefix)
        default: return false
        }
    }

    /// The paths of the location in which the expression finds something.
    private func path(_ expression: NginxExpression, in frame: NginxFrame) -> NginxPath {
        guard let location = frame.location else {
            return expression.onlyMatch.map(NginxPath.exact) ?? .regex(expression)
        }
        switch location.path {
        case .exact, .named: return location.path
        case .regex(let outer): return .regex(outer == expression ? expression : expression.within(outer))
        case .prefix(let prefix, _):
            if let path = expression.onlyMatch, path.hasPrefix(prefix) { return .exact(path) }
            return .regex(
                expression.scoped(inside: prefix, outside: frame.server.locations.prefixes(longerThan: prefix)))
        }
    }

    /// The location that serves what a path is rewritten to.
    private func destination(of text: NginxText, _ frame: NginxFrame) -> NginxLocation? {
        let locations = frame.server.locations
        if let path = text.constant { return locations.location(for: String(path.prefix { $0 != "?" })) }
        let start = text.literalStart
        guard start.hasPrefix("/"), locations.prefixes(longerThan: start).isEmpty else { return nil }
        return locations.longestPrefix(of: start)
    }
}

extension NginxOutcome {
    fileprivate func asking(_ conditions: NginxConditions) -> NginxOutcome? {
        guard let both = self.conditions.and(conditions) else { return nil }
        var outcome = self
        outcome.conditions = both
        return outcome
    }
}

extension NginxLocations {
    /// Paths of locations that begin with `prefix` and go on.
    func prefixes(longerThan prefix: String) -> [String] {
        fixed.compactMap { if case .prefix(let path, _) = $0.path { path } else { nil } }
            .filter { $0 != prefix && $0.hasPrefix(prefix) }
    }
}

extension NginxExpression {
    /// Whether it finds something in every path that begins so.
    func covers(prefix: String) -> Bool {
        guard isAnchored else { return false }
        let tails = ["", "(.*)", "(.*)$", ".*", ".*$"]
        return tails.contains { tail in
            guard pattern.hasSuffix(tail) else { return false }
            let start = NginxExpression(pattern.dropLast(tail.count) + "$")
            return start.onlyMatch.map(prefix.hasPrefix) ?? false
        }
    }
}
