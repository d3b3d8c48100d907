import ProxyCore

extension Parse {
    /// `all`, `off`, or names between commas: `connect,reset,timeout,gateway,500`.
    static func retryCauses(_ text: String) throws(Rejection) -> RetrySettings.Causes {
        if text == "all" { return .all }
        if text == "off" { return [] }
        var causes: RetrySettings.Causes = []
        for piece in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let known = names.first(where: { $0.name == piece }) else {
                throw Rejection(
                    "is no list of causes; use all, off, or some of \(names.map(\.name).joined(separator: ","))")
            }
            causes.insert(known.cause)
        }
        return causes
    }
}

private let names: [(name: String, cause: RetrySettings.Causes)] = [
    ("connect", .connect), ("reset", .reset), ("timeout", .timeout), ("gateway", .gateway), ("500", .serverError),
]

/// As `Parse.retryCauses` reads it.
package func retryCausesText(_ causes: RetrySettings.Causes) -> String {
    if causes == .all { return "all" }
    if causes.isEmpty { return "off" }
    return names.filter { causes.contains($0.cause) }.map(\.name).joined(separator: ",")
}
