/// Which paths a location takes, once it no longer stands in another one.
enum NginxPath: Equatable, Sendable {
    case exact(String)
    /// By characters, as nginx means it.
    case prefix(String, beforeRegex: Bool)
    case regex(NginxExpression)
    case named(String)

    /// A path as it stands in a route: characters that cannot stand in a target are percent-encoded.
    static func encoded(_ path: String) -> String {
        let digits = Array("0123456789ABCDEF")
        return String(
            path.utf8.flatMap { byte -> [Character] in
                if isLetterOrDigit(byte) || marks.contains(byte) { return [Character(Unicode.Scalar(byte))] }
                return ["%", digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            })
    }

    /// RFC 3986 section 3.3: what a segment may hold beside letters and digits, and the slash.
    private static let marks = Array("-._~!$&'()*+,;=:@/".utf8)

    /// The last words of a route's pattern.
    var pattern: String {
        switch self {
        case .exact(let path): "= \(Self.encoded(path))"
        case .prefix(let path, beforeRegex: false): Self.encoded(path)
        case .prefix(let path, beforeRegex: true): "^~ \(Self.encoded(path))"
        case .regex(let expression): "\(expression.ignoresCase ? "~*" : "~") \(expression.ofEncodedPaths)"
        case .named(let name): name
        }
    }
}

/// One location of a server, with the blocks around it.
struct NginxLocation: Sendable {
    /// As the file says it, for what replaces prefixes.
    let own: NginxPath
    /// As it matches, whatever locations it stands in.
    var path: NginxPath
    let block: [NginxDirective]
    let scope: NginxScope
    let place: NginxPlace
    /// Of the locations that it stands in, from the outermost in.
    let parents: [NginxPath]

    var prefix: String? { if case .prefix(let prefix, _) = own { prefix } else { nil } }
    var expression: NginxExpression? { if case .regex(let expression) = own { expression } else { nil } }

    /// What tells it from the others of its server: several may stand in one line.
    var identity: String { "\(place.file):\(place.line) \(path.pattern)" }

    /// The location, this one or one around it, that an `alias` stands in.
    func aliased(by alias: NginxDirective) -> NginxPath? {
        if block.contains(alias) { return own }
        for (path, level) in zip(parents.reversed(), scope.levels.dropLast().reversed()) where level.contains(alias) {
            return path
        }
        return nil
    }

    /// What nginx answers with a redirect to `/x/` where `/x` is asked for.
    var isHandedOn: Bool { block.contains { Self.handing.contains($0.name) } }

    static let handing: Set<String> = [
        "proxy_pass", "fastcgi_pass", "uwsgi_pass", "scgi_pass", "grpc_pass", "memcached_pass",
    ]
}

/// All locations of a server, out of one another: first those with expressions in the order in which nginx would ask
/// them, and what the others are called.
struct NginxLocations: Sendable {
    private(set) var fixed: [NginxLocation] = []
    private(set) var expressions: [NginxLocation] = []
    private(set) var named: [NginxLocation] = []
    /// Those that nginx would refuse.
    private(set) var wrong: [NginxDirective] = []

    init(of block: [NginxDirective], scope: NginxScope) { self.init(of: block, scope, parents: []) }

    private init(of block: [NginxDirective], _ scope: NginxScope, parents: [NginxPath]) {
        let isNested = !parents.isEmpty
        let own = block.filter { $0.name == "location" && $0.block != nil }
        let paths = own.map { Self.path($0.arguments) }
        let prefixes = paths.compactMap { if case .prefix(let path, _) = $0 { path } else { nil } }
        var before: [NginxLocation] = []
        var here: [NginxLocation] = []
        var closed: [String] = []
        for (directive, path) in zip(own, paths) {
            guard let path, let block = directive.block else {
                wrong.append(directive)
                continue
            }
            let scope = scope.entering(block)
            let inner = NginxLocations(of: block, scope, parents: parents + [path])
            wrong += inner.wrong
            named += inner.named
            var location = NginxLocation(
                own: path, path: path, block: block, scope: scope, place: directive.place, parents: parents)
            switch path {
            case .named: named.append(location)
            case .exact: fixed.append(location)
            case .prefix(let prefix, let beforeRegex):
                let longer = prefixes.filter { $0 != prefix && $0.hasPrefix(prefix) }
                before += inner.expressions.map { $0.scoped(inside: prefix, outside: longer) }
                // Asked for in another location, or with expressions of its own, it has to be kept from the others'.
                let isOurs = beforeRegex && !isNested && inner.expressions.isEmpty
                if beforeRegex, !isOurs { closed.append(prefix) }
                location.path = .prefix(prefix, beforeRegex: isOurs)
                fixed.append(location)
                fixed += inner.fixed.map { $0.before(regex: isOurs) }
            case .regex(let expression):
                here += inner.fixed.map { $0.within(expression) } + inner.expressions.map { $0.within(expression) }
                here.append(location)
            }
        }
        expressions = before + here.map { $0.scoped(inside: nil, outside: closed) }
    }

    /// `= /x`, `^~ /x`, `~ x`, `~* x`, `/x`, `@x`, also without the blank.
    private static func path(_ arguments: [String]) -> NginxPath? {
        var arguments = arguments
        if arguments.count == 1, let first = arguments.first {
            for mark in ["=", "^~", "~*", "~"] where first.hasPrefix(mark) && first.count > mark.count {
                arguments = [mark, String(first.dropFirst(mark.count))]
                break
            }
        }
        guard let path = arguments.last, !path.isEmpty, arguments.count <= 2 else { return nil }
        if arguments.count == 1, path.hasPrefix("@") { return .named(path) }
        // Without its slash it takes no path.
        guard path.hasPrefix("/") || arguments[0].hasPrefix("~") else { return nil }
        if arguments.count == 1 { return .prefix(path, beforeRegex: false) }
        switch arguments[0] {
        case "=": return .exact(path)
        case "^~": return .prefix(path, beforeRegex: true)
        case "~": return .regex(NginxExpression(path))
        case "~*": return .regex(NginxExpression(path, ignoresCase: true))
        default: return nil
        }
    }

    /// Which location a path leads to that the configuration names, expressions only as far as they are extensions.
    func location(for path: String) -> NginxLocation? {
        if let exact = fixed.first(where: { $0.path == .exact(path) }) { return exact }
        let longest = longestPrefix(of: path)
        if case .prefix(_, beforeRegex: true)? = longest?.path { return longest }
        let byExtension = expressions.first { location in
            location.expression?.extensions?.contains { path.hasSuffix("." + $0) } ?? false
        }
        return byExtension ?? longest
    }

    func longestPrefix(of path: String) -> NginxLocation? {
        fixed.filter { if case .prefix(let prefix, _) = $0.path { path.hasPrefix(prefix) } else { false } }
            .max { ($0.prefix?.utf8.count ?? 0) < ($1.prefix?.utf8.count ?? 0) }
    }
}

extension NginxLocation {
    fileprivate func scoped(inside: String?, outside: [String]) -> NginxLocation {
        guard case .regex(let expression) = path else { return self }
        var location = self
        location.path = .regex(expression.scoped(inside: inside, outside: outside))
        return location
    }

    fileprivate func before(regex: Bool) -> NginxLocation {
        guard case .prefix(let prefix, let isAlready) = path else { return self }
        var location = self
        location.path = .prefix(prefix, beforeRegex: regex || isAlready)
        return location
    }

    /// As it matches in a location with an expression.
    fileprivate func within(_ outer: NginxExpression) -> NginxLocation {
        var location = self
        switch path {
        case .exact(let path):
            location.path = .regex(
                NginxExpression("^(?=\(NginxExpression.escaped(path))$)").within(outer))
        case .prefix(let prefix, _): location.path = .regex(outer.scoped(inside: prefix))
        case .regex(let inner): location.path = .regex(inner.within(outer))
        case .named: break
        }
        return location
    }
}
