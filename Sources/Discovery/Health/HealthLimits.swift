import ProxyCore

/// Every bound of health checking, each with its reason.
extension Limits {
    /// Probes under way at once in the process: each takes a descriptor, and a pool that is gone altogether holds each for
    /// the whole time-out.
    static let probesAtOnceMax = 256
    /// A container has its name up to 3 s before it listens: for so long a new endpoint is probed often…
    static let eagerProbingMilliseconds: Milliseconds = 5_000
    /// …with this pause, because each of them is a pause in which it does not serve.
    static let eagerPauseMilliseconds: Milliseconds = 100
    /// The least time between two probes of an endpoint that failed connects ask for.
    static let urgentProbeGapMilliseconds: Milliseconds = 250
    /// An endpoint that closes all its connections is taken for leaving no longer than this: the usual time that container
    /// engines give for an end is 10 or 30 s.
    static let closingMillisecondsMax: Milliseconds = 30_000
    /// What is read of the body of a probe's answer.
    static let probeBodyBytesMax = 64 * 1024
    /// What is kept of the answer to a gRPC check, which has a handful of bytes.
    static let probeMessageBytesMax = 1024
    /// One read from a probe's connection.
    static let probeReadBytes = 16 * 1024
    /// The least time between two publications: where a thousand endpoints come up, their probes succeed one by one, and
    /// each publication has every worker adopt all of them.
    static let publicationGapMilliseconds: Milliseconds = 5
    /// Steps in which the share of an endpoint grows: each is a publication.
    static let slowStartSteps = 9
    /// An outlier's success rate is at least so many hundredths below the mean. Where nearly all requests succeed, the
    /// standard deviation is so small that a single failure would make an outlier.
    static let outlierGapMin = 0.05
}
