import ConfigWatch
import ProxyCore

/// How things stand with the configuration: what serves, since when, and what was refused.
struct ReloadState {
    /// The file, as it was named; nil where the command line says it all.
    let path: String?
    /// Counts the configurations that came into force, the first included.
    private(set) var generation = 1
    /// Unix time in milliseconds.
    private(set) var appliedMilliseconds: Int64
    /// Since when the file was last read with success, whether or not that changed anything.
    private(set) var readMilliseconds: Int64
    /// How often it was read and found to say what is in force, and how often it was refused.
    private(set) var unchangedCount = 0
    private(set) var refusedCount = 0
    /// What is wrong with the file as it is; nil where that is what serves.
    private(set) var refusal: (milliseconds: Int64, diagnostics: [Diagnostic])?

    init(path: String?, at now: Int64) {
        self.path = path
        appliedMilliseconds = now
        readMilliseconds = now
    }

    mutating func applied(at now: Int64) {
        generation += 1
        appliedMilliseconds = now
        readMilliseconds = now
        refusal = nil
    }

    /// The file was read, and says what is in force.
    mutating func unchanged(at now: Int64) {
        unchangedCount += 1
        readMilliseconds = now
        refusal = nil
    }

    mutating func refused(_ diagnostics: [Diagnostic], at now: Int64) {
        refusedCount += 1
        refusal = (now, diagnostics)
    }
}
