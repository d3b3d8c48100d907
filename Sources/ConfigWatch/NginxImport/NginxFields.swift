/// Fields that are set towards upstreams and in answers.
extension NginxConverter {
    /// What an upgrade and the connection itself need is ours to see to.
    private static let ours: Set<String> = [
        "connection", "upgrade", "keep-alive", "te", "transfer-encoding", "content-length", "proxy-connection",
    ]

    /// `proxy_set_header`, and what nginx sets where nothing is said: `Host: $proxy_host`.
    mutating func requestHeaders(
        host: String, _ directive: NginxDirective, _ frame: NginxFrame
    ) -> (entry: YAMLEntry?, comments: [String]) {
        var set: [YAMLEntry] = []
        var remove: [String] = []
        var comments: [String] = []
        let directives = frame.scope.all("proxy_set_header").filter { $0.arguments.count == 2 }
        let ownHost = host.replacing("{", with: "{{")
        if !directives.contains(where: { $0.value.lowercased() == "host" }) {
            set.append(YAMLEntry("Host", .text(ownHost)))
        }
        var names: Set<String> = []
        for directive in directives {
            let (name, value) = (directive.arguments[0], frame.variables.expanded(directive.arguments[1]))
            guard isToken(name) else {
                comments.append(notes.comment(directive, "left out; that is no field's name"))
                continue
            }
            guard names.insert(name.lowercased()).inserted, !isUnneeded(name.lowercased(), value, frame) else {
                continue
            }
            if value.parts.isEmpty {
                remove.append(name)
            } else if name.lowercased() == "host", value.onlyVariable == "proxy_host" {
                set.append(YAMLEntry(name, .text(ownHost)))
            } else {
                switch frame.variables.template(value) {
                case .success(let template): set.append(YAMLEntry(name, .text(template)))
                case .failure(let unknown):
                    comments.append(notes.comment(directive, "left out; there is no variable like $\(unknown.name)"))
                }
            }
        }
        remarkOnForwarded(names, directive)
        var entries: [YAMLEntry] = []
        if !set.isEmpty { entries.append(YAMLEntry("set", .map(set))) }
        if !remove.isEmpty { entries.append(YAMLEntry("remove", .texts(remove))) }
        return (entries.isEmpty ? nil : YAMLEntry("request_headers", .map(entries)), comments)
    }

    /// What is so without being said.
    private func isUnneeded(_ name: String, _ value: NginxText, _ frame: NginxFrame) -> Bool {
        if Self.ours.contains(name) { return true }
        switch (name, value.onlyVariable) {
        case ("host", "http_host"), ("x-forwarded-host", "http_host"), ("x-forwarded-proto", "scheme"),
            ("x-forwarded-for", "proxy_add_x_forwarded_for"), ("x-request-id", "request_id"):
            return true
        default: return false
        }
    }

    /// nginx adds none of them by itself.
    private mutating func remarkOnForwarded(_ names: Set<String>, _ directive: NginxDirective) {
        guard !names.isSuperset(of: ["x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"]) else { return }
        notes.remark(
            directive.place,
            "upstreams also get X-Forwarded-For, -Proto and -Host, X-Request-Id and Via where nothing sets them")
    }

    /// `add_header`, `expires` and `proxy_hide_header`.
    mutating func responseHeaders(_ content: NginxContent, _ scope: NginxScope, _ frame: NginxFrame) -> (
        entry: YAMLEntry?, comments: [String]
    ) {
        var (set, add): ([YAMLEntry], [YAMLEntry]) = ([], [])
        var comments: [String] = []
        let isError = content.status >= 400
        if let directive = scope.last("expires"), !isError {
            if let value = Self.cacheControl(directive) {
                set.append(YAMLEntry("Cache-Control", .text(value)))
                notes.remark(directive.place, "expires sets Cache-Control alone, of errors as well")
            } else if directive.value != "off" {
                comments.append(notes.comment(directive, "left out; only a fixed time from now is known"))
            }
        }
        for directive in scope.all("add_header") where directive.arguments.count >= 2 {
            let (name, isAlways) = (directive.arguments[0], directive.arguments.dropFirst(2).contains("always"))
            if name.lowercased() == "content-type", content.kind == .reply { continue }
            guard isToken(name) else {
                comments.append(notes.comment(directive, "left out; that is no field's name"))
                continue
            }
            if !isAlways, isError { continue }
            let value = frame.variables.expanded(directive.arguments[1])
            if value.parts.isEmpty { continue }
            guard case .success(let template) = frame.variables.template(value) else {
                comments.append(notes.comment(directive, "left out; it has a variable that is not known"))
                continue
            }
            if !isAlways, content.kind == .forward || content.kind == .files {
                notes.remark(
                    directive.place, "add_header without `always` leaves errors out; here they get the field as well")
            }
            if let index = add.firstIndex(where: { $0.key.lowercased() == name.lowercased() }) {
                add[index].value = add[index].value.appending(template)
            } else {
                add.append(YAMLEntry(name, .text(template)))
            }
        }
        var entries: [YAMLEntry] = []
        if !set.isEmpty { entries.append(YAMLEntry("set", .map(set))) }
        if !add.isEmpty { entries.append(YAMLEntry("add", .map(add))) }
        let hidden = content.kind == .forward ? scope.all("proxy_hide_header").map(\.value).filter(isToken) : []
        if !hidden.isEmpty { entries.append(YAMLEntry("remove", .texts(hidden))) }
        return (entries.isEmpty ? nil : YAMLEntry("response_headers", .map(entries)), comments)
    }

    private static func cacheControl(_ directive: NginxDirective) -> String? {
        switch directive.value {
        case "off": return nil
        case "max": return "max-age=315360000"
        case "epoch": return "no-cache"
        default:
            if directive.arguments.count > 1 { return nil }
            if directive.value.hasPrefix("-") { return "no-cache" }
            return NginxValue.milliseconds(directive.value).map { "max-age=\($0 / 1_000)" }
        }
    }
}

extension YAMLNode {
    /// A list with one more text at its end.
    fileprivate func appending(_ text: String) -> YAMLNode {
        if case .list(let items) = self { return .list(items + [YAMLItem(.text(text))]) }
        return .list([YAMLItem(self), YAMLItem(.text(text))])
    }
}
