@testable import ProxyCore

/// One request: what a worker keeps in its `Exchange`, without the bytes, and what the referee keeps beside it.
final class Request {
    enum Method { case get, put, post }
    enum Charge { case none, owed, paid }
    enum Outcome { case unknown, succeeded, failed }

    let number: Int
    let method: Method
    /// Its body may be kept for another attempt.
    let hasSmallBody: Bool

    var seeker: Seeker
    var attempts = Attempts()
    var charge = Charge.none
    var canReplay = true
    var failure = OwnReply.noEndpoint
    var needsFreshLine = false

    var line: Line?
    /// The place of the endpoint that serves it, also after its line went; -1 for none.
    var place = -1
    var isOnTrial = false
    var outcome = Outcome.unknown
    var isReused = false
    var wasSent = false
    var sent = Instant(microseconds: 0)
    var isAnswered = false
    var status = 0

    var isQueued = false
    var isWaiting = false
    var waitBegan = Instant(microseconds: 0)
    var waitDeadline: Instant?
    var waitTimer: FakeClock.Timer?

    /// For the referee: how often it ended, the numbers of the replicas that it has reached, when it came.
    var endings = 0
    var reached: [Int] = []
    /// How often it was sent over a connection of its own.
    var freshSends = 0
    let began: Instant

    init(_ number: Int, _ method: Method, hasSmallBody: Bool, key: UInt64, at now: Instant) {
        self.number = number
        self.method = method
        self.hasSmallBody = hasSmallBody
        seeker = Seeker(key: key)
        began = now
    }

    var repeatability: Attempts.Request {
        Attempts.Request(isIdempotent: method != .post, canReplay: canReplay)
    }
}

/// How a request ended.
enum Ending: Equatable {
    case answered(Int)
    /// An answer of the balancer's own.
    case failed(OwnReply)
    /// The replica died in the middle of its answer.
    case cut
    /// The client went away.
    case aborted

    var isFailure: Bool { if case .failed = self { true } else { false } }
}
