/// Every bound of the data plane, with its reason. What can grow has its limit here.
package enum Limits {
    // ---- heads ---------------------------------------------------------------------------------------------------

    /// A request line longer than this is refused with 414. RFC 9112 section 3 asks for at least 8,000 bytes.
    package static let requestLineBytesMax = 8 * 1024
    /// A head longer than this is refused: 431 from a client, 502 from an upstream. Kerberos tickets and piles of
    /// cookies reach 16 KiB; offsets into a head are 16-bit numbers.
    package static let headBytesMax = 32 * 1024
    /// Field lines in one head. Each takes a place in the worker's one table.
    package static let fieldLinesMax = 200
    /// Reads after which an incomplete head is parsed again, to refuse a malformed one at once. Later ones only look for
    /// its end, so that a head that comes byte by byte costs no more than its bytes.
    static let headReparsesMax: UInt8 = 16
    /// Names that the Connection fields of one message may list besides the known options.
    static let connectionOptionsMax = 16
    /// What a head may grow by while it is rewritten: the fields we add, with the longest client address and host.
    static let headGrowthBytesMax = 1024
    /// The name of the cookie that ties a client to an endpoint: it is a part of what heads grow by.
    package static let cookieNameBytesMax = 128
    /// An incoming X-Request-Id longer than this is replaced by one of our own.
    static let requestIDBytesMax = 128
    /// The longest IP address as text: an IPv6 address with an IPv4 address at its end (RFC 4291 section 2.2).
    static let addressBytesMax = 46
    /// A Host value longer than this is refused: a DNS name has 253 bytes (RFC 1035), a port six.
    static let hostBytesMax = 320

    // ---- routes ------------------------------------------------------------------------------------------------------

    /// Groups of an expression that templates can name, and the whole. Each takes four bytes of a request.
    package static let captureGroupsMax = 16
    /// The lines that a route adds to one head, when their variables are filled in; a request for which they become longer
    /// is refused with 431.
    static let addedLinesBytesMax = 16 * 1024
    /// An answer of ours: the body of a fixed reply or an error page. A large block holds it with its head.
    package static let ownBodyBytesMax = 48 * 1024
    /// A longer expression is no rule that a person can read.
    package static let expressionPatternBytesMax = 4 * 1024
    /// Backtracks of an expression from one place. What is meant to match needs a few per byte; what explodes needs
    /// millions.
    static let expressionBacktracksMax = 20_000
    /// Between two backtracks an expression may run over all that it is matched with: the product of both is bounded, to
    /// some milliseconds.
    static let expressionStepsMax = 4_000_000
    /// Matching with more bytes than this is watched by the clock: what takes the square or the cube of so few does not
    /// matter.
    static let expressionBytesUnwatchedMax = 128
    /// Places where a match may begin that are tried between two looks at the clock.
    static let expressionStartsPerLook = 32
    /// All watched matching for one request: it waits for as long, and so do the worker's others.
    static let expressionMillisecondsMax: Milliseconds = 2
    /// The stack of machine code, and the heap where the system allows no machine code: only backtracks fill them.
    static let expressionStackBytesMax = 256 * 1024
    static let expressionHeapBytesMax = 1024 * 1024

    // ---- chunked bodies --------------------------------------------------------------------------------------------

    /// The line before a chunk: its size and extensions. Extensions are unused in practice; floods of them are not.
    static let chunkLineBytesMax = 4 * 1024
    /// All of a trailer section (RFC 9112 section 7.1.2).
    static let trailerBytesMax = 8 * 1024

    // ---- buffers ---------------------------------------------------------------------------------------------------

    /// One read from a socket: an answer of 16 KiB and its head come in one call.
    static let readBytes = 32 * 1024
    /// A block that holds a rewritten head with the first read of a body behind it.
    static let largeBlockBytes = 72 * 1024
    /// A block for what usually waits: a request head until it is answered, the start of a head.
    static let smallBlockBytes = 4 * 1024
    /// A first part of a body that is no longer than this is copied behind its head: that costs less than a write of two
    /// parts does.
    static let joinedBodyBytesMax = 1024
    /// Blocks of each size that a worker keeps for reuse; more are freed.
    static let pooledBlocksMax = 512
    /// Bodies of which more than this is still to come are moved by splice(2) where both sides allow it.
    static let spliceThresholdBytes = 64 * 1024
    /// The capacity asked for a splice pipe. An unprivileged user's pipes may take 64 MiB together (pipe(7)).
    static let pipeBytes = 256 * 1024
    /// Pipes that a worker keeps for reuse.
    static let pooledPipesMax = 32
    /// What one side of one connection may move before the others get their turn.
    static let turnBytesMax = 1024 * 1024

    // ---- connections -----------------------------------------------------------------------------------------------

    /// The queue of the kernel for connections that wait to be accepted (listen(2); the kernel caps it at somaxconn).
    static let listenBacklog = 4096
    /// Connections that a worker accepts before it serves those it has.
    static let acceptsPerTurnMax = 64
    /// Events taken from epoll in one call.
    static let eventsPerTurnMax = 256
    /// Descriptors that the process keeps for what is no connection: logs, DNS sockets, libraries. Where it may open
    /// few altogether, it keeps an eighth of them.
    package static let descriptorsReservedMax = 32
    /// Idle connections that a worker keeps to one endpoint.
    static let idleConnectionsPerEndpointMax = 512
    /// Connections that other workers may hand to one worker before it takes them.
    static let handedConnectionsMax = 1024
    /// The part of a request's body that is kept for another attempt; a large block holds it.
    package static let keptBodyBytesMax = 64 * 1024
    /// Endpoints that are tried for one request.
    static let attemptsMax = 8
    /// Endpoints of one service; more are left out.
    package static let endpointsPerServiceMax = 4096
    /// Endpoints that a worker knows at a time, over all services, those that have left but still serve included.
    static let endpointsMax = 128 * 1024
    /// A closing connection discards at most this much of what its client still sends.
    static let lingerBytesMax = 1024 * 1024

    // ---- files -------------------------------------------------------------------------------------------------------

    /// Parts of a file that one request may ask for; one that asks for more gets the whole. `ByteRanges` has room for them.
    static let rangesMax = 16
    /// A path below the root of a directory of files: PATH_MAX of Linux, less what is put behind it.
    static let filePathBytesMax = 4096 - 2 * fileNameBytesMax
    /// The name of a file that stands for a directory (NAME_MAX of Linux).
    static let fileNameBytesMax = 255
    /// A content type that a configuration gives to files; longer ones are as good as unknown.
    static let contentTypeBytesMax = 255
    /// Files that a worker keeps open for the next request, each with its coded siblings.
    static let openFilesMax = 256
    /// Files up to this long are read behind their head and leave with it in one write; longer ones by sendfile(2).
    static let readFileBytesMax = 16 * 1024
    // ---- content codings ---------------------------------------------------------------------------------------------

    /// What the encoders of one worker may take together: 24 for brotli, 42 for zstd, or 240 for gzip. Answers beyond it
    /// go out in a coding that takes less, or as they are.
    static let encoderBytesMax = 64 * 1024 * 1024

    // ---- passwords -----------------------------------------------------------------------------------------------------

    /// Passwords that wait to be verified. At a hundred milliseconds each the last waits for as long as it may.
    static let passwordJobsMax = 64
    /// Those of one client, whose requests may come over several connections at once.
    static let passwordJobsPerClientMax = 8
    /// Requests that wait for the same answer.
    static let passwordWaitersMax = 256
    /// How long a request waits for it.
    static let passwordWaitMilliseconds: Milliseconds = 10_000
    /// For how long a password that was right need not be verified again. Whoever changes it changes its hash as well,
    /// which ends this at once.
    static let passwordCacheMilliseconds: Milliseconds = 600_000

    // ---- access log --------------------------------------------------------------------------------------------------

    /// One of the two buffers of a worker's access log: one fills while the other is written.
    static let logBufferBytes = 256 * 1024
    /// The part of a user's name that is logged.
    static let logUserBytesMax = 128
    /// The part of a request target, referer or user agent that is logged.
    static let logFieldBytesMax = 2048
}
