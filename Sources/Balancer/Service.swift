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
        // Blocked before any thread starts, so that only the signalfd sees them.
        let signals = try SystemError.check(clx_signalfd(), "signalfd")
        let workers = config.workers ?? Processors.available()
        let accessLog = try openAccessLog(config.accessLog, workers: workers)
        // Nothing listens until everything could be bound.
        let listeners = try config.listeners.map { try ListenerGroup(BindAddress($0), workers: workers) }
        for listener in listeners { try listener.listen() }

        let loop = try ControlLoop()
        let resolver = ResolverBox()
        let reports = workerReports(to: loop.remote, resolver, log)
        let group = try WorkerGroup(
            workers: workers, settings: workerSettings(config, workers: workers), listeners: listeners, log: accessLog,
            reports: reports)
        resolver.value = try Resolver(
            loop: loop, services: config.services.map { ServiceTargets(name: $0.name, targets: $0.targets) },
            settings: resolverSettings(config), log: log, publish: { group.publish($0) })
        announce(config, listeners, log)
        resolver.value?.start()

        var signalCount = 0
        loop.watch(signals, for: .readable) { _ in
            let signal = clx_signalfd_next(signals)
            guard signal == SIGTERM || signal == SIGINT else { return }
            signalCount += 1
            if signalCount == 1 {
                log.info("draining: signal \(signal), at most \(config.drainTimeoutMilliseconds) ms")
                group.drain(milliseconds: config.drainTimeoutMilliseconds)
            } else {
                log.info("stopping at once: second signal")
                group.stop()
            }
        }
        // The loop goes on while workers drain: a request that still runs may need fresh addresses.
        let remote = loop.remote
        nonisolated(unsafe) let stopping = loop
        _ = try Thread.start(named: "drain") {
            group.join()
            remote.enqueue { unsafe stopping.stop() }
        }
        loop.run()
        resolver.value?.stop()
        accessLog?.stop(waitingMilliseconds: 1_000)
        log.info("stopped")
        return 0
    }

    /// The resolver is made after the workers, which report to it. It is touched on the control thread alone.
    private final class ResolverBox: @unchecked Sendable {
        var value: Resolver?
    }

    private static func workerReports(
        to remote: ControlLoop.Remote, _ resolver: ResolverBox, _ log: Logger
    ) -> WorkerReports {
        WorkerReports(
            connectFailed: { service, endpoint, reason in
                remote.enqueue {
                    log.warning("endpoint \(endpoint) failed: \(reason); others are preferred")
                    resolver.value?.refresh(service: service)
                }
            },
            outOfDescriptors: { worker, connections in
                log.error(
                    "worker \(worker) is out of descriptors at \(connections) connections: new ones wait (raise ulimit -n)")
            },
            logLinesDropped: { count in
                log.warning("access log: \(count) lines dropped, because its sink does not keep up")
            })
    }

    private static func workerSettings(_ config: Config, workers: Int) -> WorkerSettings {
        let descriptors = Int(clx_open_files_limit()) - Limits.descriptorsReserved - workers * 4
        return WorkerSettings(
            timeouts: config.timeouts,
            routes: RouteTable(
                prefixes: config.routes.map { ($0.prefix, $0.service) }, fallback: config.defaultService),
            policies: config.services.map(\.policy),
            descriptorsMax: max(16, descriptors / workers))
    }

    private static func resolverSettings(_ config: Config) -> ResolverSettings {
        var settings = ResolverSettings()
        settings.servers = config.resolvers
        settings.interval = config.resolveIntervalMilliseconds
        return settings
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
        for service in config.services {
            let targets = service.targets.map(\.description).joined(separator: ", ")
            log.info("service \(service.name): \(targets) \(service.policy.rawValue)")
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
