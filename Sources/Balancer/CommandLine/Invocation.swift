import ArgumentParser
import ConfigWatch
import Glibc
import ProxyCore

/// What a command line asks for: to serve, or to say something and end.
enum Invocation: Equatable {
    case run(Config)
    /// Write the texts as they are and end with `status`: 0, or EX_USAGE (64, sysexits.h) where the command line is wrong.
    case exit(status: Int32, standardOutput: String, standardError: String)

    /// - Parameters:
    ///   - arguments: Without the name of the program.
    ///   - environment: Supplies each option that no flag gives.
    static func parse(arguments: [String], environment: [String: String]) -> Invocation {
        do {
            let flags = try Arguments.parse(arguments.flatMap(words(of:))).flags
            let options = Options(flags: flags, environment: environment)
            let config = try Config(options)
            try checkAccessLog(of: config, options)
            return .run(config)
        } catch let error as ConfigError {
            return refusal(error.description)
        } catch {
            guard Arguments.exitCode(for: error).isSuccess else { return refusal(Arguments.message(for: error)) }
            let message = Arguments.fullMessage(for: error, columns: helpColumns)
            return .exit(status: 0, standardOutput: message + "\n", standardError: "")
        }
    }

    /// The same on every terminal, and in a file.
    private static let helpColumns = 100

    /// The variables of this process's environment that supply options (getenv(3)).
    static func environment() -> [String: String] {
        var variables: [String: String] = [:]
        for name in OptionName.allCases.map(\.environmentVariable) {
            if let value = unsafe getenv(name) { variables[name] = unsafe String(cString: value) }
        }
        return variables
    }

    /// `--name=value` as two words. ArgumentParser takes an empty value after `=` for none, and the next word instead.
    private static func words(of argument: String) -> [String] {
        let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map { String($0) }
        return OptionName.allCases.contains { $0.flag == parts[0] } ? parts : [argument]
    }

    /// A path that cannot be opened is a wrong value like any other, and is reported as one before anything listens.
    private static func checkAccessLog(of config: Config, _ options: Options) throws(ConfigError) {
        guard case .file(let path) = config.accessLog else { return }
        // O_NONBLOCK: a FIFO that nobody reads is refused, where it would otherwise hold up the start.
        let descriptor = unsafe open(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            let reason = SystemError(call: "open", code: errno).reason
            throw options.error(
                about: .accessLog, hint: "cannot be opened (\(reason)); use stdout, stderr, off or a file's path")
        }
        close(descriptor)
    }

    /// One line, even where the message has more: the first says what is wrong.
    private static func refusal(_ message: String) -> Invocation {
        let line = message.split(whereSeparator: \.isNewline).first.map(String.init) ?? "wrong usage"
        return .exit(
            status: ExitCode.validationFailure.rawValue, standardOutput: "",
            standardError: "balancer: \(printable(line))\n")
    }
}
