import CLinux
import ConfigWatch
import Logging
import ProxyCore
import Synchronization

/// The event log: one line for each event on standard error, `2026-11-23T21:06:37.123Z info listening on [::]:80`.
struct EventLog: LogHandler {
    /// How much is said, by all copies of a logger: whoever holds one need not be told of another level.
    private final class Threshold: Sendable {
        let place = Atomic<Int>(0)
    }

    private let threshold = Threshold()
    var metadata: Logger.Metadata = [:]

    static func logger(_ level: LogLevel) -> Logger {
        let log = Logger(label: "balancer") { _ in EventLog() }
        setLevel(of: log, level)
        return log
    }

    /// Has a logger and all its copies say so much from now on.
    static func setLevel(of log: Logger, _ level: LogLevel) {
        var log = log
        log.logLevel = Logger.Level(rawValue: level.rawValue) ?? .info
    }

    var logLevel: Logger.Level {
        get { Logger.Level.allCases[threshold.place.load(ordering: .relaxed)] }
        set { threshold.place.store(Logger.Level.allCases.firstIndex(of: newValue) ?? 0, ordering: .relaxed) }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let line = "\(event.message)".split(separator: "\n", omittingEmptySubsequences: false).joined(separator: " ")
        let time = UTCTime.text(milliseconds: clx_realtime_milliseconds())
        StandardStream.error.write("\(time) \(event.level) \(line)\n")
    }
}

extension UTCTime {
    /// RFC 3339 with milliseconds.
    ///
    /// - Parameter milliseconds: since 1970-01-01.
    static func text(milliseconds: Int64) -> String {
        let time = UTCTime(secondsSinceEpoch: milliseconds / 1000)
        let date = "\(time.year)-\(padded(time.month, 2))-\(padded(time.day, 2))"
        let clock = "\(padded(time.hour, 2)):\(padded(time.minute, 2)):\(padded(time.second, 2))"
        return "\(date)T\(clock).\(padded(Int(milliseconds % 1000), 3))Z"
    }

    private static func padded(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
