import ArgumentParser
import ConfigWatch

/// The process itself: threads, logs, end.
struct ProcessFlags: FlagGroup {
    @Option("How many threads serve.", takes: "n", default: "the processors that the process may use")
    var workers: [String]

    @Option(
        "Where to write a line for each request: stdout, stderr, off or a file.",
        takes: "place", default: "stdout")
    var accessLog: [String]

    @Option(
        "How much to say on stderr: \(wordList(LogLevel.self)).",
        takes: "level", default: defaults.logLevel.rawValue)
    var logLevel: [String]

    @Option(
        "How long running requests may take to finish after SIGTERM or SIGINT.",
        takes: "duration", default: durationText(defaults.drainTimeoutMilliseconds))
    var drainTimeout: [String]

    var flags: [OptionName: [String]] {
        [
            .workers: workers,
            .accessLog: accessLog,
            .logLevel: logLevel,
            .drainTimeout: drainTimeout,
        ]
    }
}
