/// Routes as a map of patterns where those say everything, or else as a list.
enum NginxRouteWriter {
    static func node(_ routes: [NginxRoute]) -> YAMLNode {
        let areBrief = routes.allSatisfy { $0.ports.isEmpty && $0.conditions.areMethodsOnly }
        let keys = routes.map(\.pattern)
        if areBrief, Set(keys).count == keys.count {
            return .map(zip(keys, routes).map { YAMLEntry($0, $1.value, comments: $1.content.comments) })
        }
        return .list(
            routes.map { route in
                YAMLItem(.map([YAMLEntry("match", route.match)] + route.entries), comments: route.content.comments)
            })
    }
}

extension NginxRoute {
    /// `GET,HEAD example.com/v1`
    fileprivate var pattern: String {
        var words: [String] = []
        if !conditions.methods.isEmpty { words.append(conditions.methods.joined(separator: ",")) }
        let path = path.pattern
        let host = hosts.joined(separator: ",")
        if hosts.isEmpty { return (words + [path]).joined(separator: " ") }
        return (words + [path.hasPrefix("/") ? host + path : host + " " + path]).joined(separator: " ")
    }

    fileprivate var match: YAMLNode {
        if ports.isEmpty, conditions.areMethodsOnly { return .text(pattern) }
        var entries: [YAMLEntry] = []
        if !ports.isEmpty { entries.append(YAMLEntry("port", .oneOrMoreWords(ports.map(String.init)))) }
        if !hosts.isEmpty { entries.append(YAMLEntry("host", .oneOrMore(hosts))) }
        entries.append(YAMLEntry("path", .text(path.pattern)))
        if !conditions.methods.isEmpty { entries.append(YAMLEntry("method", .oneOrMore(conditions.methods))) }
        for (key, values) in [("header", conditions.fields), ("query", conditions.parameters)] where !values.isEmpty {
            entries.append(YAMLEntry(key, .map(values.map { YAMLEntry($0.name, $0.test.node) })))
        }
        if !conditions.clients.isEmpty { entries.append(YAMLEntry("client", .oneOrMore(conditions.clients))) }
        return .map(entries)
    }

    fileprivate var entries: [YAMLEntry] {
        [content.action] + [content.rewrite, content.requestHeaders].compactMap(\.self) + content.modifiers
    }

    /// Only its service's name, where that is all there is to say.
    fileprivate var value: YAMLNode {
        let entries = entries
        return entries.count == 1 && entries[0].key == "to" ? entries[0].value : .map(entries)
    }
}

extension YAMLNode {
    fileprivate static func oneOrMoreWords(_ words: [String]) -> YAMLNode {
        words.count == 1 ? .word(words[0]) : .list(words.map { YAMLItem(.word($0)) })
    }
}
