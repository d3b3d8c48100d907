/// What all routes have alike is said once.
enum NginxDefaults {
    /// - Returns: the modifiers for `defaults`, and the routes without them.
    static func hoisted(_ routes: [NginxRoute]) -> (defaults: [YAMLEntry], routes: [NginxRoute]) {
        var routes = routes
        var defaults: [YAMLEntry] = []
        for key in ["request_headers", "timeouts", "retries"] {
            hoist(key, &routes, &defaults) { $0.kind == .forward || $0.requestHeaders != nil }
        }
        hoist("compress", &routes, &defaults) { $0.kind != .redirect }
        hoist("error_pages", &routes, &defaults) { $0.kind == .forward || $0.kind == .files }
        hoist("response_headers", &routes, &defaults) { _ in true }
        limitBodies(&routes, &defaults)
        return (defaults, routes)
    }

    /// - Parameter counts: Whether a modifier of that kind means anything for a route.
    private static func hoist(
        _ key: String, _ routes: inout [NginxRoute], _ defaults: inout [YAMLEntry], where counts: (NginxContent) -> Bool
    ) {
        let indices = routes.indices.filter { counts(routes[$0].content) }
        guard indices.count > 1, let first = routes[indices[0]].content.modifier(key),
            indices.allSatisfy({ routes[$0].content.modifier(key) == first })
        else { return }
        defaults.append(first)
        for index in indices { routes[index].content.drop(key) }
    }

    /// nginx limits bodies to 1 MiB where nothing is said.
    private static func limitBodies(_ routes: inout [NginxRoute], _ defaults: inout [YAMLEntry]) {
        let forwards = routes.indices.filter { routes[$0].content.kind == .forward }
        let limits = forwards.map { routes[$0].content.bodyBytesMax }
        var usual: Int?
        if forwards.count > 1, !limits.contains(nil) {
            let known = limits.compactMap(\.self)
            usual = Set(known).max { one, two in
                (known.count { $0 == one }, two) < (known.count { $0 == two }, one)
            }
        }
        if let usual { defaults.append(YAMLEntry("body_limit", .text(sizeText(usual)))) }
        for index in forwards {
            guard let limit = routes[index].content.bodyBytesMax, limit != usual else { continue }
            routes[index].content.modifiers.append(YAMLEntry("body_limit", .text(sizeText(limit))))
        }
    }
}

extension NginxContent {
    fileprivate func modifier(_ key: String) -> YAMLEntry? {
        key == requestHeaders?.key ? requestHeaders : modifiers.first { $0.key == key }
    }

    fileprivate mutating func drop(_ key: String) {
        if requestHeaders?.key == key { requestHeaders = nil }
        modifiers.removeAll { $0.key == key }
    }
}
