import ProxyCore

/// What counts for the answers of a location whatever it does.
extension NginxConverter {
    /// `content` with the directives of `scope` that change, check or limit something.
    mutating func finished(_ content: NginxContent, _ scope: NginxScope, _ frame: NginxFrame) -> NginxContent {
        var content = content
        content.comments = frame.comments + content.comments
        // nginx answers `return` before it asks for addresses and passwords.
        if content.kind == .forward || content.kind == .files {
            content.modifiers += access(scope, &content) + basicAuth(scope, &content)
        }
        let (headers, comments) = responseHeaders(content, scope, frame)
        content.comments += comments
        if let headers { content.modifiers.append(headers) }
        if content.kind != .redirect { content.modifiers += compression(scope) }
        if content.kind == .forward || content.kind == .files || content.bareStatus != nil {
            content.modifiers += errorPages(scope, frame, &content)
        }
        if scope.all("access_log").contains(where: { $0.value == "off" }), !isLogOffEverywhere(scope) {
            content.modifiers.append(YAMLEntry("log", .word("off")))
        }
        content.bodyBytesMax = bodyBytesMax(scope, &content)
        return content
    }

    private mutating func bodyBytesMax(_ scope: NginxScope, _ content: inout NginxContent) -> Int? {
        guard let directive = scope.last("client_max_body_size") else { return NginxContent.bodyBytesMaxDefault }
        guard let bytes = NginxValue.bytes(directive.value) else {
            content.comments.append(notes.comment(directive, "left out; it is no size"))
            return NginxContent.bodyBytesMaxDefault
        }
        return bytes == 0 ? nil : bytes
    }

    // MARK: Who may

    private mutating func access(_ scope: NginxScope, _ content: inout NginxContent) -> [YAMLEntry] {
        var rules: [(allows: Bool, network: String)] = []
        for directive in scope.all(["allow", "deny"]) {
            guard directive.value == "all" || isAddress(directive.value) else {
                content.comments.append(notes.comment(directive, "left out; it is no address"))
                continue
            }
            rules.append((directive.name == "allow", directive.value))
        }
        guard let last = rules.last else { return [] }
        let before = rules.dropLast()
        if rules.count == 1, last.network == "all", last.allows { return [] }
        if before.isEmpty, last.network == "all" { return [YAMLEntry("access", .texts(["deny all"]))] }
        if last.network == "all", !last.allows, before.allSatisfy({ $0.allows && $0.network != "all" }) {
            return [YAMLEntry("allow", .texts(before.map(\.network)))]
        }
        let denied = last.network == "all" && last.allows ? before : rules[...]
        if denied.allSatisfy({ !$0.allows && $0.network != "all" }) {
            return [YAMLEntry("deny", .texts(denied.map(\.network)))]
        }
        return [YAMLEntry("access", .texts(rules.map { ($0.allows ? "allow " : "deny ") + $0.network }))]
    }

    private mutating func basicAuth(_ scope: NginxScope, _ content: inout NginxContent) -> [YAMLEntry] {
        guard let realm = scope.last("auth_basic"), realm.value != "off" else { return [] }
        guard let users = scope.last("auth_basic_user_file"), !NginxText(users.value).hasVariables,
            !NginxText(realm.value).hasVariables
        else {
            content.comments.append(
                notes.comment(realm, "nobody is let in; its file of users is not known before a request comes"))
            return [YAMLEntry("access", .texts(["deny all"]))]
        }
        if let file = sources.file(users.value) {
            let kinds = ["$2a$", "$2b$", "$2y$", "$5$", "$6$", "$y$", "{SHA256}"]
            let others = file.text.split(whereSeparator: \.isNewline).filter { line in
                guard !line.hasPrefix("#"), let colon = line.firstIndex(of: ":") else { return false }
                return !kinds.contains { line[colon...].dropFirst().hasPrefix($0) }
            }
            if !others.isEmpty {
                let names = others.map { $0.prefix { $0 != ":" } }.joined(separator: ", ")
                content.comments.append(
                    notes.comment(users, "weak hashes are refused; make new ones (htpasswd -B) for \(names)"))
            }
        } else {
            content.comments.append(notes.comment(users, "it must be there, with hashes such as htpasswd -B makes"))
        }
        return [
            YAMLEntry(
                "basic_auth",
                .map([YAMLEntry("realm", .text(realm.value)), YAMLEntry("users", .text(users.value))]))
        ]
    }

    // MARK: What is sent

    private mutating func compression(_ scope: NginxScope) -> [YAMLEntry] {
        guard scope.isOn("gzip") else { return [] }
        let types = (["text/html"] + scope.all("gzip_types").flatMap(\.arguments)).reduce(into: [String]()) {
            if !$0.contains($1), $1.contains("/") || $1 == "*" { $0.append($1) }
        }
        let bytesMin = scope.last("gzip_min_length").flatMap { NginxValue.bytes($0.value) } ?? 20
        var entries = [
            YAMLEntry("codings", .texts(["gzip"])), YAMLEntry("types", .texts(types.contains("*") ? ["*/*"] : types)),
            YAMLEntry("min_size", .word(sizeText(bytesMin))),
        ]
        if let level = scope.last("gzip_comp_level").flatMap({ Int($0.value) }), (1...9).contains(level) {
            entries.append(YAMLEntry("level", .word("\(level)")))
        }
        return [YAMLEntry("compress", .map(entries))]
    }

    /// `error_page 404 /404.html`: nginx goes on to that path, so that its location says where the page is.
    private mutating func errorPages(
        _ scope: NginxScope, _ frame: NginxFrame, _ content: inout NginxContent
    ) -> [YAMLEntry] {
        guard frame.depth == 0 else { return [] }
        var pages: [YAMLEntry] = []
        for directive in scope.all("error_page") {
            // nginx shows the page of an error that is returned on purpose as well.
            let statuses = directive.arguments.compactMap(Int.init).filter {
                (300...599).contains($0) && $0 == content.bareStatus ?? $0
            }
            guard let target = directive.arguments.last, !statuses.isEmpty else { continue }
            let mark = directive.arguments.first { $0.hasPrefix("=") }
            if content.kind == .files, statuses.contains(404), mark == "=" || mark == "=200", isMissing(content) {
                continue
            }
            guard let page = page(target, mark, directive, scope, frame, &content) else { continue }
            pages += Self.ranges(statuses).map { YAMLEntry($0, page) }
        }
        return pages.isEmpty ? [] : [YAMLEntry("error_pages", .map(pages))]
    }

    private func isMissing(_ content: NginxContent) -> Bool {
        if case .map(let entries) = content.action.value { entries.contains { $0.key == "missing" } } else { false }
    }

    private mutating func page(
        _ target: String, _ mark: String?, _ directive: NginxDirective, _ scope: NginxScope, _ frame: NginxFrame,
        _ content: inout NginxContent
    ) -> YAMLNode? {
        let locations = frame.server.locations
        let location =
            target.hasPrefix("@")
            ? locations.named.first { $0.own == .named(target) }
            : locations.location(for: target)
        guard target.hasPrefix("/") || location != nil, !NginxText(target).hasVariables else {
            content.comments.append(notes.comment(directive, "left out; a page of an error is a file or a text"))
            return nil
        }
        var next = frame
        next.depth = NginxFrame.depthMax - 1
        let shown: NginxContent?
        if let location {
            shown = self.content(of: location, from: next)
        } else {
            next.scope = frame.server.scope
            shown = files(
                NginxFrame(
                    server: frame.server, location: nil, scope: frame.server.scope, variables: frame.variables, depth: 1
                ))
        }
        var settings: [YAMLEntry]
        var status = mark.flatMap { Int($0.dropFirst()) }
        switch shown?.action.key {
        case "files"?:
            let path = shown?.action.value.directory ?? ""
            let file =
                (path == "/" ? "" : path) + (shown?.rewrite?.key == "strip_prefix" ? Self.lastSegment(target) : target)
            // The page of nginx's own distribution, which ours do not have.
            if file.hasSuffix("/50x.html"), sources.file(file) == nil {
                notes.remark(directive.place, "error_page \(target): left out; there is no \(file) here")
                return nil
            }
            settings = [YAMLEntry("file", .text(file))]
        case "reply"?:
            guard case .map(let entries)? = shown?.action.value, !entries.contains(where: { $0.key == "template" })
            else {
                content.comments.append(notes.comment(directive, "left out; a page of an error is a file or a text"))
                return nil
            }
            settings = entries.filter { ["json", "html", "text"].contains($0.key) }
            if status == nil, mark != nil || target.hasPrefix("@") { status = shown?.status }
        default:
            content.comments.append(notes.comment(directive, "left out; a page of an error is a file or a text"))
            return nil
        }
        if let status { settings.append(YAMLEntry("status", .word("\(status)"))) }
        if scope.isOn("proxy_intercept_errors"), content.kind == .forward {
            settings.append(YAMLEntry("upstream", .word("true")))
        }
        return settings.count == 1 && settings[0].key == "file" ? settings[0].value : .map(settings)
    }

    private static func lastSegment(_ path: String) -> String {
        path.lastIndex(of: "/").map { String(path[$0...]) } ?? path
    }

    /// `502-504` for neighbours.
    private static func ranges(_ statuses: [Int]) -> [String] {
        var ranges: [ClosedRange<Int>] = []
        for status in Set(statuses).sorted() {
            if let last = ranges.last, last.upperBound + 1 == status {
                ranges[ranges.count - 1] = last.lowerBound...status
            } else {
                ranges.append(status...status)
            }
        }
        return ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
    }

    // MARK: The log

    /// Said once at the top of our file, then.
    func isLogOffEverywhere(_ scope: NginxScope) -> Bool {
        scope.levels.first?.contains { $0.name == "access_log" && $0.value == "off" } ?? false
    }
}

extension YAMLNode {
    /// Of `files`: DIR, or the `root` of its map.
    var directory: String {
        switch self {
        case .text(let root): root
        case .map(let entries): entries.first { $0.key == "root" }?.value.directory ?? ""
        case .word, .list: ""
        }
    }
}
