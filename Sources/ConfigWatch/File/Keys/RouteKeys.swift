import ProxyCore

/// A route as it is being read.
struct RouteDraft {
    /// The text that says it, for messages about the whole.
    var element: Element
    var match = RouteMatch()
    /// Where the path of `match` is said.
    var pathElement: Element?
    var action: RouteAction?
    var actionKey: String?
    var modifiers = RouteModifiers()
    /// What is to be said of retries, over those of the service.
    var retries: [Element] = []
    /// Which of the keys that change the path was given.
    var rewriteKey: Element?
    var access = AccessDraft()
    /// Templates, to be compared with the groups of the route's expression when that is known.
    var templates: [PlacedTemplate] = []

    init(_ element: Element) { self.element = element }
}

struct PlacedTemplate {
    let template: Template
    let element: Element
    /// The expression whose groups it may use, where that is not the route's.
    var expression: String?

    /// Where the text names this variable first, in Unicode scalars.
    func offset(of variable: String) -> Int? {
        let text = Array((element.scalar?.text ?? "").unicodeScalars)
        let name = Array("{\(variable)}".unicodeScalars)
        return text.indices.first { text[$0...].starts(with: name) }
    }
}

/// Who is let in, as the three keys say it.
struct AccessDraft {
    var rules: [AccessRule]?
    var allowed: [Network]?
    var denied: [Network]?

    /// Nil where nothing was said.
    var all: [AccessRule]? {
        if let rules { return rules }
        guard allowed != nil || denied != nil else { return nil }
        var all = (denied ?? []).map { AccessRule(network: $0, allows: false) }
        guard let allowed else { return all }
        all += allowed.map { AccessRule(network: $0, allows: true) }
        for family in ["0.0.0.0", "::"] {
            guard let address = SocketAddress(ip: family, port: 0) else { continue }
            all.append(AccessRule(network: Network(address: address, prefixBits: 0), allows: false))
        }
        return all
    }
}

/// The keys of a route.
enum RouteKeys {
    /// A service for short, or a mapping.
    static let shape = Shape.either([Kind.upstream.shape, .keys("route", all.descriptions())])

    static let all = actions + ModifierKeys.all

    /// Of a route in a list, which says itself what it matches.
    static let withMatch: [Key<RouteDraft>] =
        [
            Key(
                "match", .either([.anyText, .keys("match", MatchKeys.all.descriptions())]),
                "Which requests: [METHOD[,METHOD]] [HOST] [OP] PATH, or a mapping."
            ) { reader, element, draft in
                if element.entries != nil {
                    reader.read(MatchKeys.all, element, into: &draft)
                } else {
                    reader.takePattern(element, into: &draft)
                }
            }
        ] + all

    static let actions: [Key<RouteDraft>] = [
        action(
            "to", .either([Kind.upstream.shape, .named(.number(in: Bounds.splitWeight))]),
            "To a service, by its name or its only upstream, or to one of several: a mapping from services to weights."
        ) { reader, element, _ in reader.forward(element) },
        action(
            "redirect", .either([.anyText, .keys("redirect", RedirectKeys.all.descriptions())]),
            "The client is sent to another URL."
        ) { reader, element, draft in reader.redirect(element, &draft) },
        action(
            "reply", .either([Kind<Int>.status.shape, .keys("reply", ReplyKeys.all.descriptions())]),
            "An answer that needs no upstream: a status, or a mapping. 444 closes the connection without an answer."
        ) { reader, element, draft in reader.reply(element, &draft) },
        action(
            "files", .either([.anyText, .keys("files", FilesKeys.all.descriptions())]),
            "The files of a directory."
        ) { reader, element, _ in reader.files(element) },
    ]

    /// A key of which a route has exactly one.
    private static func action(
        _ name: String, _ shape: Shape, _ summary: String,
        read: @escaping @Sendable (Reader, Element, inout RouteDraft) -> RouteAction?
    ) -> Key<RouteDraft> {
        Key(name, shape, summary) { reader, element, draft in
            if let other = draft.actionKey {
                reader.fail(element, "\"\(other)\" and \"\(name)\" exclude each other; a route does one thing")
                return
            }
            draft.actionKey = name
            draft.action = read(reader, element, &draft)
        }
    }
}

enum MatchKeys {
    static let all: [Key<RouteDraft>] = [
        Key("port", .oneOrMore(.number(in: 1...65535)), "Ports of listeners.") { reader, element, draft in
            draft.match.ports = reader.values(Kind<Int>.count(in: 1...65535), element).map { UInt16($0) }
        },
        Key("host", .oneOrMore(.anyText), "Hosts, such as api.example.com or *.example.com for all below it.") {
            reader, element, draft in
            let kind = Kind<HostPattern?>(.anyText) { (text) throws(Rejection) in try Parse.hostPattern(text) }
            draft.match.hosts = reader.values(kind, element).compactMap { $0 }
        },
        Key("path", .anyText, "/api for a prefix; = /api for exactly this, ~ EXPRESSION or ~* EXPRESSION.") {
            reader, element, draft in
            let kind = Kind<PathPattern>(.anyText) { (text) throws(Rejection) in try Parse.pathPattern(text[...]) }
            draft.pathElement = element
            reader.read(kind, element, into: &draft.match.path)
        },
        Key("method", .oneOrMore(Kind.method.shape), "Methods, such as GET.") { reader, element, draft in
            draft.match.methods = reader.values(.method, element)
        },
        Key("header", .named(condition), "Fields of the request: a value, ~EXPRESSION, true for any or false for none.")
        {
            reader, element, draft in
            draft.match.fields = reader.conditions(element, name: Kind.fieldName) { $0.lowercased() }
        },
        Key(
            "query", .named(condition), "Parameters of the query: a value, ~EXPRESSION, true for any or false for none."
        ) {
            reader, element, draft in
            draft.match.query = reader.conditions(
                element, name: .text(bytesMax: Bounds.nameBytesMax)
            ) { $0 }
        },
        Key("client", .oneOrMore(Kind.network.shape), "Networks of the client's address, such as 10.0.0.0/8.") {
            reader, element, draft in draft.match.clients = reader.values(.network, element).flatMap { $0 }
        },
    ]

    private static let condition = Shape.either([.anyText, .truth])
}

extension Reader {
    /// `METHOD HOST/PATH` and the like.
    func takePattern(_ element: Element, into draft: inout RouteDraft) {
        draft.pathElement = element
        guard let text = text(element) else { return }
        do {
            draft.match = try Parse.routePattern(text)
        } catch {
            guard let offset = error.offset else { return fail(element, "route \"\(text)\" \(error.hint)") }
            let place = element.place(ofCharacter: offset)
            add(Diagnostic(.error, element.source, place, "route \"\(text)\" \(error.hint)"))
        }
    }

    fileprivate func conditions(
        _ element: Element, name kind: Kind<String>, _ normal: (String) -> String
    ) -> [ValueCondition] {
        (entries(element) ?? []).compactMap { entry -> ValueCondition? in
            let value = entry.value
            do throws(Rejection) {
                let name = normal(try kind.parse(entry.name))
                if let truth = value.truth { return ValueCondition(name: name, test: truth ? .present : .absent) }
                guard let text = text(value) else { return nil }
                guard text.hasPrefix("~") else { return ValueCondition(name: name, test: .equals(text)) }
                let pattern = String(text.dropFirst())
                do throws(Rejection) {
                    try Parse.checkExpression(pattern, at: 1)
                } catch {
                    fail(value, error)
                }
                return ValueCondition(name: name, test: .regex(pattern))
            } catch {
                fail(entry.key, "\"\(entry.name)\" \(error.hint)")
                return nil
            }
        }
    }
}
