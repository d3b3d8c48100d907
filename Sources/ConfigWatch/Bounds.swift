import ProxyCore

/// How far a value may go where its kind alone does not say, with the reason.
enum Bounds {
    /// Any shorter, a name server would be asked without pause.
    static let resolveIntervalMillisecondsMin: Milliseconds = 10
    /// Any shorter, a probe would be a load of its own.
    static let healthIntervalMillisecondsMin: Milliseconds = 100
    /// epoll_wait(2) counts milliseconds in an Int32; this is the last whole hour in it.
    static let durationMillisecondsMax: Milliseconds = 596 * 3_600_000

    /// Each worker costs a listener of its own for every address.
    static let workers = 1...256
    /// More probes in a row would take minutes to say anything.
    static let probesInARow = 1...100
    static let failuresInARow = 1...1_000
    /// A request that kills whoever gets it must not be shown to a whole pool.
    static let attempts = 1...8
    /// A waiting request keeps its client's connection and a buffer with its head.
    static let queuedRequests = 0...65_536
    /// More than the descriptors or the memory of one process allow; 0 stands for no limit.
    static let perEndpoint = 0...1_000_000
    /// Of one connection; 0 stands for no limit.
    static let requests = 0...1_000_000_000

    /// Inodes that are watched for changes; those beyond are only looked at now and then. A user may watch 8,192 (inotify(7)).
    static let watchesMax = 1_024
    /// Symbolic links on the way of one path, as many as the kernel follows (path_resolution(7)).
    static let linksMax = 40

    /// What fits into a worker's block behind a head.
    static let retryBodyBytesMax = 64 * 1024
    /// Field and cookie names. Nothing in use comes near.
    static let nameBytesMax = 128
    /// A probe's target, and the name of a gRPC service.
    static let healthTargetBytesMax = 2_048
    /// What is looked for in the first 64 KiB of a body.
    static let healthBodyBytesMax = 1_024
    /// Sixteen times what SHA-256 makes use of.
    static let secretBytesMax = 1_024

    // ---- the configuration file --------------------------------------------------------------------------------------

    /// 10,000 routes with modifiers take 2 MiB.
    static let fileBytesMax = 8 * 1024 * 1024
    /// Of one file, with all that its aliases stand for: more than `fileBytesMax` holds of any sense.
    static let elements = 500_000
    /// The deepest that a key stands is below ten.
    static let depth = 64
    /// The text is read again for each; whoever repeats more has repeated a whole part of the file.
    static let repeatedKeys = 20
    /// More would be no help, and a terminal shows less.
    static let diagnostics = 100
    static let includedFiles = 1_000
    /// An include that includes itself is found before; this is for those that do so under ever new names.
    static let includeDepth = 16
    static let services = 10_000
    static let routes = 100_000
    /// Each is tried in turn.
    static let accessRules = 10_000
    static let hosts = 1_000
    /// Texts and files that answers are made of.
    static let bodyBytesMax = Limits.ownBodyBytesMax
    static let usersBytesMax = 1024 * 1024
    static let templateBytesMax = 8_192
    static let redirectStatuses = [301, 302, 303, 307, 308]
    static let splitWeight = 0...1_000_000
    static let compressionLevel = 1...9
    static let corsSeconds = 0...86_400
    /// What a request body may be limited to; no limit is said by saying nothing.
    static let requestBodyBytesMax = 1024 * 1024 * 1024 * 1024
    static let compressedBytesMin = 1024 * 1024 * 1024
}
