/// A client's connection.
///
/// It is small, because thousands of them are idle; what a running request needs is in its `Exchange`.
struct Session: ~Copyable, Vacatable {
    enum Phase: UInt8 {
        case vacant
        /// Between requests: nothing of the next one has come.
        case idle
        /// A part of a request's head has come.
        case head
        /// A request is being served; `exchange` names it.
        case exchange
        /// What is in `output` is still to be taken, then the connection closes.
        case flushing
        /// Bytes go both ways unread (RFC 9110 section 7.8); `exchange` names what they belong to.
        case tunnel
        /// We have ended our direction, and discard what still comes: closing at once would make the kernel send RST,
        /// which can destroy an answer that the client has not read yet (RFC 9112 section 9.6).
        case lingering
    }

    var transport = Transport.sink
    var generation: UInt32 = 0
    var phase = Phase.vacant
    var edges: EdgeState = []
    /// Reads that the head under way has come in.
    var headReads: UInt8 = 0
    /// It stands in the worker's queue of sessions that can go on.
    var isQueued = false
    var peer = SocketAddress.anyIPv4(port: 0)
    /// The port that it was accepted at.
    var port: UInt16 = 0
    /// Bytes from the client that were not used yet.
    var input: ByteBuffer?
    /// Bytes that the client has not taken yet.
    var output: ByteBuffer?
    /// The place of its exchange, -1 for none.
    var exchange: Int32 = -1
    /// Bytes discarded since it began to linger.
    var lingerBytes: Int32 = 0
    /// Requests that it has brought.
    var requests: Int32 = 0
    /// When it has become too old to bring another.
    var retires = Instant.distantFuture

    static func makeVacant() -> Session { Session() }
}

/// One request and its answer, from the end of the request's head to the end of the answer.
struct Exchange: ~Copyable, Vacatable {
    // ---- the request -------------------------------------------------------------------------------------------------

    /// The plan that it began under and its rule there; -1 for a tunnel, which needs none any more.
    var plan: Int32 = -1
    var rule: Int32 = -1
    /// The slot of the service that it was forwarded to, -1 for none.
    var service = -1
    var session: Int32 = -1
    var timeouts = ExchangeTimeouts()
    var retries = RetrySettings()
    var minorVersion: UInt8 = 1
    var isHead = false
    var isIdempotent = false
    var wantsUpgrade = false
    /// The client's connection closes after the answer.
    var closesClient = false
    /// The rewritten head. It is kept to the end, for another attempt and for the log.
    var head = ByteBuffer()
    var headSent = 0
    var logged = LoggedParts()
    var requestBody = BodyFraming.length(0)
    /// Bytes at the front of the session's input that belong to the body.
    var bodyReady = 0
    /// How many of them were sent. They stay while they might be needed for another attempt.
    var bodySent = 0
    /// All that was sent is still there to be sent again.
    var canReplay = true
    /// The upstream takes no more of the request; only its answer counts.
    var requestAbandoned = false

    /// Where it goes if it is forwarded: a slot; -1 for nowhere. `service` says so from then on.
    var destination: Int32 = -1
    /// What its route does besides.
    var traits: Rule.Traits = []

    /// Content of a chunked body that may still come, where the route limits it.
    var bodyBytesLeft = 0
    /// The worker's number for the password that it waits for; 0 for none.
    var ticket: UInt32 = 0

    // ---- the upstream ------------------------------------------------------------------------------------------------

    /// The place of the upstream connection, -1 for none.
    var upstream: Int32 = -1
    /// The place of the endpoint that serves it, also after the connection went; -1 for none.
    var endpoint: Int32 = -1
    var endpointAddress: SocketAddress?
    var seeker = Seeker()
    /// Bytes that the present connection has taken.
    var sentOnConnection = 0
    /// The present connection served others before.
    var isReused = false
    /// An attempt has failed: an idle connection might be as dead, so only a new one will do.
    var needsFreshConnection = false
    var attempts = Attempts()
    /// Its place in the budget for second tries.
    var charge = RetryCharge.none
    /// The answer that it gets if no other attempt can be made.
    var failure = OwnReply.noEndpoint
    /// It shows whether its endpoint serves again after an ejection.
    var isOnTrial = false
    /// What the present attempt has come to.
    var outcome = Outcome.unknown
    /// It waits for an endpoint, between these neighbours in its service's list.
    var isWaiting = false
    var nextWaiting: Int32 = -1
    var previousWaiting: Int32 = -1
    /// When it stops waiting.
    var waitDeadline: Instant?

    // ---- the answer --------------------------------------------------------------------------------------------------

    /// The start of a head that is not complete.
    var answer: ByteBuffer?
    /// Field lines that its route adds to the answer.
    var answerLines = ByteBuffer()
    /// The body of an answer of ours that was made for this request.
    var ownBody = ByteBuffer()
    /// The head of the final answer went to the client.
    var isAnswered = false
    /// The whole answer came from the upstream.
    var isAnswerComplete = false
    var keepsUpstream = false
    var responseBody = BodyFraming.length(0)
    var coding = Coding.asIs
    /// Codings in which the client takes the body, where the route offers some.
    var codings = CodingChoice()
    /// The place of its body among those that are encoded, -1 for none.
    var encoding: Int32 = -1
    /// Its body is an event stream, of which nothing is held back.
    var flushesAlways = false
    var pipe: SplicePipe?
    /// What is still to be sent of a file, by its place; -1 for nothing.
    var fileBody: Int32 = -1

    // ---- a tunnel ----------------------------------------------------------------------------------------------------

    var clientEnded = false
    var upstreamEnded = false

    // ---- for the log -------------------------------------------------------------------------------------------------

    var began = Instant(microseconds: 0)
    var sent = Instant(microseconds: 0)
    var answered: Instant?
    var status = 0
    var bodyBytes = 0

    enum RetryCharge: UInt8 {
        case none, owed, paid
    }

    enum Outcome: UInt8 {
        case unknown, succeeded, failed
    }

    /// What becomes of it when it is tried again.
    var repeatability: Attempts.Request { Attempts.Request(isIdempotent: isIdempotent, canReplay: canReplay) }

    /// What happens to the body of the answer on its way.
    enum Coding: UInt8 {
        case asIs
        /// It ends with the upstream's connection and goes out in chunks.
        case chunk
        /// It comes in chunks and goes to an HTTP/1.0 client, who knows none.
        case unchunk
        /// It goes through an encoder and out in chunks.
        case encode
    }

    static func makeVacant() -> Exchange { Exchange() }
}
