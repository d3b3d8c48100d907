import ProxyCore

extension Parse {
    /// `[METHOD[,METHOD]] [HOST[,HOST]] [OP] PATH`: `/api`, `= /status`, `GET,HEAD api.example.com/v1`,
    /// `*.example.com ~ ^/u/(\d+)$`. OP is as in nginx: none for a prefix on segments, `=` for exactly this, `^~` for a prefix
    /// that beats expressions, `~` for an expression and `~*` for one that ignores case.
    static func routePattern(_ text: String) throws(Rejection) -> RouteMatch {
        var words = Words(text)
        var match = RouteMatch()
        guard var word = words.next() else { throw Rejection("is no pattern; use a path, such as /api") }
        if isMethods(word) {
            match.methods = word.split(separator: ",").map(String.init)
            guard let next = words.next() else {
                throw Rejection("has methods and no path; use METHOD PATH, such as \(word) /")
            }
            word = next
        }
        if operators.contains(String(word)) || word.first == "/" {
            match.path = try pathPattern(words.rest(from: word), at: words.offset(of: word))
            return match
        }
        let slash = word.firstIndex(of: "/")
        match.hosts = try hosts(word[..<(slash ?? word.endIndex)], at: words.offset(of: word), text)
        if let slash {
            match.path = try pathPattern(words.rest(from: word[slash...]), at: words.offset(of: word[slash...]))
        } else if let next = words.next() {
            match.path = try pathPattern(words.rest(from: next), at: words.offset(of: next))
        } else {
            throw Rejection("has no path; use \"/\(word)\" for a path or \"\(word)/\" for all of a host")
        }
        return match
    }

    /// `[OP] PATH`.
    ///
    /// - Parameter offset: Of the text in what a rejection is about.
    static func pathPattern(_ text: Substring, at offset: Int = 0) throws(Rejection) -> PathPattern {
        var words = Words(String(text))
        guard let first = words.next() else { throw Rejection("has no path; use one such as /api", at: offset) }
        guard operators.contains(String(first)) else { return .prefix(try prefixPath(text, at: offset)) }
        guard let next = words.next() else {
            throw Rejection(
                "has nothing behind \(first); use \(first) and a \(first.hasPrefix("~") ? "expression" : "path")")
        }
        let rest = words.rest(from: next)
        let restOffset = offset + words.offset(of: next)
        switch first {
        case "=": return .exact(try comparable(rest, at: restOffset))
        case "^~": return .prefix(try prefixPath(rest, at: restOffset), beforeRegex: true)
        default:
            let ignoresCase = first == "~*"
            try checkPathExpression(String(rest), ignoresCase: ignoresCase, at: restOffset)
            return .regex(String(rest), ignoresCase: ignoresCase)
        }
    }

    /// One host of a request, or `*.` and a host for all below it. `*` is any host, which needs no pattern.
    static func hostPattern(_ text: String) throws(Rejection) -> HostPattern? {
        if text == "*" { return nil }
        let host = text.lowercased()
        if host.hasPrefix("*."), isHostName(host.dropFirst(2)) { return .below(dotless(host.dropFirst(2))) }
        if isHostName(host[...]) { return .exact(dotless(host[...])) }
        guard let parts = HostPort(host[...]) else { throw wrongHost }
        if parts.address(port: 0) != nil, parts.port == nil { return .exact(host) }
        guard parts.port == nil else { throw Rejection("has a port; leave it away, or use match: {port: …}") }
        throw wrongHost
    }

    private static let wrongHost = Rejection(
        "is no host; use a DNS name such as api.example.com, or *.example.com for all below it")

    /// A dot at the end means the same name, and requests are compared without it.
    private static func dotless(_ host: Substring) -> String { String(host.last == "." ? host.dropLast() : host) }

    private static func hosts(_ word: Substring, at offset: Int, _ text: String) throws(Rejection) -> [HostPattern] {
        var hosts: [HostPattern] = []
        var offset = offset
        for piece in word.split(separator: ",", omittingEmptySubsequences: false) {
            do {
                if let host = try hostPattern(String(piece)) { hosts.append(host) }
            } catch {
                guard word.contains(".") || text.contains("/") else {
                    throw Rejection("has no path; use one that begins with /, such as /api")
                }
                throw Rejection(
                    "has a wrong host; use a DNS name such as api.example.com, or *.example.com for all below it",
                    at: offset)
            }
            offset += piece.unicodeScalars.count + 1
        }
        return hosts
    }

    private static let operators = ["=", "^~", "~", "~*"]

    /// Methods are in capitals, and hosts hardly ever are.
    private static func isMethods(_ word: Substring) -> Bool {
        let pieces = word.split(separator: ",", omittingEmptySubsequences: false)
        return pieces.allSatisfy { piece in
            piece.first.map { ("A"..."Z").contains($0) } ?? false
                && piece.allSatisfy { ("A"..."Z").contains($0) || $0 == "-" || $0 == "_" }
        }
    }

    /// Slashes at its end mean nothing.
    private static func prefixPath(_ text: Substring, at offset: Int) throws(Rejection) -> String {
        let path = try comparable(text, at: offset)
        return path.lastIndex { $0 != "/" }.map { String(path[...$0]) } ?? "/"
    }

    /// A path in the form that those of requests have when they are compared: see `PathNormalizer`.
    private static func comparable(_ text: Substring, at offset: Int) throws(Rejection) -> String {
        let path: String
        do throws(Rejection) {
            guard !text.contains(" ") else {
                throw Rejection("has a blank in its path; use %20, or ~ before an expression")
            }
            path = try plainPath(String(text))
        } catch {
            throw Rejection(
                error.hint.hasPrefix("does not") ? "has a path that \(error.hint)" : error.hint, at: offset)
        }
        var segments = path.split(separator: "/", omittingEmptySubsequences: false)
        segments.removeFirst()
        let isNormal = segments.dropLast().allSatisfy { !$0.isEmpty } && !segments.contains { $0 == "." || $0 == ".." }
        guard isNormal else {
            throw Rejection("would match nothing: // and dot segments are taken out of paths before", at: offset)
        }
        return normalEscapes(path)
    }

    /// Unreserved characters are decoded, and other escapes have upper-case digits (RFC 3986 section 6.2.2).
    private static func normalEscapes(_ path: String) -> String {
        var bytes = Array(path.utf8)[...]
        var normal: [UInt8] = []
        while let byte = bytes.popFirst() {
            let digits = bytes.prefix(2)
            guard byte == UInt8(ascii: "%"), let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
            else {
                normal.append(byte)
                continue
            }
            bytes = bytes.dropFirst(2)
            if isLetterOrDigit(value) || "-._~".utf8.contains(value) {
                normal.append(value)
            } else {
                normal += [byte] + String(decoding: digits, as: UTF8.self).uppercased().utf8
            }
        }
        return String(decoding: normal, as: UTF8.self)
    }

    /// Words between blanks, and where they stand.
    private struct Words {
        private let text: String
        private var remaining: Substring

        init(_ text: String) {
            self.text = text
            remaining = text[...]
        }

        mutating func next() -> Substring? {
            remaining = remaining.drop { $0.isWhitespace }
            let word = remaining.prefix { !$0.isWhitespace }
            remaining = remaining[word.endIndex...]
            return word.isEmpty ? nil : word
        }

        /// All from the start of `word`, without blanks at the end.
        func rest(from word: Substring) -> Substring {
            let rest = text[word.startIndex...]
            return rest.lastIndex { !$0.isWhitespace }.map { rest[...$0] } ?? rest
        }

        func offset(of word: Substring) -> Int {
            text.unicodeScalars.distance(from: text.startIndex, to: word.startIndex)
        }
    }
}
