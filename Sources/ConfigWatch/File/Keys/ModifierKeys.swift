import ProxyCore

/// What a route changes, checks or limits; also what all routes get that say nothing.
enum ModifierKeys {
    static let all: [Key<RouteDraft>] = paths + fields + limits + guards + answers

    private static let paths: [Key<RouteDraft>] = [
        Key("strip_prefix", Kind.onOrOff.shape, "The prefix that the route matched is taken off the path.") {
            reader, element, draft in
            guard let strips = reader.value(.onOrOff, element) else { return }
            reader.rewrite(element, strips ? .stripPrefix : nil, &draft)
        },
        Key("replace_prefix", Kind.path.shape, "What the prefix that the route matched is replaced by.") {
            reader, element, draft in
            reader.rewrite(element, reader.value(.path, element).map { .replacePrefix($0) }, &draft)
        },
        Key(
            "rewrite", .either([.anyText, .keys("rewrite", RewriteKeys.all.descriptions())]),
            "What becomes of the path: a text with variables, or an expression and what is put where it is found."
        ) { reader, element, draft in reader.takeRewrite(element, &draft) },
    ]

    private static let fields: [Key<RouteDraft>] = [
        Key("request_headers", .keys("headers", HeaderKeys.all.descriptions()), "Changes of the request's fields.") {
            reader, element, draft in
            draft.modifiers.requestFields += reader.fieldChanges(element, &draft)
        },
        Key("response_headers", .keys("headers", HeaderKeys.all.descriptions()), "Changes of the answer's fields.") {
            reader, element, draft in
            draft.modifiers.responseFields += reader.fieldChanges(element, &draft)
        },
    ]

    private static let limits: [Key<RouteDraft>] = [
        Key(
            "timeouts", .keys("route_timeouts", RouteTimeoutKeys.all.descriptions()),
            "Time-outs that differ from those of the file."
        ) { reader, element, draft in reader.read(RouteTimeoutKeys.all, element, into: &draft.modifiers.timeouts) },
        Key(
            "retries", .either([Kind.retryCauses.shape, .keys("retries", RetryKeys.all.descriptions())]),
            "Retries that differ from those of the service."
        ) { reader, element, draft in
            var settings = draft.modifiers.retries ?? RetrySettings()
            reader.takeRetries(element, &settings)
            draft.retries.append(element)
        },
        Key(
            "body_limit", .size(upTo: Bounds.requestBodyBytesMax), \.modifiers.bodyBytesMax,
            "The largest request body; a longer one is refused with 413."),
        Key("log", .onOrOff, \.modifiers.isLogged, "Whether requests stand in the access log."),
    ]

    private static let guards: [Key<RouteDraft>] = [
        Key(
            "cors", .either([.truth, .oneOrMore(Kind.origin.shape), .keys("cors", CORSKeys.all.descriptions())]),
            "Lets scripts of other origins in: true for any, an origin, a list of them, or a mapping."
        ) { reader, element, draft in reader.takeCORS(element, &draft) },
        Key("basic_auth", .keys("basic_auth", BasicAuthKeys.all.descriptions()), "Who may enter, by name and password.")
        {
            reader, element, draft in
            var auth = BasicAuthDraft()
            reader.read(BasicAuthKeys.all, element, into: &auth)
            if element.entries != nil, auth.users == nil { reader.fail(element, "basic_auth: lacks its users") }
            draft.modifiers.basicAuth = BasicAuth(realm: auth.realm, users: auth.users ?? [:])
        },
        Key("access", .oneOrMore(Kind.accessRule.shape), "allow NETWORK and deny NETWORK; the first that fits decides.")
        {
            reader, element, draft in
            draft.access.rules = reader.values(.accessRule, element).flatMap { $0 }
            if draft.access.allowed != nil || draft.access.denied != nil { reader.failMixedAccess(element) }
        },
        Key("allow", .oneOrMore(Kind.network.shape), "The networks that may enter, and no others.") {
            reader, element, draft in
            draft.access.allowed = reader.values(.network, element).flatMap { $0 }
            if draft.access.rules != nil { reader.failMixedAccess(element) }
        },
        Key("deny", .oneOrMore(Kind.network.shape), "Networks that may not enter, not even where allow has them.") {
            reader, element, draft in
            draft.access.denied = reader.values(.network, element).flatMap { $0 }
            if draft.access.rules != nil { reader.failMixedAccess(element) }
        },
    ]

    private static let answers: [Key<RouteDraft>] = [
        Key(
            "compress",
            .either([.truth, .oneOrMore(Kind.coding.shape), .keys("compress", CompressKeys.all.descriptions())]),
            "Compresses answers for clients that accept it: true, codings in our order, or a mapping."
        ) { reader, element, draft in
            if let truth = element.truth ?? ["on": true, "off": false][element.scalar?.text ?? ""] {
                draft.modifiers.compression = truth ? CompressionSettings() : nil
                return
            }
            var settings = CompressionSettings()
            if element.entries != nil {
                reader.read(CompressKeys.all, element, into: &settings)
            } else {
                settings.codings = reader.values(.coding, element)
            }
            draft.modifiers.compression = settings
        },
        Key(
            "error_pages", .named(.either([.anyText, .keys("error_page", ErrorPageKeys.all.descriptions())])),
            "What clients see instead of errors: a mapping from statuses to files, or to mappings."
        ) { reader, element, draft in
            draft.modifiers.errorPages.insert(contentsOf: reader.errorPages(element), at: 0)
        },
        Key(
            "mirror", .either([Kind.upstream.shape, .keys("mirror", MirrorKeys.all.descriptions())]),
            "A copy of requests goes to another service, whose answers nobody sees."
        ) { reader, element, draft in
            if element.entries == nil {
                draft.modifiers.mirror = reader.service(element).map { Mirror(service: $0) }
                return
            }
            var mirror = MirrorDraft()
            reader.read(MirrorKeys.all, element, into: &mirror)
            if !mirror.hasTarget { reader.fail(element, "mirror: lacks its service; use to: SERVICE") }
            draft.modifiers.mirror = mirror.service.map { Mirror(service: $0, percent: mirror.percent) }
        },
    ]
}

enum RewriteKeys {
    struct Draft {
        var regex: String?
        var replacement: Template?
        var element: Element?
    }

    static let all: [Key<Draft>] = [
        Key("regex", .anyText, "The expression whose first find is replaced.") { reader, element, draft in
            let kind = Kind<String>(.anyText) { (text) throws(Rejection) in
                try Parse.checkPathExpression(text)
                return text
            }
            draft.regex = reader.value(kind, element)
        },
        Key("with", .anyText, "What is put in its place, with variables such as {1}.") { reader, element, draft in
            draft.replacement = reader.value(.fieldValue, element)
            draft.element = element
        },
    ]
}

enum HeaderKeys {
    struct Draft {
        /// In the order of the file.
        var changes: [(change: FieldChange, element: Element)] = []
    }

    static let all: [Key<Draft>] = [
        Key("set", .named(.anyText), "Fields that are to have this value and no other.") { reader, element, draft in
            for entry in reader.entries(element, names: ["X-Tenant"]) ?? [] {
                guard let name = reader.changeableField(entry.key) else { continue }
                guard let value = reader.value(.fieldValue, entry.value) else { continue }
                draft.changes.append((FieldChange(name: name, change: .set(value)), entry.value))
            }
        },
        Key("add", .named(.oneOrMore(.anyText)), "Fields that get one more value, or several.") {
            reader, element, draft in
            for entry in reader.entries(element, names: ["X-Tenant"]) ?? [] {
                guard let name = reader.changeableField(entry.key) else { continue }
                for item in entry.value.oneOrMore {
                    guard let value = reader.value(.fieldValue, item) else { continue }
                    draft.changes.append((FieldChange(name: name, change: .add(value)), item))
                }
            }
        },
        Key("remove", .oneOrMore(Kind.fieldName.shape), "Fields that are taken out.") { reader, element, draft in
            for item in element.oneOrMore {
                guard reader.text(item) != nil, let name = reader.changeableField(item) else { continue }
                draft.changes.append((FieldChange(name: name, change: .remove), item))
            }
        },
    ]
}

enum RouteTimeoutKeys {
    static let all: [Key<RouteTimeouts>] = [
        Key(
            "response", .timeout, \.responseMilliseconds,
            "For an upstream to begin its answer, and between two parts of it."),
        Key(
            "body", .timeout, \.bodyMilliseconds,
            "For a client to send the next part of a body, or take that of an answer."),
        Key(
            "tunnel", .timeout, \.tunnelMilliseconds, "For a tunnel, such as a WebSocket, on which neither side sends."),
    ]
}

enum CompressKeys {
    static let all: [Key<CompressionSettings>] = [
        Key("codings", .oneOrMore(Kind.coding.shape), "zstd, brotli and gzip, in our order.") {
            reader, element, settings in
            settings.codings = reader.values(.coding, element)
        },
        Key(
            "min_size", .size(upTo: Bounds.compressedBytesMin), \.bytesMin,
            "Shorter bodies are left alone, such as 1KiB."),
        Key("types", .oneOrMore(Kind.mediaType.shape), "Media types; text/* for all of a kind.") {
            reader, element, settings in settings.types = reader.values(.mediaType, element)
        },
        Key("level", .count(in: Bounds.compressionLevel), \.level, "How hard to try, from 1 to 9."),
    ]
}

struct MirrorDraft {
    var service: Int?
    var hasTarget = false
    var percent = 100
}

enum MirrorKeys {
    static let all: [Key<MirrorDraft>] = [
        Key("to", Kind.upstream.shape, "A service, or an upstream.") { reader, element, draft in
            draft.hasTarget = true
            draft.service = reader.service(element)
        },
        Key("percent", .percentage, \.percent, "The share of the requests that are copied."),
    ]
}

extension Reader {
    func failMixedAccess(_ element: Element) {
        fail(element, "\"access\" excludes \"allow\" and \"deny\"; use either")
    }

    /// The name of a field that may be changed.
    func changeableField(_ element: Element) -> String? {
        do {
            return try Parse.changeableField(element.scalar?.text ?? "")
        } catch {
            fail(element, "\"\(element.scalar?.written ?? "")\" \(error.hint)")
            return nil
        }
    }

    func fieldChanges(_ element: Element, _ route: inout RouteDraft) -> [FieldChange] {
        var draft = HeaderKeys.Draft()
        read(HeaderKeys.all, element, into: &draft)
        for (change, element) in draft.changes {
            switch change.change {
            case .set(let template), .add(let template):
                route.templates.append(PlacedTemplate(template: template, element: element))
            case .remove: break
            }
        }
        return draft.changes.map(\.change)
    }

    /// One of the keys that change the path, which exclude each other.
    func rewrite(_ element: Element, _ rewrite: PathRewrite?, _ draft: inout RouteDraft) {
        if let other = draft.rewriteKey {
            return fail(element, "\"\(other.key)\" and \"\(element.key)\" exclude each other; a path is changed once")
        }
        draft.rewriteKey = element
        draft.modifiers.rewrite = rewrite
    }

    func takeRewrite(_ element: Element, _ draft: inout RouteDraft) {
        guard element.entries != nil else {
            guard let template = value(.fieldValue, element, orMapping: true) else { return }
            if case .text(let text) = template.parts.first, text.first != "/" {
                fail(element, Rejection("is no path; begin it with / or a variable"))
            }
            draft.templates.append(PlacedTemplate(template: template, element: element))
            return rewrite(element, .path(template), &draft)
        }
        var parts = RewriteKeys.Draft()
        let before = diagnostics.count
        read(RewriteKeys.all, element, into: &parts)
        guard let regex = parts.regex, let replacement = parts.replacement, let place = parts.element else {
            if diagnostics.count == before {
                fail(element, "rewrite: lacks a part; use {regex: EXPRESSION, with: TEXT}")
            }
            return
        }
        draft.templates.append(
            PlacedTemplate(template: replacement, element: place, expression: regex))
        rewrite(element, .regex(pattern: regex, replacement: replacement), &draft)
    }

    func takeRetries(_ element: Element, _ settings: inout RetrySettings) {
        if element.entries != nil {
            if settings.causes.isEmpty { settings.causes = .all }
            read(RetryKeys.all, element, into: &settings)
        } else {
            read(.retryCauses, element, into: &settings.causes, orMapping: true)
        }
    }
}
