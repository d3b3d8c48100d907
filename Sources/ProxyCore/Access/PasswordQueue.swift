/// Passwords that wait to be verified, one after another: a decision about their order, without threads.
///
/// Clients have turns, so that one that sends a flood of wrong passwords delays the others by one computation each and no
/// more. Who waits for the same answer as another waits with it.
struct PasswordQueue {
    /// Who wants to know.
    struct Waiter: Equatable, Sendable {
        let worker: Int
        let session: Int32
        /// The worker's number for this question.
        let ticket: UInt32
    }

    struct Job: Sendable {
        let tag: CredentialKey.Tag
        let stored: [UInt8]
        var password: [UInt8]
        /// The answer is no, whatever the computation says.
        let isUnknown: Bool
        let client: SocketAddress
        fileprivate(set) var waiters: [Waiter]
        /// Jobs of the same client that were in the queue before it.
        fileprivate var turn = 0

        init(
            tag: CredentialKey.Tag, stored: [UInt8], password: [UInt8], isUnknown: Bool, client: SocketAddress,
            waiter: Waiter
        ) {
            self.tag = tag
            self.stored = stored
            self.password = password
            self.isUnknown = isUnknown
            self.client = client.withPort(0)
            waiters = [waiter]
        }
    }

    private var jobs: [Job] = []
    private var running: Job?
    /// The turn of the job that was taken last.
    private var turn = 0

    var isEmpty: Bool { jobs.isEmpty }

    /// - Returns: false where too many wait already.
    mutating func add(_ job: Job) -> Bool {
        if let index = jobs.firstIndex(where: { $0.tag == job.tag }) { return Self.join(&jobs[index], job) }
        if running?.tag == job.tag { return Self.join(&running!, job) }
        let ofClient = jobs.count { $0.client == job.client } + (running?.client == job.client ? 1 : 0)
        guard jobs.count < Limits.passwordJobsMax, ofClient < Limits.passwordJobsPerClientMax else { return false }
        var job = job
        let last = jobs.last { $0.client == job.client }?.turn
        job.turn = last.map { $0 + 1 } ?? turn + (running?.client == job.client ? 1 : 0)
        jobs.append(job)
        return true
    }

    private static func join(_ job: inout Job, _ other: Job) -> Bool {
        guard job.waiters.count < Limits.passwordWaitersMax else { return false }
        job.waiters += other.waiters
        return true
    }

    /// The job to do next: of those whose turn is first, the one that came first.
    mutating func next() -> Job? {
        var first: Int?
        for index in jobs.indices where first == nil || jobs[index].turn < jobs[first!].turn { first = index }
        guard let first else { return nil }
        let job = jobs.remove(at: first)
        turn = job.turn
        running = job
        // Who takes the job wipes the password, which is to be the only one.
        running?.password = []
        return job
    }

    /// The job that was taken is done.
    ///
    /// - Returns: who wants to know, also those who have joined since.
    mutating func finish() -> [Waiter] {
        defer { running = nil }
        return running?.waiters ?? []
    }
}
