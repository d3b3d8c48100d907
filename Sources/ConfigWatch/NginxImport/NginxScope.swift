/// The blocks around a place of the configuration, from the outermost in. Directives are inherited from them.
struct NginxScope: Sendable {
    private(set) var levels: [[NginxDirective]]

    init(_ levels: [[NginxDirective]]) { self.levels = levels }

    func entering(_ block: [NginxDirective]) -> NginxScope { NginxScope(levels + [block]) }

    /// Of a directive that says one thing: that of the innermost block that has it.
    func last(_ name: String) -> NginxDirective? { all([name]).last }

    /// Of directives that add up: those of the innermost block that has any. nginx never joins those of two blocks.
    func all(_ name: String) -> [NginxDirective] { all([name]) }

    func all(_ names: Set<String>) -> [NginxDirective] {
        for level in levels.reversed() {
            let found = level.filter { names.contains($0.name) }
            if !found.isEmpty { return found }
        }
        return []
    }

    func isOn(_ name: String) -> Bool { last(name)?.value == "on" }
}
