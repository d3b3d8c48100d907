/// `return` and redirects: answers that need no upstream.
extension NginxConverter {
    /// `return STATUS`, `return STATUS TEXT`, `return STATUS URL`, `return URL`.
    mutating func answer(_ directive: NginxDirective, _ scope: NginxScope, _ frame: NginxFrame) -> NginxContent {
        let arguments = directive.arguments
        let status = Int(directive.value)
        if let url = status == nil ? arguments.first : arguments.dropFirst().first,
            status == nil || [301, 302, 303, 307, 308].contains(status)
        {
            switch frame.variables.template(url) {
            case .success(let template) where template.contains(":") || "/{?#".contains(template.first ?? "x"):
                return redirect(to: template, status: status ?? 302, scope, frame)
            case .success:
                return refusal(directive, "left out; that is no place to go to", 404, frame)
            case .failure(let unknown):
                return refusal(directive, "redirects nowhere; there is no variable like $\(unknown.name)", 404, frame)
            }
        }
        guard let status, (200...599).contains(status) else {
            if status == 444 { return finished(.reply(444), scope, frame) }
            return refusal(directive, "left out; no such status", 404, frame)
        }
        let text = frame.variables.expanded(arguments.dropFirst().first ?? "")
        if text.parts.isEmpty { return finished(.reply(status), scope, frame) }
        return reply(status, text, directive, scope, frame)
    }

    private mutating func reply(
        _ status: Int, _ text: NginxText, _ directive: NginxDirective, _ scope: NginxScope, _ frame: NginxFrame
    ) -> NginxContent {
        let type = contentType(scope, frame)
        var entries = [YAMLEntry("status", .word("\(status)"))]
        if let constant = text.constant {
            switch type {
            case "application/json" where JSONText.mistake(in: constant) == nil:
                entries.append(YAMLEntry("json", .text(constant)))
            case "text/html": entries.append(YAMLEntry("html", .text(constant)))
            case "text/plain": entries.append(YAMLEntry("text", .text(constant)))
            default: entries += [YAMLEntry("text", .text(constant)), YAMLEntry("type", .text(type))]
            }
        } else {
            switch frame.variables.template(text) {
            case .success(let template):
                entries += [YAMLEntry("template", .text(template)), YAMLEntry("type", .text(type))]
            case .failure(let unknown):
                return refusal(directive, "left out; there is no variable like $\(unknown.name)", status, frame)
            }
        }
        if status == 200 { entries.removeFirst() }
        var content = NginxContent(.reply, YAMLEntry("reply", .map(entries)))
        content.status = status
        return finished(content, scope, frame)
    }

    /// By a field that was added for the purpose, by the path, by `default_type`, or text.
    private func contentType(_ scope: NginxScope, _ frame: NginxFrame) -> String {
        for field in scope.all("add_header") where field.value.lowercased() == "content-type" {
            if field.arguments.count > 1, let type = NginxText(field.arguments[1]).constant,
                type.contains("/")
            {
                return type
            }
        }
        if case .exact(let path)? = frame.location?.path, let dot = path.lastIndex(of: "."),
            let type = Self.types[String(path[dot...].dropFirst())], !clearsTypes(scope)
        {
            return type
        }
        let type = scope.last("default_type")?.value ?? ""
        return type.contains("/") ? type : "text/plain"
    }

    /// `types { }` takes all extensions away, so that `default_type` says it.
    private func clearsTypes(_ scope: NginxScope) -> Bool { scope.last("types")?.block?.isEmpty ?? false }

    private static let types = [
        "html": "text/html", "htm": "text/html", "txt": "text/plain", "json": "application/json",
        "xml": "text/xml", "css": "text/css", "js": "application/javascript", "ico": "image/x-icon",
    ]

    mutating func redirect(to template: String, status: Int, _ scope: NginxScope, _ frame: NginxFrame) -> NginxContent {
        let node: YAMLNode =
            status == 302
            ? .text(template)
            : .map([YAMLEntry("to", .text(template)), YAMLEntry("status", .word("\(status)"))])
        var content = NginxContent(.redirect, YAMLEntry("redirect", node))
        content.status = status
        return finished(content, scope, frame)
    }

    /// What stands for something that cannot be done here: an answer that says so.
    mutating func refusal(
        _ directive: NginxDirective, _ reason: String, _ status: Int, _ frame: NginxFrame
    ) -> NginxContent {
        var content = NginxContent.reply(status)
        content.comments = frame.comments + [notes.comment(directive, reason)]
        return content
    }
}
