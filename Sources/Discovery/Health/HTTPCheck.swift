import ProxyCore

/// The conversation of an HTTP check: one GET, and what its answer means. It has no socket of its own.
struct HTTPCheck: Sendable {
    private var request: [UInt8]
    private let settings: HealthSettings
    private let text: [UInt8]
    private var reader = ResponseReader(bodyBytesMax: Limits.probeBodyBytesMax)
    /// The text does not begin before this place of the body.
    private var searched = 0

    /// The connection is not asked to end: whether the endpoint ends it all the same may say that it is leaving.
    ///
    /// - Parameter host: the value of the Host field.
    init(path: String, host: String, settings: HealthSettings) {
        let head =
            "GET \(path) HTTP/1.1\r\nHost: \(host)\r\nUser-Agent: balancer-health-check\r\n\r\n"
        request = Array(head.utf8)
        self.settings = settings
        text = Array(settings.bodyContains.utf8)
    }

    /// What is to be sent, once.
    mutating func output() -> [UInt8] {
        defer { request = [] }
        return request
    }

    /// Takes what has arrived.
    ///
    /// - Returns: what it means, nil while that depends on what is still to come.
    mutating func take(_ bytes: [UInt8]) -> ProbeResult? {
        let progress = reader.take(bytes)
        // What follows a head that says enough is not looked at.
        if let status = reader.status, let verdict = verdict(on: status) { return verdict }
        return switch progress {
        case .reading: nil
        case .complete: .failed("its answer lacks the text that is looked for")
        case .malformed: .failed("its answer is malformed")
        }
    }

    /// The connection has ended before that was clear.
    func end() -> ProbeResult {
        guard let status = reader.status else { return .failed("closed without an answer") }
        return .failed("answered \(status) without the text that is looked for")
    }

    /// What can be said of the answer so far.
    private mutating func verdict(on status: Int) -> ProbeResult? {
        guard settings.statuses.contains(where: { $0.contains(status) }) else {
            return status == 503 ? .leaving("answered 503 to its probe") : .failed("answered \(status)")
        }
        let result = reader.keepsConnection ? ProbeResult.passed : .closing
        while searched + text.count <= reader.body.count {
            if reader.body[searched...].starts(with: text) { return result }
            searched += 1
        }
        return nil
    }
}
