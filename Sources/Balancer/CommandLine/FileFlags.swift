import ArgumentParser
import ConfigWatch

/// The configuration file.
struct FileFlags: ParsableArguments {
    @Option(
        "A configuration file, which says all that the options say and more. Options win over it; --upstream and --route "
            + "exclude it.",
        takes: "file", name: .shortAndLong)
    var config: [String]

    static let flag = "--config"
    static let environmentVariable = "BALANCER_CONFIG"

    /// The last that was given; the environment's where none was.
    func path(environment: [String: String]) -> String? { Self.path(config.last, environment) }

    static func path(_ given: String?, _ environment: [String: String]) -> String? {
        if let given { return given }
        let variable = environment[environmentVariable] ?? ""
        return variable.isEmpty ? nil : variable
    }
}
