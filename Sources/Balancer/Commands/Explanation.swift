import ConfigWatch
import ProxyCore

/// What becomes of a request, in words.
struct Explanation {
    let text: String

    /// - Parameters:
    ///   - places: Where each route of `config` is said.
    ///   - fields: Of the request; Host is added where it is missing.
    init(
        config: Config, places: [String], method: String, url: RequestURL, fields: [(name: String, value: String)],
        client: SocketAddress
    ) {
        var page = Page()
        let listener = Self.listener(config, port: url.port)
        page.add("listener", listener.text)
        let own = fields.first { $0.name.lowercased() == "host" }?.value
        let host = own ?? url.host ?? "localhost"
        let all = (own == nil ? [("Host", host)] : []) + fields.map { ($0.name, $0.value) }
        page.add("request", "\(method) \(url.target), host \(host), from \(client.ip)")
        do throws(RouteQuestion.Mistake) {
            let question = try RouteQuestion(
                method: method, target: url.target, fields: all.map { (name: $0.0, value: $0.1) }, client: client,
                port: listener.port)
            if question.path != url.target.prefix(while: { $0 != "?" }) { page.add("path", question.path) }
            Self.explain(config, places, question, &page)
        } catch {
            switch error {
            case .refused(let status): page.add("answer", "\(status): no such request can be made")
            case .pathRefused: page.add("answer", "400: servers disagree about what such a path means")
            }
        }
        text = page.text
    }

    private static func listener(_ config: Config, port: UInt16?) -> (text: String, port: UInt16) {
        guard let port else { return ("\(config.listeners[0])", config.listeners[0].port) }
        if let listener = config.listeners.first(where: { $0.port == port }) { return ("\(listener)", port) }
        let first = config.listeners[0]
        return ("\(first); nothing listens on port \(port), so this one is taken", first.port)
    }

    private static func explain(
        _ config: Config, _ places: [String], _ question: borrowing RouteQuestion, _ page: inout Page
    ) {
        let explanation: RouteExplanation
        do throws(RouteTable.Mistake) {
            explanation = try RouteExplanation(config.routes, question)
        } catch {
            return page.add("answer", error.message)
        }
        if let chosen = explanation.chosen {
            page.add("route", "\(places[chosen])  \(config.routes[chosen].name)")
            for (name, words) in passage(config.routes[chosen], question, config) { page.add(name, words) }
        } else {
            let isUndecided = explanation.candidates.contains { $0.verdict == .undecided }
            page.add("answer", isUndecided ? "500: an expression takes too long" : "404: no route takes the request")
        }
        page.add(
            table: "routes for this host and path, in the order in which they are asked",
            rows(explanation.candidates, config, places))
        page.add(table: "others", rows(explanation.others, config, places))
    }

    private static func rows(
        _ steps: [RouteExplanation.Step], _ config: Config, _ places: [String]
    ) -> [[String]] {
        steps.map { step in
            [places[step.route], config.routes[step.route].name, words(step.verdict, config.routes[step.route].match)]
        }
    }

    private static func words(_ verdict: RouteExplanation.Verdict, _ match: RouteMatch) -> String {
        switch verdict {
        case .chosen: "serves"
        case .notAsked: "comes later"
        case .otherPort: "is for port \(alternatives(match.ports.map { "\($0)" }))"
        case .otherHost: "is for another host"
        case .otherPath: "is for another path"
        case .otherMethod: "is for \(alternatives(match.methods))"
        case .otherClient: "is for other clients"
        case .field(let index): "needs the field \(words(match.fields[index]))"
        case .query(let index): "needs the parameter \(words(match.query[index]))"
        case .undecided: "has an expression that takes too long"
        }
    }

    private static func words(_ condition: ValueCondition) -> String {
        switch condition.test {
        case .present: condition.name
        case .absent: "\(condition.name) to be absent"
        case .equals(let value): "\(condition.name): \(value)"
        case .regex(let pattern): "\(condition.name): ~\(pattern)"
        }
    }

    /// What becomes of a request under the route that takes it, in the order in which it is judged.
    private static func passage(
        _ route: Route, _ question: borrowing RouteQuestion, _ config: Config
    ) -> [(String, String)] {
        let target = question.target(rewrittenBy: route)
        if case .refused(let status) = target {
            return [("answer", "\(status): the path cannot be rewritten so that it could be sent")]
        }
        guard AccessList(route.modifiers.access).allows(question.client) else {
            return [("answer", "403: the route's access rules keep \(question.client.ip) out")]
        }
        if route.modifiers.cors != nil, question.isPreflight {
            return [("answer", "204: a preflight, which the route's cors answers")]
        }
        var lines: [(String, String)] = []
        if let limit = route.modifiers.bodyBytesMax {
            guard question.contentLength ?? 0 <= limit else {
                return [("answer", "413: the body is longer than \(sizeText(limit))")]
            }
            lines.append(("body", "at most \(sizeText(limit)) (413)"))
        }
        if route.modifiers.basicAuth != nil { lines.append(("password", "asks for a name and a password (401)")) }
        lines += action(route.action, config)
        if case .sent(let target) = target, route.action.mayForward { lines.append(("target", target)) }
        return lines
    }

    private static func action(_ action: RouteAction, _ config: Config) -> [(String, String)] {
        switch action {
        case .forward(let index): return [("service", service(index, config))]
        case .split(let shares):
            let total = max(1, shares.reduce(0) { $0 + $1.weight })
            return shares.map { share in
                ("service", "\(share.weight * 100 / total)% to \(service(share.service, config))")
            }
        case .redirect(let redirect): return [("answer", "\(redirect.status), to \(redirect.location)")]
        case .reply(let reply):
            if reply.closesSilently { return [("answer", "none: the connection is closed")] }
            return [
                ("answer", [String(reply.status), reply.contentType].filter { !$0.isEmpty }.joined(separator: ", "))
            ]
        case .files(let settings): return [("files", settings.root)]
        }
    }

    private static func service(_ index: Int, _ config: Config) -> String {
        let service = config.services[index]
        let upstreams = service.upstreams.map(\.description).joined(separator: ", ")
        return "\(service.name): \(upstreams) (\(service.settings.policy.rawValue))"
    }

    /// Lines with a name before them, and tables with columns.
    private struct Page {
        private static let rowsMax = 50
        private(set) var text = ""

        mutating func add(_ name: String, _ words: String) {
            text += "\(name):\(String(repeating: " ", count: max(1, 10 - name.count)))\(printable(words))\n"
        }

        mutating func add(table name: String, _ rows: [[String]]) {
            guard !rows.isEmpty else { return }
            text += "\n\(name):\n"
            let more = rows.count - Self.rowsMax
            let rows = rows.prefix(Self.rowsMax)
            let widths = (0..<2).map { column in rows.map { $0[column].count }.max() ?? 0 }
            for row in rows {
                let cells = row.enumerated().map { column, cell in
                    column < 2 ? cell + String(repeating: " ", count: widths[column] - cell.count) : cell
                }
                text += "  \(printable(cells.joined(separator: "  ")))\n"
            }
            if more > 0 { text += "  and \(more) more\n" }
        }
    }
}

extension RouteAction {
    /// A service may see the request.
    fileprivate var mayForward: Bool {
        switch self {
        case .forward, .split: return true
        case .redirect, .reply: return false
        case .files(let settings):
            if case .forward = settings.missing { return true }
            return false
        }
    }
}
