/// What is known while one configuration becomes ours.
struct NginxConverter {
    let sources: NginxFiles
    var notes: NginxNotes
    /// By name.
    var upstreams: [String: NginxDirective] = [:]
    /// Names of those of which no server can be one of ours.
    var emptyUpstreams: Set<String> = []
    /// Names of those that requests are sent to.
    var usedUpstreams: Set<String> = []
    /// Names of maps to what an upgrade needs.
    var upgradeNames: Set<String> = ["connection_upgrade"]
    /// Of locations of the server at hand, by their identity: neighbours ask for them as well.
    var known: [String: [NginxOutcome]] = [:]
    /// Locations that take no more than whole segments any more.
    var wholeSegments: [(path: String, place: NginxPlace, keepsOut: Bool)] = []
    /// Whether some location refuses files whose names begin with a dot, as ours do unasked.
    var refusesDotFiles = false

    init(files: NginxFiles, file: String) {
        sources = files
        notes = NginxNotes(file: file)
    }

    /// Where requests for a location begin.
    func frame(for location: NginxLocation?, in server: NginxServer) -> NginxFrame {
        var variables = NginxVariables()
        variables.serverName = server.name
        variables.upgradeNames = upgradeNames
        let scope = location?.scope ?? server.scope
        variables.root = (scope.last("root")?.value).flatMap { NginxText($0).constant }
        if case .regex(let expression)? = location?.path {
            variables.groupCount = expression.groupCount
            variables.groups = expression.groupNames
        }
        return NginxFrame(server: server, location: location, scope: scope, variables: variables)
    }

    /// What nginx does once it has executed everything: hand the request on, or look for a file.
    mutating func content(_ frame: NginxFrame) -> NginxContent {
        let level = frame.scope.levels.last ?? []
        let own = level + (frame.location?.block ?? [])
        // What may be done by nobody needs no more words.
        let rules = frame.scope.all(["allow", "deny"])
        if rules.count == 1, rules[0].name == "deny", rules[0].value == "all" {
            return finished(.reply(403), frame.scope, frame)
        }
        if let directive = own.first(where: { $0.name == "proxy_pass" }) {
            return forward(directive, frame)
        }
        if let directive = own.first(where: { NginxLocation.handing.contains($0.name) }) {
            return refusal(directive, "left out; that protocol is not spoken", 502, frame)
        }
        if let directive = own.first(where: { $0.name == "stub_status" }) {
            return refusal(directive, "left out; numbers are served at `admin`", 404, frame)
        }
        return files(frame)
    }

    /// What a named location, or one that nginx goes on to by itself, does with all requests.
    mutating func content(of location: NginxLocation, from frame: NginxFrame) -> NginxContent? {
        guard frame.depth < NginxFrame.depthMax else { return nil }
        var next = self.frame(for: location, in: frame.server)
        next.depth = frame.depth + 1
        let steps = Self.steps(frame.server.block, frame.server.scope).filter { $0.directive.name == "set" }
        return outcomes((steps + Self.steps(location.block, location.scope))[...], next).last?.content
    }
}
