import ProxyCore

/// `proxy_pass` and what belongs to it.
extension NginxConverter {
    /// `http://HOST[:PORT][URI]` taken apart, once variables that are constant have been put in.
    private struct Target {
        /// `HOST:PORT`, or the name of an upstream block.
        let service: String
        /// nginx's `$proxy_host`.
        let host: String
        /// What follows, of which nil and nothing are different to nginx.
        let uri: NginxText?

        init?(_ text: NginxText, upstreams: [String: NginxDirective]) {
            guard text.literalStart.hasPrefix("http://") else { return nil }
            let rest = text.dropping("http://")
            let authority = rest.literalStart.prefix { $0 != "/" && $0 != "?" }
            guard !authority.isEmpty else { return nil }
            let isWhole = authority.count == rest.literalStart.count
            // Variables right behind the host would be a part of it, but for those that begin with a slash.
            if isWhole, case .variable(let next)? = rest.parts.dropFirst().first {
                guard ["request_uri", "uri", "document_uri"].contains(next) else { return nil }
            }
            let uri = rest.dropping(String(authority))
            self.uri = uri.parts.isEmpty ? nil : uri
            if upstreams[String(authority)] != nil {
                (service, host) = (String(authority), String(authority))
                return
            }
            guard let (service, host) = Self.service(authority) else { return nil }
            if upstreams[host] != nil {
                (self.service, self.host) = (host, host)
            } else {
                (self.service, self.host) = (service, host)
            }
        }

        /// With the port, which is 80 where none is said, and without it where it is 80.
        static func service(_ authority: Substring) -> (service: String, host: String)? {
            guard let parts = HostPort(authority) else { return nil }
            let digits = parts.port ?? "80"
            guard let port = portNumber(digits, in: 1...65535) else { return nil }
            guard
                parts.isBracketed
                    ? parts.address(port: port) != nil : isHostName(parts.host) || isAddress(String(parts.host))
            else { return nil }
            let host = parts.isBracketed ? "[\(parts.host)]" : String(parts.host)
            return ("\(host):\(port)", port == 80 ? host : "\(host):\(port)")
        }
    }

    mutating func forward(_ directive: NginxDirective, _ frame: NginxFrame) -> NginxContent {
        let written = NginxText(directive.value)
        let text = frame.variables.expanded(written)
        if text.literalStart.hasPrefix("https://") {
            return refusal(directive, "left out; upstreams are not spoken to over TLS yet", 502, frame)
        }
        guard let target = Target(text, upstreams: upstreams) else {
            return refusal(directive, "left out; its upstream is not known before a request comes", 502, frame)
        }
        if emptyUpstreams.contains(target.service) {
            return refusal(directive, "left out; its upstream has no server that can be used", 502, frame)
        }
        usedUpstreams.insert(target.service)
        var content = NginxContent(.forward, YAMLEntry("to", .text(target.service)))
        content.rewrite = rewrite(to: target.uri, isTemplate: written.hasVariables, directive, frame, &content)
        let (headers, comments) = requestHeaders(host: target.host, directive, frame)
        content.requestHeaders = headers
        content.comments += comments
        content.modifiers += timeouts(frame.scope)
        content.modifiers += retries(frame.scope, &content)
        if let redirect = frame.scope.last("proxy_redirect"), !["off", "default"].contains(redirect.value) {
            content.comments.append(notes.comment(redirect, "left out; Location fields of upstreams stay"))
        }
        return finished(content, frame.scope, frame)
    }

    // MARK: Paths

    private mutating func rewrite(
        to uri: NginxText?, isTemplate: Bool, _ directive: NginxDirective, _ frame: NginxFrame,
        _ content: inout NginxContent
    ) -> YAMLEntry? {
        guard let uri, !(frame.rewrite != nil && !frame.isRematched) else {
            return frame.rewrite.map { simplified($0, frame) }
        }
        if isTemplate {
            let isAsItCame =
                uri == NginxText("$request_uri") || uri == NginxText("$uri$is_args$args") || uri == NginxText("$uri")
            if isAsItCame { return frame.rewrite?.entry }
            switch frame.variables.template(uri) {
            case .success(let template):
                let path = template.removing(suffix: "{query}") ?? template
                return YAMLEntry("rewrite", .text(path))
            case .failure(let unknown):
                content.comments.append(
                    notes.comment(directive, "the path is not rewritten; there is no variable like $\(unknown.name)"))
                return nil
            }
        }
        guard let replacement = uri.constant, let location = frame.location else { return nil }
        let path = NginxPath.encoded(String(replacement.prefix { $0 != "?" }))
        if replacement.contains("?") {
            content.comments.append(notes.comment(directive, "the query stays as it came"))
        }
        guard let prefix = location.prefix else {
            if case .exact(let own) = location.own {
                return own == path ? nil : YAMLEntry("rewrite", .text(path.replacing("{", with: "{{")))
            }
            content.comments.append(notes.comment(directive, "the path stays; nginx refuses one here"))
            return nil
        }
        if let rewrite = frame.rewrite {
            guard let joined = rewrite.replacing(prefix: prefix, by: path) else {
                content.comments.append(notes.comment(directive, "the path is not rewritten a second time"))
                return rewrite.entry
            }
            return joined.entry
        }
        return Self.rewrite(prefix: prefix, by: path, isWithin: location.path, directive, &notes, &content)
    }

    /// What replaces the characters of `prefix` by `path`.
    private static func rewrite(
        prefix: String, by path: String, isWithin place: NginxPath, _ directive: NginxDirective,
        _ notes: inout NginxNotes,
        _ content: inout NginxContent
    ) -> YAMLEntry? {
        if prefix == path { return nil }
        guard case .prefix = place else {
            let expression = NginxExpression("^" + NginxExpression.escaped(NginxPath.encoded(prefix)))
            return YAMLEntry(
                "rewrite", .map([YAMLEntry("regex", .text(expression.pattern)), YAMLEntry("with", .text(path))]))
        }
        let (prefixEnds, pathEnds) = (prefix.hasSuffix("/"), path.hasSuffix("/"))
        if prefixEnds == pathEnds || (pathEnds && !prefixEnds) {
            if pathEnds, !prefixEnds {
                let example = "\(prefix)/x to \(path)/x"
                content.comments.append(
                    notes.comment(directive, "nginx rewrites \(example); here there is one slash"))
            }
            let trimmed = pathEnds ? String(path.dropLast()) : path
            if prefix == "/" { return YAMLEntry("replace_prefix", .text(trimmed)) }
            return trimmed.isEmpty
                ? YAMLEntry("strip_prefix", .word("true")) : YAMLEntry("replace_prefix", .text(trimmed))
        }
        let pattern = "^" + NginxExpression.escaped(NginxPath.encoded(prefix))
        return YAMLEntry(
            "rewrite",
            .map([YAMLEntry("regex", .text(pattern)), YAMLEntry("with", .text(path.replacing("{", with: "{{")))]))
    }

    /// `rewrite ^/api/(.*)$ /$1 break` in `location /api/` strips the prefix.
    private func simplified(_ rewrite: NginxRewrite, _ frame: NginxFrame) -> YAMLEntry {
        guard case .expression(let expression, let template) = rewrite, let prefix = frame.location?.prefix,
            case .prefix = frame.location?.path, prefix.count > 1, !expression.ignoresCase
        else { return rewrite.entry }
        let bare = prefix.hasSuffix("/") ? String(prefix.dropLast()) : prefix
        let start = "^" + NginxExpression.escaped(bare)
        guard expression.pattern.hasPrefix(start) else { return rewrite.entry }
        let tail = String(expression.pattern.dropFirst(start.count))
        let takesSlash = ["/(.*)", "/(.*)$"].contains(tail) && prefix.hasSuffix("/")
        let takesAny = ["/?(.*)", "/?(.*)$", "(?:/(.*))?$"].contains(tail)
        guard takesSlash || takesAny, let target = template.removing(suffix: "/{1}") ?? (template == "/{1}" ? "" : nil)
        else { return rewrite.entry }
        return target.isEmpty ? YAMLEntry("strip_prefix", .word("true")) : YAMLEntry("replace_prefix", .text(target))
    }

    // MARK: Waiting

    /// `proxy_read_timeout` waits for an answer, and on an upgraded connection for either side.
    private func timeouts(_ scope: NginxScope) -> [YAMLEntry] {
        guard let text = scope.last("proxy_read_timeout")?.value, let duration = NginxValue.duration(text) else {
            return []
        }
        let upgrades = scope.all("proxy_set_header").contains { $0.value.lowercased() == "upgrade" }
        var entries: [YAMLEntry] = []
        if duration != "1m" { entries.append(YAMLEntry("response", .text(duration))) }
        if upgrades, duration != "1h" { entries.append(YAMLEntry("tunnel", .text(duration))) }
        return entries.isEmpty ? [] : [YAMLEntry("timeouts", .map(entries))]
    }

    private mutating func retries(_ scope: NginxScope, _ content: inout NginxContent) -> [YAMLEntry] {
        let tries = scope.last("proxy_next_upstream_tries").flatMap { Int($0.value) }
        guard let directive = scope.last("proxy_next_upstream") else {
            guard let tries, tries > 0 else { return [] }
            return [YAMLEntry("retries", .map([YAMLEntry("attempts", .word("\(min(tries, 8))"))]))]
        }
        if directive.value == "off" || tries == 1 { return [YAMLEntry("retries", .word("off"))] }
        var causes: [String] = []
        var isForAll = false
        for word in directive.arguments {
            switch word {
            case "error": causes += ["connect", "reset"]
            case "timeout": causes.append("timeout")
            case "http_502", "http_503", "http_504": causes.append("gateway")
            case "http_500": causes.append("500")
            case "non_idempotent": isForAll = true
            default: content.comments.append(notes.comment(directive, "without \(word); see `retries`"))
            }
        }
        var entries: [YAMLEntry] = []
        let named = ["connect", "reset", "timeout", "gateway", "500"].filter(causes.contains)
        if !named.isEmpty, named.count < 5 { entries.append(YAMLEntry("on", .text(named.joined(separator: ",")))) }
        if let tries, tries > 0 { entries.append(YAMLEntry("attempts", .word("\(min(tries, 8))"))) }
        if isForAll { entries.append(YAMLEntry("non_idempotent", .word("on"))) }
        return entries.isEmpty ? [] : [YAMLEntry("retries", .map(entries))]
    }
}

extension String {
    /// What stands before `suffix`; nil where it does not end so or nothing stands before it.
    func removing(suffix: String) -> String? {
        guard hasSuffix(suffix), count > suffix.count else { return nil }
        return String(dropLast(suffix.count))
    }
}
