import ProxyCore

extension Parse {
    /// `off`, `tcp`, `http:/PATH` (a query may follow), `grpc`, `grpc:SERVICE`.
    static func healthCheck(_ text: String) throws(Rejection) -> HealthSettings.Check {
        switch text {
        case "off": return .off
        case "tcp": return .tcp
        case "grpc": return .grpc(service: "")
        default: break
        }
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        if parts.count == 2, parts[1].utf8.count <= Bounds.healthTargetBytesMax {
            if parts[0] == "http", isOriginForm(parts[1]) { return .http(path: String(parts[1])) }
            if parts[0] == "grpc", isServiceName(parts[1]) { return .grpc(service: String(parts[1])) }
        }
        throw Rejection("is no health check; use off, tcp, http:/PATH, grpc or grpc:SERVICE, such as http:/healthz")
    }

    /// Statuses and ranges of them, between commas: `200,204,300-399`. An interim answer (1xx) decides nothing.
    static func statuses(_ text: String) throws(Rejection) -> [ClosedRange<Int>] {
        var ranges: [ClosedRange<Int>] = []
        for piece in text.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = piece.split(separator: "-", omittingEmptySubsequences: false).map(number)
            guard ends.count <= 2, let first = ends[0], let last = ends[ends.count - 1],
                200 <= first, first <= last, last <= 599
            else {
                throw Rejection("is no list of statuses; use some from 200 to 599, such as 200,204 or 200-399")
            }
            ranges.append(first...last)
        }
        return ranges
    }

    /// What a Host field may hold (RFC 9110 section 7.2): a host, and a port where there is one.
    static func host(_ text: String) throws(Rejection) -> String {
        let wrong = Rejection("is no host; use HOST or HOST:PORT, such as web.example")
        guard let parts = HostPort(text[...]) else { throw wrong }
        if let port = parts.port, portNumber(port, in: 1...65535) == nil { throw wrong }
        guard parts.address(port: 0) != nil || !parts.isBracketed && isHostName(parts.host) else { throw wrong }
        return text
    }

    /// RFC 9112 section 3.2.1. A query is made of what a path is made of, and question marks. Two slashes at the start
    /// are meant for a URL, whose host would be taken for a path.
    private static func isOriginForm(_ text: Substring) -> Bool {
        text.first == "/" && !text.hasPrefix("//") && isPath(text.filter { $0 != "?" }[...])
    }

    /// A full name as Protocol Buffers writes it, such as `shop.v1.Orders`; servers may use `/` and `-` as well.
    private static func isServiceName(_ text: Substring) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { isLetterOrDigit($0) || serviceMarks.contains($0) }
    }

    private static let serviceMarks = Array("._-/".utf8)
}

/// As `Parse.healthCheck` reads it.
package func healthCheckText(_ check: HealthSettings.Check) -> String {
    switch check {
    case .off: "off"
    case .tcp: "tcp"
    case .http(let path): "http:\(path)"
    case .grpc(service: ""): "grpc"
    case .grpc(let service): "grpc:\(service)"
    }
}

/// As `Parse.statuses` reads it.
package func statusesText(_ statuses: [ClosedRange<Int>]) -> String {
    statuses.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }.joined(separator: ",")
}
