import CLinux

/// The thread that compares passwords with their hashes, which takes a hundred times as long as a request does: workers
/// leave it a job, and find the answer in their mailbox.
///
/// It is one thread for the process, so that passwords cost no more than one processor, and it is started by the first
/// job: most processes have none.
final class PasswordVerifier: Sendable {
    /// What has come of a question.
    struct Answer: Equatable, Sendable {
        let session: Int32
        let ticket: UInt32
        let tag: CredentialKey.Tag
        let isRight: Bool
    }

    private struct State {
        var queue = PasswordQueue()
        var isStarted = false
    }

    let key = CredentialKey()
    private let state = Lock(State())
    private let wakeup: Int32
    private let deliver: @Sendable (Int, Answer) -> Void

    /// - Parameter deliver: leaves an answer for a worker; called on the thread of the verifier.
    /// - Throws: `SystemError` where the kernel grants no descriptor.
    init(deliver: @escaping @Sendable (_ worker: Int, Answer) -> Void) throws(SystemError) {
        wakeup = try SystemError.check(clx_eventfd(), "eventfd")
        self.deliver = deliver
    }

    deinit { _ = clx_close(wakeup) }

    /// - Returns: false where too many wait already.
    func submit(_ job: PasswordQueue.Job) -> Bool {
        let (isTaken, starts) = state.withLock { state in
            let isTaken = state.queue.add(job)
            let starts = isTaken && !state.isStarted
            if starts { state.isStarted = true }
            return (isTaken, starts)
        }
        guard isTaken else { return false }
        guard starts else {
            clx_eventfd_signal(wakeup)
            return true
        }
        do throws(SystemError) {
            // The thread holds the verifier, and both last as long as the process.
            try Thread.start(named: "passwords") { [self] in run() }.detach()
            return true
        } catch {
            state.withLock { state in
                state.isStarted = false
                state.queue = PasswordQueue()
            }
            return false
        }
    }

    private func run() {
        let scratch = UnsafeMutableRawPointer.allocate(byteCount: PasswordHash.scratchBytes, alignment: 16)
        unsafe scratch.initializeMemory(as: UInt8.self, repeating: 0, count: PasswordHash.scratchBytes)
        while true {
            guard var job = state.withLock({ $0.queue.next() }) else {
                _ = clx_wait(wakeup, 1, -1)
                clx_eventfd_clear(wakeup)
                continue
            }
            let matches = unsafe PasswordHash.matches(crypt: job.stored, job.password, scratch)
            for index in job.password.indices { job.password[index] = 0 }
            let isRight = matches && !job.isUnknown
            for waiter in state.withLock({ $0.queue.finish() }) {
                deliver(
                    waiter.worker,
                    Answer(session: waiter.session, ticket: waiter.ticket, tag: job.tag, isRight: isRight))
            }
        }
    }
}
