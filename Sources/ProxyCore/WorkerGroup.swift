/// The workers of a process: started together, told together, ended together.
package final class WorkerGroup: Sendable {
    private let team: Team
    private let threads: [Thread]

    /// Starts a thread for each worker; they serve what comes to `listeners` from then on.
    ///
    /// - Parameters:
    ///   - descriptorsMax: descriptors that each worker may use for connections, pipes and files.
    ///   - plan: what they do with requests at the start.
    ///   - snapshot: who can serve at the start; nil where nobody is known yet.
    ///   - listeners: bound for as many workers as `workers` says, and listening.
    ///   - log: the access log's writer, made for as many workers; nil for no log.
    /// - Throws: `SystemError` where the kernel grants no descriptors or threads.
    package init(
        workers: Int, descriptorsMax: Int, plan: Plan, snapshot: EndpointSnapshot?, listeners: [ListenerGroup],
        log: LogWriter?, reports: WorkerReports
    ) throws(SystemError) {
        let team = try Team(workers: workers)
        self.team = team
        for mailbox in team.mailboxes { mailbox.post { $0.snapshot = snapshot } }
        // What a thread's body holds, it holds until the thread ends; a plan must be let go of before that.
        let plans = FirstPlans(plan, workers: workers)
        var threads: [Thread] = []
        for index in 0..<workers {
            let own = listeners.map { $0.listener(of: index) }
            threads.append(
                try Thread.start(named: "worker \(index)") {
                    do throws(SystemError) {
                        var worker = try Worker(
                            index: index, descriptorsMax: descriptorsMax, plan: plans.take(index), team: team,
                            reports: reports,
                            listeners: own, log: AccessLog(log?.lanes[index], reports: reports))
                        worker.run()
                    } catch {
                        fatalError("worker \(index) cannot start: \(error)")
                    }
                })
        }
        self.threads = threads
    }

    /// Every worker takes over the snapshot within its next turn.
    package func publish(_ snapshot: EndpointSnapshot) {
        for mailbox in team.mailboxes { mailbox.post { $0.snapshot = snapshot } }
    }

    /// Every worker takes over all of it at once, within its next turn: requests that begin from then on follow `plan`,
    /// those that run end by the plan they began with.
    ///
    /// - Parameters:
    ///   - snapshot: knows the slots that `plan` names.
    ///   - opening: bound and listening; the workers accept there too.
    ///   - closing: groups that were open; what the kernel has accepted there is served first.
    package func rollOut(
        _ plan: Plan, _ snapshot: EndpointSnapshot, opening: [ListenerGroup] = [], closing: [ListenerGroup] = []
    ) {
        for (index, mailbox) in team.mailboxes.enumerated() {
            let own = opening.map { $0.listener(of: index) }
            mailbox.post { mail in
                mail.plan = plan
                mail.snapshot = snapshot
                mail.opening += own
                mail.closing += closing.map { $0.descriptors[index] }
            }
        }
    }

    /// Client connections of each worker.
    package var sessions: [Int] { team.sessions }

    /// Stops listening, lets running requests end for at most so long, then ends the workers.
    package func drain(milliseconds: Milliseconds) {
        for mailbox in team.mailboxes { mailbox.post { $0.drainMilliseconds = milliseconds } }
    }

    /// Ends the workers at once; connections are cut.
    package func stop() {
        for mailbox in team.mailboxes { mailbox.post { $0.stop = true } }
    }

    /// Waits until all workers have ended.
    package func join() { for thread in threads { thread.join() } }
}

/// The plan that each worker begins with, until it has taken it.
private final class FirstPlans: Sendable {
    private let plans: Lock<[Plan?]>

    init(_ plan: Plan, workers: Int) { plans = Lock([Plan?](repeating: plan, count: workers)) }

    func take(_ worker: Int) -> Plan {
        let plan = plans.withLock { plans in
            defer { plans[worker] = nil }
            return plans[worker]
        }
        guard let plan else { fatalError("worker \(worker) has taken its first plan before") }
        return plan
    }
}

extension ListenerGroup {
    fileprivate func listener(of worker: Int) -> Worker.Listener {
        Worker.Listener(descriptor: descriptors[worker], address: address)
    }
}
