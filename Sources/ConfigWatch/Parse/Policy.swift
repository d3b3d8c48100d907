import ProxyCore

extension Parse {
    /// A policy's name, or its short form: `rr`, `lc`.
    static func policy(_ text: String) throws(Rejection) -> Policy {
        if let policy = Policy(rawValue: text) ?? Policy.allCases.first(where: { shortName(of: $0) == text }) {
            return policy
        }
        throw Rejection("is no policy; use " + alternatives(Policy.allCases.map(\.rawValue)))
    }

    private static func shortName(of policy: Policy) -> String {
        switch policy {
        case .roundRobin: "rr"
        case .leastConnections: "lc"
        }
    }
}
