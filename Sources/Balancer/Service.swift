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
    /// - Returns: the exit status: 0 after a drain, 1 where it could not start.
    static func run(_ config: Config) -> Int32 {
        let log = EventLog.logger(config.logLevel)
        do {
            return try serve(config, log)
        } catch {
            StandardStream.error.write("balancer: \(error)\n")
            return 1
        }
    }

    private static func serve(_ config: Config, _ log: Logger) throws -> Int32 {
        clx_ignore_sigpipe()
        // Blocked before any thread starts, so that only the signalfd sees them.
        let signals = try SystemError.check(clx_signalfd(), "signalfd")
        let workers = config.workers ?? Processors.available()
        let accessLog = try openAccessLog(config.accessLog, workers: workers)
        // Nothing listens until everything could be bound, and the first addresses are known or late.
        let listeners = try ListenerGroup.bindAll(config.listeners.map { BindAddress($0) }, workers: workers)
        let loop = try ControlLoop()
        let feed = SnapshotFeed()
        let directory = try ServiceDirectory(
            loop: loop,
            services: config.services.map {
                ServiceTargets(name: $0.name, upstreams: $0.upstreams, settings: $0.settings)
            },
            resolver: config.resolver, log: log, publish: { feed.publish($0) })
        directory.start()
        waitForFirstAddresses(loop, feed)
        for listener in listeners { try listener.listen() }

        let group = try WorkerGroup(
            workers: workers, descriptorsMax: descriptorsMax(workers: workers), plan: try plan(config),
            snapshot: feed.latest, listeners: listeners, log: accessLog,
            reports: workerReports(ReportInbox(loop.remote, directory), log))
        feed.group = group
        announce(config, listeners, log)

        var signalCount = 0
        loop.watch(signals, for: .readable) { _ in
            let signal = clx_signalfd_next(signals)
            guard signal == SIGTERM || signal == SIGINT else { return }
            signalCount += 1
            if signalCount == 1 {
                group.drain(milliseconds: config.drainTimeoutMilliseconds)
                log.info("draining: signal \(signal), at most \(config.drainTimeoutMilliseconds) ms")
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

    /// Passes snapshots from the resolver to the workers, once there are some. It lives on the control thread.
    private final class SnapshotFeed {
        private(set) var latest: EndpointSnapshot?
        var group: WorkerGroup?
        var onComplete: (() -> Void)?

        /// Every service has an endpoint.
        var isComplete: Bool { latest?.services.allSatisfy { !$0.endpoints.isEmpty } ?? false }

        func publish(_ snapshot: EndpointSnapshot) {
            latest = snapshot
            group?.publish(snapshot)
            if isComplete { onComplete?() }
        }
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

    private static func workerReports(_ inbox: ReportInbox, _ log: Logger) -> WorkerReports {
        WorkerReports(
            endpoint: { inbox.send($0) }, serviceIsEmpty: { inbox.refresh($0) },
            outOfDescriptors: { worker, connections in
                log.error(
                    "worker \(worker) is out of descriptors at \(connections) connections: new ones wait (raise ulimit -n)"
                )
            },
            logLinesDropped: { count in
                log.warning("access log: \(count) lines dropped, because its sink does not keep up")
            })
    }

    private static func plan(_ config: Config) throws -> Plan {
        try Plan(
            routes: config.routes,
            services: config.services.enumerated().map { slot, service in
                Plan.Service(
                    slot: slot, settings: service.settings,
                    host: service.upstreams.first?.target.description ?? service.name)
            },
            timeouts: config.timeouts, clientConnectionLife: config.clientConnectionLife)
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

extension BindAddress {
    fileprivate init(_ address: ListenAddress) {
        self =
            switch address {
            case .any(let port): .everywhere(port: port)
            case .address(let address): BindAddress(address)
            }
    }
}

extension Route {
    fileprivate var servesFiles: Bool {
        if case .files = action { return true }
        return false
    }
}
