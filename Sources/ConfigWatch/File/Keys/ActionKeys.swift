import ProxyCore

struct RedirectDraft {
    var location: Template?
    var element: Element?
    var status = 302
}

enum RedirectKeys {
    static let all: [Key<RedirectDraft>] = [
        Key("to", .anyText, "The URL, with variables such as {host} and {uri}.") { reader, element, draft in
            draft.location = reader.location(element)
            draft.element = element
        },
        Key("status", .redirectStatus, \.status, "301, 302, 303, 307 or 308."),
    ]
}

struct ReplyDraft {
    var status = 200
    var type: String?
    var body: Body?
    /// Where the body is said.
    var element: Element?

    struct Body {
        let key: String
        let type: String
        let template: Template
    }
}

enum ReplyKeys {
    static let all: [Key<ReplyDraft>] =
        [
            Key("status", .status, \.status, "From 200 to 599; 444 closes the connection without an answer."),
            Key("type", Kind.mediaType.shape, "The Content-Type.") { reader, element, draft in
                draft.type = reader.value(.mediaType, element)
            },
        ] + bodies

    /// A body is said in one of these ways.
    private static let bodies: [Key<ReplyDraft>] = [
        body("text", .anyText, "A text.", type: "text/plain; charset=utf-8") { reader, element in
            reader.text(element).map { Template($0) }
        },
        body("html", .anyText, "A page.", type: "text/html; charset=utf-8") { reader, element in
            reader.text(element).map { Template($0) }
        },
        body("json", .value([]), "A mapping or list, or a text that is JSON.", type: "application/json") {
            reader, element in reader.json(element).map { Template($0) }
        },
        body(
            "template", .anyText, "A text with variables, such as {host} and {request_id}.",
            type: "text/plain; charset=utf-8"
        ) { reader, element in reader.value(.template, element) },
    ]

    private static func body(
        _ name: String, _ shape: Shape, _ summary: String, type: String,
        read: @escaping @Sendable (Reader, Element) -> Template?
    ) -> Key<ReplyDraft> {
        Key(name, shape, summary) { reader, element, draft in
            if let other = draft.body {
                return reader.fail(
                    element, "\"\(other.key)\" and \"\(name)\" exclude each other; an answer has one body")
            }
            let template = read(reader, element) ?? Template("")
            reader.bound(body: template.textBytes, element)
            draft.element = element
            draft.body = ReplyDraft.Body(key: name, type: type, template: template)
        }
    }
}

struct FilesDraft {
    var settings = FileSettings(root: "")
}

enum FilesKeys {
    static let all: [Key<FilesDraft>] = [
        Key("root", .anyText, "The directory, relative to this file.") { reader, element, draft in
            if let root = reader.directory(element) { draft.settings.root = root }
        },
        Key("index", .oneOrMore(.anyText), "File names that stand for a directory, the first that exists.") {
            reader, element, draft in draft.settings.index = reader.values(.fileName, element)
        },
        Key(
            "precompressed", .onOrOff, \.settings.precompressed,
            "Whether files of the same name with .br, .zst or .gz behind it are sent to clients that accept them."),
        Key(
            "missing",
            .either([
                Kind<Int>.status.shape, .text("^/"),
                .keys("missing", [KeyDescription(name: "to", summary: "A service.", shape: Kind.upstream.shape)]),
            ]), "Where there is no file: a status, a file such as /index.html, or {to: SERVICE}."
        ) { reader, element, draft in
            if let missing = reader.missing(element) { draft.settings.missing = missing }
        },
        Key(
            "types", .named(Kind.mediaType.shape),
            "Content types of extensions; that of the empty one is for names without."
        ) { reader, element, draft in
            for entry in reader.entries(element) ?? [] {
                let name = entry.name.first == "." ? entry.name.dropFirst() : entry.name[...]
                guard !name.contains("/"), !name.contains(".") else {
                    reader.fail(entry.key, "\"\(entry.name)\" is no extension; use one such as wasm")
                    continue
                }
                if let type = reader.value(.mediaType, entry.value) {
                    draft.settings.contentTypes[name.lowercased()] = type
                }
            }
        },
        Key(
            "hide_dot_files", .onOrOff, \.settings.hidesDotFiles,
            "Whether names that begin with a dot are as good as absent, but for /.well-known."),
    ]
}

extension Reader {
    func forward(_ element: Element) -> RouteAction? {
        guard let entries = element.entries else { return service(element).map { .forward(service: $0) } }
        var shares: [WeightedService] = []
        for entry in entries {
            let weight = value(Kind<Int>.count(in: Bounds.splitWeight), entry.value)
            guard let service = service(entry.name, entry.key), let weight else { continue }
            shares.append(WeightedService(service: service, weight: weight))
        }
        guard shares.contains(where: { $0.weight > 0 }) else {
            if shares.count == entries.count {
                fail(element, "to: sends requests nowhere; give a service a weight above 0")
            }
            return nil
        }
        return .split(shares)
    }

    /// A template that begins as a URL or a path does.
    func location(_ element: Element) -> Template? {
        guard let template = value(.fieldValue, element) else { return nil }
        if case .text(let text) = template.parts.first, !text.contains(":"), !"/?#".contains(text.first ?? "/") {
            fail(element, Rejection("is no URL; use https://HOST/PATH, or a path that begins with /"))
        }
        if template.parts.isEmpty { fail(element, Rejection("is no URL; use https://HOST/PATH, or a path")) }
        return template
    }

    func redirect(_ element: Element, _ draft: inout RouteDraft) -> RouteAction? {
        var redirect = RedirectDraft()
        if element.entries != nil {
            read(RedirectKeys.all, element, into: &redirect)
            if redirect.element == nil { fail(element, "redirect: lacks its URL; use to: URL") }
        } else {
            redirect.location = location(element)
            redirect.element = element
        }
        guard let location = redirect.location, let place = redirect.element else { return nil }
        draft.templates.append(PlacedTemplate(template: location, element: place))
        return .redirect(Redirect(status: redirect.status, location: location))
    }

    func reply(_ element: Element, _ draft: inout RouteDraft) -> RouteAction? {
        var reply = ReplyDraft()
        if element.entries != nil {
            read(ReplyKeys.all, element, into: &reply)
        } else {
            guard let status = value(Kind<Int>.status, element, orMapping: true) else { return nil }
            reply.status = status
        }
        let body = reply.body?.template ?? Template("")
        if let place = reply.element {
            draft.templates.append(PlacedTemplate(template: body, element: place))
        }
        var fixed = FixedReply(status: reply.status, contentType: reply.type ?? reply.body?.type ?? "", body: body)
        fixed.closesSilently = reply.status == 444
        return .reply(fixed)
    }

    func files(_ element: Element) -> RouteAction? {
        var files = FilesDraft()
        if element.entries != nil {
            let before = diagnostics.count
            read(FilesKeys.all, element, into: &files)
            if files.settings.root.isEmpty, diagnostics.count == before {
                fail(element, "files: lacks its directory; use root: DIRECTORY")
            }
        } else if let root = directory(element) {
            files.settings.root = root
        }
        return files.settings.root.isEmpty ? nil : .files(files.settings)
    }

    func missing(_ element: Element) -> FileSettings.Missing? {
        if let entries = element.entries {
            guard entries.count == 1, entries[0].name == "to" else {
                for entry in entries where entry.name != "to" { failUnknown(entry.key, ["to"]) }
                return nil
            }
            return service(entries[0].value).map { .forward(service: $0) }
        }
        guard let text = text(element, orMapping: true) else { return nil }
        if text.first == "/" { return .file(text) }
        guard let status = Parse.number(text[...]), (200...599).contains(status) else {
            fail(element, Rejection("is neither; use a status, a file such as /index.html, or {to: SERVICE}"))
            return nil
        }
        return .status(status)
    }

    /// A mapping or list as JSON, or a text that is JSON already.
    func json(_ element: Element) -> String? {
        guard element.scalar != nil else { return JSON(element).compact }
        guard let text = text(element) else { return nil }
        if let offset = JSONText.mistake(in: text) {
            fail(element, Rejection("is no JSON; use a mapping, or a text such as '{\"status\": \"ok\"}'", at: offset))
            return nil
        }
        return text
    }
}
