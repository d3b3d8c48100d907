import ArgumentParser
import CLinux
import ConfigWatch
import Glibc
import ProxyCore

/// What a command line asks for: to serve, or to say something and end.
enum Invocation: Equatable {
    ///
    /// - Parameter from: The file that says so, to be read again when it changes; nil where the options say it all.
    case run(Config, from: ConfigSource? = nil, warnings: [Diagnostic] = [])
    /// Write the texts as they are and end with `status`: 0; EX_USAGE (64, sysexits.h) where the command line is wrong; or
    /// EX_DATAERR (65) where a configuration file is.
    case exit(status: Int32, standardOutput: String, standardError: String)

    /// - Parameters:
    ///   - arguments: Without the name of the program.
    ///   - environment: Supplies each option that no flag gives, and what a file calls by `${NAME}`.
    static func parse(arguments: [String], environment: [String: String]) -> Invocation {
        do {
            let words = arguments.flatMap(words(of:))
            var command = try Arguments.parseAsRoot(words)
            if let command = command as? any Command {
                return command.invocation(environment: environment.merging(file(in: words)) { $1 })
            }
            guard let arguments = command as? Arguments else {
                // The parser's own command for help, which throws what it has to say.
                try command.run()
                return .exit(status: 0, standardOutput: "", standardError: "")
            }
            let options = Options(flags: arguments.flags, environment: environment)
            if let path = arguments.file.path(environment: environment) {
                try Config.checkOverrides(options)
                return run(ConfigSource(path: path, environment: environment, flags: options))
            }
            let config = try Config(options)
            if let mistake = accessLogMistake(config) { throw options.error(about: .accessLog, hint: mistake) }
            return .run(config)
        } catch let error as ConfigError {
            return refusal(error.description)
        } catch {
            guard Arguments.exitCode(for: error).isSuccess else { return refusal(Arguments.message(for: error)) }
            let message = Arguments.fullMessage(for: error, columns: helpColumns)
            return .exit(status: 0, standardOutput: message + "\n", standardError: "")
        }
    }

    /// The parser keeps --config to itself, wherever it stands: a command learns of the file as from the environment.
    private static func file(in words: [String]) -> [String: String] {
        guard let flag = words.lastIndex(where: { $0 == FileFlags.flag || $0 == "-c" }), flag + 1 < words.count else {
            return [:]
        }
        return [FileFlags.environmentVariable: words[flag + 1]]
    }

    private static func run(_ source: ConfigSource) -> Invocation {
        let outcome = source.load()
        guard let config = outcome.config else {
            return .exit(status: wrongFile, standardOutput: "", standardError: text(outcome.diagnostics))
        }
        if let mistake = accessLogMistake(config) {
            let diagnostic = Diagnostic(.error, file: source.path, message: "access_log: \(mistake)")
            return .exit(status: wrongFile, standardOutput: "", standardError: text([diagnostic]))
        }
        return .run(config, from: source, warnings: outcome.diagnostics)
    }

    /// As they are written to standard error.
    static func text(_ diagnostics: [Diagnostic]) -> String { diagnostics.map { "\($0)\n" }.joined() }

    /// The same on every terminal, and in a file.
    private static let helpColumns = 100

    /// This process's environment (environ(7)).
    static func environment() -> [String: String] {
        var variables: [String: String] = [:]
        var next = unsafe clx_environment()
        while let entry = unsafe next?.pointee {
            let parts = unsafe String(cString: entry).split(
                separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { variables[String(parts[0])] = String(parts[1]) }
            unsafe next = next?.advanced(by: 1)
        }
        return variables
    }

    /// `--name=value` as two words. ArgumentParser takes an empty value after `=` for none, and the next word instead.
    private static func words(of argument: String) -> [String] {
        let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map { String($0) }
        let isOption = parts[0] == FileFlags.flag || OptionName.allCases.contains { $0.flag == parts[0] }
        return isOption ? parts : [argument]
    }

    /// A path that cannot be opened is a wrong value like any other, and is reported as one before anything listens.
    private static func accessLogMistake(_ config: Config) -> String? {
        guard case .file(let path) = config.accessLog else { return nil }
        // O_NONBLOCK: a FIFO that nobody reads is refused, where it would otherwise hold up the start.
        let descriptor = unsafe open(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            let reason = SystemError(call: "open", code: errno).reason
            return "cannot be opened (\(reason)); use stdout, stderr, off or a file's path"
        }
        close(descriptor)
        return nil
    }

    /// One line, even where the message has more: the first says what is wrong.
    private static func refusal(_ message: String) -> Invocation {
        let line = message.split(whereSeparator: \.isNewline).first.map(String.init) ?? "wrong usage"
        return .exit(
            status: ExitCode.validationFailure.rawValue, standardOutput: "",
            standardError: "balancer: \(printable(line))\n")
    }
}
