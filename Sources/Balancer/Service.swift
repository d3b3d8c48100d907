import CLinux
import ConfigWatch
import Discovery
import Glibc
import Logging
import ProxyCore

/// The running balancer: listeners, workers, name resolution and signals, wired as the configuration says.
enum Service {
    /// Serves until a signal ends it.
    ///
    /// - Parameter source: where `config` was read, to be followed; nil where it cannot change.
    /// - Returns: the exit status: 0 after a drain, 1 where it could not start.
    static func run(_ config: Config, from source: ConfigSource? = nil) -> Int32 {
        let log = EventLog.logger(config.logLevel)
        do {
            return try serve(config, source, log)
        } catch {
            StandardStream.error.write("balancer: \(error)\n")
            return 1
        }
    }

    private static func serve(_ config: Config, _ source: ConfigSource?, _ log: Logger) throws -> Int32 {
        clx_ignore_sigpipe()
        // Blocked before any thread starts, so that only the signalfd sees them.
        let signals = try SystemError.check(clx_signalfd(), "signalfd")
        let workers = config.workers ?? Processors.available()
        let accessLog = try openAccessLog(config.accessLog, workers: workers)
        // Nothing listens until everything could be bound, and the first addresses are known or late.
        var listeners = OpenListeners(workers: workers)
        listeners.commit(try listeners.change(to: config.listeners))
        let loop = try ControlLoop()
        let admin = AdminServer(loop: loop, log: log)
        try admin.move(to: config.admin)
        let feed = SnapshotFeed()
        let directory = try ServiceDirectory(
            loop: loop, services: config.services.map(\.targets), resolver: config.resolver, log: log,
            publish: { feed.publish($0) })
        directory.start()
        waitForFirstAddresses(loop, feed)
        for listener in listeners.groups { try listener.listen() }

        let counts = ReportCounts()
        let reloader = Reloader(
            config, from: source, loop: loop, directory: directory, feed: feed, listeners: listeners, admin: admin,
            log: log)
        let group = try WorkerGroup(
            workers: workers, descriptorsMax: descriptorsMax(workers: workers), plan: try reloader.firstPlan(),
            snapshot: feed.latest, listeners: listeners.groups, log: accessLog,
            reports: workerReports(ReportInbox(loop.remote, directory), counts, log))
        feed.group = group
        announce(config, listeners.groups, log)
        reloader.begin(group)

        var signalCount = 0
        let pages = AdminPages(
            reloader: reloader, directory: directory, group: group, counts: counts, isDraining: { signalCount > 0 })
        admin.answer = { pages.answer($0) }
        loop.watch(signals, for: .readable) { _ in
            let signal = clx_signalfd_next(signals)
            if signal == SIGHUP { reloader.reload(onDemand: true) }
            guard signal == SIGTERM || signal == SIGINT else { return }
            signalCount += 1
            if signalCount == 1 {
                let patience = reloader.config.drainTimeoutMilliseconds
                reloader.stop()
                group.drain(milliseconds: patience)
                log.info("draining: signal \(signal), at most \(patience) ms")
            } else {
                log.info("stopping at once: second signal")
                group.stop()
            }
        }
        // The loop goes on while workers drain: a request that still runs may need fresh addresses.
        let remote = loop.remote
        nonisolated(unsafe) let stopping = loop
        try Thread.start(named: "drain") {
            group.join()
            remote.enqueue { unsafe stopping.stop() }
        }.detach()
        loop.run()
        // What the loop still calls holds who holds the loop.
        loop.unwatch(signals)
        admin.stop()
        directory.stop()
        if let lost = accessLog?.stop(waitingMilliseconds: 1_000), lost > 0 {
            log.warning("access log: \(lost) lines dropped, because its sink did not take them before the end")
        }
        log.info("stopped")
        return 0
    }

    /// Lets name resolution have a head start, so that the first request does not find a pool empty that is not. A name
    /// that does not resolve holds nothing up for long.
    private static func waitForFirstAddresses(_ loop: ControlLoop, _ feed: SnapshotFeed) {
        if feed.isComplete { return }
        let patience = loop.schedule(after: 500) { loop.stop() }
        feed.onComplete = { loop.stop() }
        loop.run()
        feed.onComplete = nil
        loop.cancel(patience)
    }

    /// Takes reports from any thread to the directory on the control thread.
    private struct ReportInbox: Sendable {
        private let remote: ControlLoop.Remote
        private nonisolated(unsafe) let directory: ServiceDirectory

        init(_ remote: ControlLoop.Remote, _ directory: ServiceDirectory) {
            self.remote = remote
            unsafe self.directory = directory
        }

        func send(_ report: EndpointReport) { remote.enqueue { unsafe directory.note(report) } }

        func refresh(_ service: Int) { remote.enqueue { unsafe directory.refresh(service: service) } }
    }

    private static func workerReports(_ inbox: ReportInbox, _ counts: ReportCounts, _ log: Logger) -> WorkerReports {
        WorkerReports(
            endpoint: { inbox.send($0) }, serviceIsEmpty: { inbox.refresh($0) },
            outOfDescriptors: { worker, connections in
                counts.descriptorShortages.wrappingAdd(1, ordering: .relaxed)
                log.error(
                    "worker \(worker) is out of descriptors at \(connections) connections: new ones wait (raise ulimit -n)"
                )
            },
            logLinesDropped: { count in
                counts.linesDropped.wrappingAdd(count, ordering: .relaxed)
                log.warning("access log: \(count) lines dropped, because its sink does not keep up")
            })
    }

    /// Descriptors that each worker may use.
    private static func descriptorsMax(workers: Int) -> Int {
        let limit = Int(clx_open_files_limit())
        let descriptors = limit - min(Limits.descriptorsReservedMax, limit / 8) - workers * 4
        return max(16, descriptors / workers)
    }

    private static func openAccessLog(_ target: AccessLogTarget, workers: Int) throws -> LogWriter? {
        switch target {
        case .off: return nil
        case .stdout: return try LogWriter(descriptor: 1, workers: workers)
        case .stderr: return try LogWriter(descriptor: 2, workers: workers)
        case .file(let path):
            let descriptor = unsafe path.withCString { unsafe clx_open_for_appending($0) }
            return try LogWriter(
                descriptor: try SystemError.check(descriptor, "cannot open \(path)"), workers: workers)
        }
    }

    private static func announce(_ config: Config, _ listeners: [ListenerGroup], _ log: Logger) {
        for listener in listeners { log.info("listening on \(listener.address)") }
        if config.routes.contains(where: \.servesFiles), !FileOpening.followsLinks {
            log.warning("files: symbolic links are not followed, because the system has no openat2(2) for us")
        }
        for service in config.services {
            let upstreams = service.upstreams.map(\.description).joined(separator: ", ")
            log.info("service \(service.name): \(upstreams) \(service.settings.policy.rawValue)")
        }
    }
}

extension Route {
    fileprivate var servesFiles: Bool {
        if case .files = action { return true }
        return false
    }
}
