import ProxyCore

extension Parse {
    /// `HOST:PORT` or `srv:NAME`, and its role in the pool behind commas: `web:8080,weight=3,priority=1,backup`.
    static func upstream(_ text: String) throws(Rejection) -> Upstream { try upstream(text[...], .alone) }

    static func upstream(_ text: Substring, _ form: UpstreamForm) throws(Rejection) -> Upstream {
        let pieces = text.split(separator: ",", omittingEmptySubsequences: false)
        var upstream = Upstream(try target(pieces[0], form))
        var seen: Set<Substring> = []
        for piece in pieces.dropFirst() {
            let name = piece.prefix { $0 != "=" }
            try give(piece, to: &upstream, form)
            guard seen.insert(name).inserted else { throw Rejection("says \(name) twice; use it once") }
        }
        return upstream
    }

    /// Whether `text` begins as the part of an upstream's role does. No upstream does: a host has no `=` and a port.
    static func isRole(_ text: Substring) -> Bool {
        text.hasPrefix("weight=") || text.hasPrefix("priority=") || text == "backup"
    }

    private static func give(_ piece: Substring, to upstream: inout Upstream, _ form: UpstreamForm) throws(Rejection) {
        let value = piece.firstIndex(of: "=").map { number(piece[piece.index(after: $0)...]) } ?? nil
        switch piece.prefix(while: { $0 != "=" }) {
        case "weight":
            guard let value, (1...Upstream.weightMax).contains(value) else {
                throw Rejection("has a wrong weight; use weight=N with an N from 1 to \(Upstream.weightMax)")
            }
            upstream.weight = value
        case "priority":
            guard let value, (0...Upstream.priorityMax).contains(value) else {
                throw Rejection("has a wrong priority; use priority=N with an N from 0 to \(Upstream.priorityMax)")
            }
            upstream.priority = value
        case "backup" where piece == "backup":
            upstream.isBackup = true
        default:
            throw Rejection("has an unknown role; use \(form.pattern)[,weight=N][,priority=N][,backup]")
        }
    }
}
