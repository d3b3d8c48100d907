import ProxyCore

struct CORSDraft {
    var settings = CORSSettings(origins: ["*"])
    var origins: Element?
}

enum CORSKeys {
    static let all: [Key<CORSDraft>] = [
        Key("origins", .oneOrMore(Kind.origin.shape), "Such as https://shop.test; * for any.") {
            reader, element, draft in
            draft.settings.origins = reader.values(.origin, element)
            draft.origins = element
        },
        Key("methods", .oneOrMore(Kind.method.shape), "Methods that scripts may use.") { reader, element, draft in
            draft.settings.methods = reader.values(.method, element)
        },
        Key("headers", .oneOrMore(Kind.fieldName.shape), "Request fields that scripts may set; * for any.") {
            reader, element, draft in draft.settings.requestFields = reader.values(.fieldName, element)
        },
        Key("expose", .oneOrMore(Kind.fieldName.shape), "Fields of the answer that scripts may see.") {
            reader, element, draft in draft.settings.exposedFields = reader.values(.fieldName, element)
        },
        Key("credentials", .onOrOff, \.settings.allowsCredentials, "Whether cookies may come along."),
        Key("max_age", Kind<Milliseconds>.duration.shape, "How long browsers may remember the answer.") {
            reader, element, draft in
            guard let milliseconds = reader.value(Kind<Milliseconds>.duration, element) else { return }
            draft.settings.maxAgeSeconds = Int(milliseconds / 1_000)
        },
    ]
}

struct BasicAuthDraft {
    var realm = "restricted"
    var users: [String: String]?
}

enum BasicAuthKeys {
    static let all: [Key<BasicAuthDraft>] = [
        Key("realm", .anyText, "What browsers say they want the password for.") { reader, element, draft in
            let kind = Kind<String>(.anyText) { (text) throws(Rejection) in
                guard text.utf8.allSatisfy({ (0x20..<0x7F).contains($0) }), text.utf8.count <= Bounds.nameBytesMax
                else {
                    throw Rejection("is no realm; use up to \(Bounds.nameBytesMax) characters of ASCII")
                }
                return text
            }
            reader.read(kind, element, into: &draft.realm)
        },
        Key(
            "users", .either([.anyText, .named(.anyText)]),
            "Hashes of passwords by user name, as htpasswd -B writes them; or a file of NAME:HASH lines."
        ) { reader, element, draft in draft.users = reader.users(element) },
    ]
}

enum ErrorPageKeys {
    struct Draft {
        var body: [UInt8]?
        var bodyKey: String?
        var type = ""
        var givenType: String?
        var status: Int?
        var coversUpstream = false

        /// - Returns: false where there is another body already.
        mutating func take(_ body: [UInt8]?, _ key: String, type: String) -> Bool {
            guard bodyKey == nil else { return false }
            (self.body, bodyKey, self.type) = (body ?? [], key, type)
            return true
        }
    }

    static let all: [Key<Draft>] = [
        body("file", "A file, relative to this one.") { reader, element in
            guard let bytes = reader.file(element, bytesMax: Bounds.bodyBytesMax) else { return nil }
            return (bytes, ContentType.of(element.scalar?.text ?? ""))
        },
        body("text", "A text.") { reader, element in
            reader.text(element).map { (Array($0.utf8), ContentType.text) }
        },
        body("html", "A page.") { reader, element in reader.text(element).map { (Array($0.utf8), ContentType.html) } },
        body("json", "A mapping or list, or a text that is JSON.", .value([])) { reader, element in
            reader.json(element).map { (Array($0.utf8), ContentType.json) }
        },
        Key("type", Kind.mediaType.shape, "The Content-Type.") { reader, element, draft in
            draft.givenType = reader.value(.mediaType, element)
        },
        Key("status", .status, \.status, "The status instead, from 200 to 599."),
        Key("upstream", .onOrOff, \.coversUpstream, "Whether answers of upstreams are replaced as well."),
    ]

    private static func body(
        _ name: String, _ summary: String, _ shape: Shape = .anyText,
        read: @escaping @Sendable (Reader, Element) -> (bytes: [UInt8], type: String)?
    ) -> Key<Draft> {
        Key(name, shape, summary) { reader, element, draft in
            let content = read(reader, element)
            if !draft.take(content?.bytes, name, type: content?.type ?? "") {
                let other = draft.bodyKey ?? ""
                reader.fail(element, "\"\(other)\" and \"\(name)\" exclude each other; a page has one body")
            }
        }
    }
}

/// Content types of what a configuration file holds or names.
enum ContentType {
    static let text = "text/plain; charset=utf-8"
    static let html = "text/html; charset=utf-8"
    static let json = "application/json"

    /// By the extension of a file's name.
    static func of(_ name: String) -> String {
        switch name.split(separator: ".").last?.lowercased() {
        case "txt": text
        case "json": json
        case "xml": "application/xml"
        case "svg": "image/svg+xml"
        default: html
        }
    }
}

extension Reader {
    func takeCORS(_ element: Element, _ draft: inout RouteDraft) {
        if let truth = element.truth ?? ["on": true, "off": false][element.scalar?.text ?? ""] {
            draft.modifiers.cors = truth ? CORSSettings(origins: ["*"]) : nil
            return
        }
        var cors = CORSDraft()
        if element.entries != nil {
            read(CORSKeys.all, element, into: &cors)
        } else {
            cors.settings.origins = values(.origin, element)
            cors.origins = element
        }
        let origins = cors.settings.origins
        if origins.contains("*"), origins.count > 1 {
            fail(cors.origins ?? element, "cors: * stands for all origins; leave the others away")
        }
        // The Fetch standard, section 3.2.5: browsers refuse the combination.
        if origins.contains("*"), cors.settings.allowsCredentials {
            fail(cors.origins ?? element, "cors: credentials need origins by name; browsers refuse * with them")
        }
        draft.modifiers.cors = cors.settings
    }

    // ---- users -------------------------------------------------------------------------------------------------------

    /// Hashes by name, from a mapping or an htpasswd file.
    func users(_ element: Element) -> [String: String] {
        guard let entries = element.entries else { return usersOfFile(element) }
        var users: [String: String] = [:]
        for entry in entries {
            guard isUserName(entry.name) else {
                fail(entry.key, "users: a name is empty, or has a colon or a control character (RFC 7617)")
                continue
            }
            guard let hash = text(entry.value) else { continue }
            if let hint = hashMistake(hash) { fail(entry.key, "users: the hash of \"\(entry.name)\" \(hint)") }
            users[entry.name] = hash
        }
        return users
    }

    private func usersOfFile(_ element: Element) -> [String: String] {
        guard let bytes = file(element, bytesMax: Bounds.usersBytesMax), let name = element.scalar?.text else {
            return [:]
        }
        var users: [String: String] = [:]
        for (number, line) in String(decoding: bytes, as: UTF8.self)
            .split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated()
        {
            guard let first = line.first(where: { !$0.isWhitespace }), first != "#" else { continue }
            let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            let mistake: String? =
                if parts.count < 2 || !isUserName(String(parts[0])) {
                    "is no NAME:HASH"
                } else if users[String(parts[0])] != nil {
                    "names \"\(parts[0])\" again; use it once"
                } else {
                    hashMistake(String(parts[1])).map { "has a hash that \($0)" }
                }
            if let mistake {
                add(Diagnostic(.error, file: name, line: number + 1, message: printable("the line \(mistake)")))
                continue
            }
            users[String(parts[0])] = String(parts[1])
        }
        return users
    }

    private func isUserName(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.count <= Bounds.nameBytesMax
            && name.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F && $0 != 0x3A }
    }

    /// What is wrong with a hash, without showing it.
    private func hashMistake(_ hash: String) -> String? {
        if hash.hasPrefix("{SHA256}") {
            let digits = hash.utf8.dropFirst(8)
            return digits.count == 64 && digits.allSatisfy(isHexDigit)
                ? nil : "is no {SHA256} and 64 hexadecimal digits"
        }
        if ["$2a$", "$2b$", "$2y$", "$5$", "$6$", "$y$", "$7$", "$gy$"].contains(where: { hash.hasPrefix($0) }) {
            let isWhole = hash.split(separator: "$").count >= 3 && hash.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
            return isWhole ? nil : "is cut off"
        }
        if hash.hasPrefix("$apr1$") || hash.hasPrefix("{SHA}") || hash.hasPrefix("$1$") {
            return "is of a kind that is too weak; make one with htpasswd -nB NAME"
        }
        return "is no hash of a password; make one with htpasswd -nB NAME"
    }

    // ---- bodies ------------------------------------------------------------------------------------------------------

    /// Objects to an answer of ours that would be too long.
    func bound(body bytes: Int, _ element: Element) {
        guard bytes > Bounds.bodyBytesMax else { return }
        fail(element, "\(element.key): is longer than \(sizeText(Bounds.bodyBytesMax)); serve what is larger as a file")
    }

    // ---- error pages -------------------------------------------------------------------------------------------------

    func errorPages(_ element: Element) -> [ErrorPage] {
        (entries(element, names: ["404", "500-599"]) ?? []).compactMap { entry -> ErrorPage? in
            var draft = ErrorPageKeys.Draft()
            let before = diagnostics.count
            if entry.value.entries != nil {
                read(ErrorPageKeys.all, entry.value, into: &draft)
                if draft.bodyKey == nil, diagnostics.count == before {
                    fail(entry.value, "\(entry.name): has no page; use file, text, html or json")
                }
            } else if let bytes = file(entry.value, bytesMax: Bounds.bodyBytesMax) {
                _ = draft.take(bytes, "file", type: ContentType.of(entry.value.scalar?.text ?? ""))
            }
            bound(body: draft.body?.count ?? 0, entry.value)
            do throws(Rejection) {
                return ErrorPage(
                    statuses: try Parse.statuses(entry.name), status: draft.status,
                    contentType: draft.givenType ?? draft.type, body: draft.body ?? [],
                    coversUpstream: draft.coversUpstream)
            } catch {
                fail(entry.key, "error_pages: \"\(entry.name)\" \(error.hint)")
                return nil
            }
        }
    }
}
