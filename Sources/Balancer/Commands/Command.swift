import ArgumentParser

/// What `balancer` does beside serving: it says something, and ends.
protocol Command: ParsableCommand {
    func invocation(environment: [String: String]) -> Invocation
}

extension Invocation {
    /// EX_DATAERR (sysexits.h): a configuration file is wrong.
    static let wrongFile: Int32 = 65
}
