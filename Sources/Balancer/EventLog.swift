import CLinux
import ConfigWatch
import Logging
import ProxyCore

/// The event log: one line for each event on standard error, `2026-11-23T21:06:37.123Z info listening on [::]:80`.
struct EventLog: LogHandler {
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]

    static func logger(_ level: LogLevel) -> Logger {
        Logger(label: "balancer") { _ in EventLog(logLevel: Logger.Level(rawValue: level.rawValue) ?? .info) }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let line = "\(event.message)".split(separator: "\n", omittingEmptySubsequences: false).joined(separator: " ")
        StandardStream.error.write("\(Self.timestamp()) \(event.level) \(line)\n")
    }

    /// RFC 3339 with milliseconds.
    private static func timestamp() -> String {
        let milliseconds = clx_realtime_milliseconds()
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
