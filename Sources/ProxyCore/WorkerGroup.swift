/// The workers of a process: started together, told together, ended together.
package final class WorkerGroup: Sendable {
    private let team: Team
    private let threads: [Thread]

    /// Starts a thread for each worker; they serve what comes to `listeners` from then on.
    ///
    /// - Parameters:
    ///   - snapshot: who can serve at the start; nil where nobody is known yet.
    ///   - listeners: bound for as many workers as `workers` says, and listening.
    ///   - log: the access log's writer, made for as many workers; nil for no log.
    /// - Throws: `SystemError` where the kernel grants no descriptors or threads.
    package init(
        workers: Int, settings: WorkerSettings, snapshot: EndpointSnapshot?, listeners: [ListenerGroup],
        log: LogWriter?, reports: WorkerReports
    ) throws(SystemError) {
        let team = try Team(workers: workers)
        self.team = team
        for mailbox in team.mailboxes { mailbox.post { $0.snapshot = snapshot } }
        var threads: [Thread] = []
        for index in 0..<workers {
            let descriptors = listeners.map { $0.descriptors[index] }
            threads.append(
                try Thread.start(named: "worker \(index)") {
                    do throws(SystemError) {
                        var worker = try Worker(
                            index: index, settings: settings, team: team, reports: reports, listeners: descriptors,
                            log: AccessLog(log?.lanes[index], reports: reports))
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
