import ArgumentParser
import ConfigWatch

/// `balancer check FILE`: every mistake of a file, and nothing else is touched.
struct CheckCommand: Command {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "check",
            abstract: "Say what is wrong with a configuration file.",
            discussion: """
                Every mistake is named with its line and what would be right, and so is what has no effect. Nothing listens, \
                and no file is written. The exit status is 0 where the file can be used, and 65 where it cannot.
                """)
    }

    @Argument(help: "The configuration file.")
    var file: String

    func invocation(environment: [String: String]) -> Invocation {
        let outcome = ConfigFile.load(file, environment: environment)
        let count = Self.count(outcome.diagnostics)
        return .exit(
            status: outcome.config == nil ? Invocation.wrongFile : 0,
            standardOutput: "\(printable(file)): \(count)\n",
            standardError: Invocation.text(outcome.diagnostics))
    }

    /// `2 errors, 1 warning`
    private static func count(_ diagnostics: [Diagnostic]) -> String {
        let errors = diagnostics.count { $0.severity == .error }
        let warnings = diagnostics.count - errors
        let parts = [(errors, "error"), (warnings, "warning")].filter { $0.0 > 0 }
        return parts.isEmpty ? "valid" : parts.map { "\($0) \($1)\($0 == 1 ? "" : "s")" }.joined(separator: ", ")
    }
}
