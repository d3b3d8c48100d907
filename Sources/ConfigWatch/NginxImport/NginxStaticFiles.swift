/// `root`, `alias`, `index` and `try_files`.
extension NginxConverter {
    mutating func files(_ frame: NginxFrame) -> NginxContent {
        if let alias = frame.scope.all(["root", "alias"]).last, alias.name == "alias" {
            return aliased(alias, at: frame.location?.aliased(by: alias), frame)
        }
        guard let root = frame.scope.last("root") else {
            return finished(.reply(404), frame.scope, frame)
        }
        return files(at: frame.variables.expanded(root.value), root, rewrite: frame.rewrite?.entry, frame)
    }

    /// - Parameter place: The location whose path the alias stands for.
    private mutating func aliased(
        _ alias: NginxDirective, at place: NginxPath?, _ frame: NginxFrame
    ) -> NginxContent {
        let path = frame.variables.expanded(alias.value)
        switch place {
        case .prefix(let prefix, _):
            guard let directory = path.constant else { break }
            if case .prefix? = frame.location?.path, frame.location?.own == place, frame.rewrite == nil,
                prefix.hasSuffix("/") == directory.hasSuffix("/")
            {
                let entry = prefix == "/" ? nil : YAMLEntry("strip_prefix", .word("true"))
                return files(at: path, alias, rewrite: entry, frame)
            }
            guard frame.rewrite == nil, let (root, rest) = Self.split(directory), !root.isEmpty else { break }
            let pattern = "^" + NginxExpression.escaped(NginxPath.encoded(prefix))
            let rewrite = YAMLEntry(
                "rewrite", .map([YAMLEntry("regex", .text(pattern)), YAMLEntry("with", .text("/" + rest))]))
            return files(at: NginxText(parts: [.text(root)]), alias, rewrite: rewrite, frame)
        case .exact:
            guard let file = path.constant, let (root, name) = Self.split(file) else { break }
            return files(
                at: NginxText(parts: [.text(root)]), alias, rewrite: YAMLEntry("rewrite", .text("/" + name)), frame)
        case .regex:
            guard let (root, rest) = Self.split(path.literalStart), !root.isEmpty else { break }
            let relative = NginxText(parts: [.text("/" + rest)] + path.parts.dropFirst())
            guard case .success(let template) = frame.variables.template(relative) else { break }
            return files(
                at: NginxText(parts: [.text(root)]), alias, rewrite: YAMLEntry("rewrite", .text(template)), frame)
        default: break
        }
        return refusal(alias, "left out; where it leads cannot be said by a route", 404, frame)
    }

    /// The directory and what stands behind its last slash.
    private static func split(_ path: String) -> (directory: String, name: String)? {
        guard let slash = path.lastIndex(of: "/") else { return nil }
        let directory = String(path[..<slash])
        return (directory.isEmpty ? "/" : directory, String(path[slash...].dropFirst()))
    }

    private mutating func files(
        at root: NginxText, _ directive: NginxDirective, rewrite: YAMLEntry?, _ frame: NginxFrame
    ) -> NginxContent {
        guard let directory = root.constant, !directory.isEmpty else {
            return refusal(directive, "left out; a directory has no variables", 404, frame)
        }
        var comments: [String] = []
        if !directory.hasPrefix("/") {
            notes.remark(
                directive.place, "\(directory) is relative to nginx's own directory; here to that of this file")
        }
        let trimmed = directory.count > 1 && directory.hasSuffix("/") ? String(directory.dropLast()) : directory
        var settings = [YAMLEntry("root", .text(trimmed))]
        if let index = frame.scope.last("index"), index.arguments != ["index.html"] {
            let names = index.arguments.filter { !$0.contains("/") && !NginxText($0).hasVariables }
            if names != index.arguments {
                comments.append(notes.comment(index, "without names that are paths or have variables"))
            }
            if !names.isEmpty { settings.append(YAMLEntry("index", .oneOrMore(names))) }
        }
        var content = NginxContent(.files, YAMLEntry("files", .text(trimmed)))
        content.rewrite = rewrite
        if let missing = missing(frame, &content) { settings.append(YAMLEntry("missing", missing)) }
        let types = ownTypes(frame.scope)
        if !types.isEmpty { settings.append(YAMLEntry("types", .map(types))) }
        if settings.count > 1 { content.action.value = .map(settings) }
        if let autoindex = frame.scope.last("autoindex"), autoindex.value == "on" {
            comments.append(notes.comment(autoindex, "left out; directories are not listed"))
        }
        if !refusesDotFiles {
            notes.remark(
                directive.place, "files whose names begin with a dot are hidden here, not in nginx (hide_dot_files)")
        }
        content.comments += comments
        return finished(content, frame.scope, frame)
    }

    /// Types that the configuration itself gives, by extension.
    private func ownTypes(_ scope: NginxScope) -> [YAMLEntry] {
        guard let block = scope.last("types")?.block else { return [] }
        return block.flatMap { type in type.arguments.map { YAMLEntry($0.lowercased(), .text(type.name)) } }
    }

    // MARK: What is served instead of a file that is not there

    private mutating func missing(_ frame: NginxFrame, _ content: inout NginxContent) -> YAMLNode? {
        switch frame.missing {
        case .status(let status)?: return status == 404 ? nil : .word("\(status)")
        case .path(let path, let directive)?: return missing(path, directive, frame, &content)
        case .content(let target, let directive)?: return missing(from: target, at: "", directive, frame, &content)
        case nil: break
        }
        guard let directive = frame.scope.last("try_files"), let last = directive.arguments.last else {
            return missingByErrorPage(frame, &content)
        }
        let tried = directive.arguments.dropLast()
        for path in tried where path != "$uri" && path != "$uri/" {
            if path == "/index.html" || path == "$uri/index.html" { continue }
            if tried.count == 1, content.rewrite == nil, let fixed = NginxText(path).constant, fixed.hasPrefix("/") {
                content.rewrite = YAMLEntry("rewrite", .text(NginxPath.encoded(fixed)))
                continue
            }
            content.comments.append(notes.comment(directive, "without \(path); a route looks for one file"))
        }
        return missing(last, directive, frame, &content)
    }

    /// The last word of `try_files`, and where `if (!-f $request_filename)` leads.
    private mutating func missing(
        _ fallback: String, _ directive: NginxDirective, _ frame: NginxFrame, _ content: inout NginxContent
    ) -> YAMLNode? {
        if fallback.hasPrefix("=") {
            guard let status = Int(fallback.dropFirst()), (400...599).contains(status) else { return nil }
            return status == 404 ? nil : .word("\(status)")
        }
        let location: NginxLocation?
        let path = String(fallback.prefix { $0 != "?" })
        if fallback.hasPrefix("@") {
            location = frame.server.locations.named.first { $0.own == .named(fallback) }
        } else {
            guard NginxText(path).constant != nil, path.hasPrefix("/") else {
                content.comments.append(notes.comment(directive, "without \(fallback); what is missing gets a 404"))
                return nil
            }
            location = frame.server.locations.location(for: path)
            if location == nil || location?.identity == frame.location?.identity { return .text(path) }
        }
        guard let location, let target = self.content(of: location, from: frame) else {
            content.comments.append(notes.comment(directive, "without \(fallback), which is not there"))
            return nil
        }
        return missing(from: target, at: path, directive, frame, &content)
    }

    private mutating func missing(
        from target: NginxContent, at path: String, _ directive: NginxDirective, _ frame: NginxFrame,
        _ content: inout NginxContent
    ) -> YAMLNode? {
        switch target.kind {
        case .files:
            let roots = [content.action, target.action].map(\.value.directory)
            if roots[0] == roots[1], target.rewrite == nil { return .text(path) }
            content.comments.append(notes.comment(directive, "\(path) is not below the same directory; a 404 instead"))
            return nil
        case .forward:
            content.requestHeaders = target.requestHeaders
            content.modifiers += target.modifiers.filter { ["timeouts", "retries"].contains($0.key) }
            content.comments += target.comments
            if path.hasPrefix("/") {
                content.comments.append(notes.comment(directive, "the service gets the path as it came, not \(path)"))
            }
            if let rewrite = target.rewrite {
                content.comments.append(
                    notes.comment(directive, "the path reaches the service without its \(rewrite.key)"))
            }
            return .map([target.action])
        case .reply where target.status >= 400:
            return .word("\(target.status)")
        case .reply, .redirect:
            content.comments.append(
                notes.comment(directive, "what is missing gets a 404; it can lead to files and services"))
            return nil
        }
    }

    /// `error_page 404 =200 /index.html`, and `error_page 404 = @app`.
    private mutating func missingByErrorPage(_ frame: NginxFrame, _ content: inout NginxContent) -> YAMLNode? {
        for directive in frame.scope.all("error_page") where directive.arguments.contains("404") {
            guard let target = directive.arguments.last, let mark = directive.arguments.dropLast().last,
                mark == "=200" || mark == "="
            else { continue }
            return missing(target, directive, frame, &content)
        }
        return nil
    }

    /// What a block does that is entered where a file is not there: `proxy_pass`, `rewrite`, `return`.
    mutating func missing(after block: [NginxDirective], _ frame: NginxFrame) -> NginxMissing? {
        guard let directive = block.first(where: { ["proxy_pass", "rewrite", "return"].contains($0.name) }) else {
            return nil
        }
        switch directive.name {
        case "return":
            return Int(directive.value).flatMap { (400...599).contains($0) ? .status($0) : nil }
        case "proxy_pass":
            var inner = frame
            inner.scope = frame.scope.entering(block)
            return .content(forward(directive, inner), directive)
        default:
            guard directive.arguments.count >= 2, NginxExpression(directive.value).matchesAll else { return nil }
            return .path(directive.arguments[1], directive)
        }
    }
}
