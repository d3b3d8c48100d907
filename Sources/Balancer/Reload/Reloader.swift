import CLinux
import ConfigWatch
import Discovery
import Logging
import ProxyCore

// Reload: another configuration comes into force while requests run.
//
//     FileWatcher      says that the file, or what it includes, has changed (ConfigWatch)
//     ConfigSource     reads it, on a thread of its own; what is wrong is refused as a whole, and the last good one stays
//     ConfigChange     says what is different
//     ServiceSlots     gives each service its place in snapshots; Plan+Config makes of it what workers go by
//     OpenListeners    binds what is new
//     ServiceDirectory learns of other services, and has the first snapshot that knows them
//     WorkerGroup      takes over plan, snapshot and listeners together

/// Brings the configuration file into force whenever it changes, or is asked to be read.
///
/// It belongs to the control thread. One configuration at a time is on its way; what changes meanwhile is read after it.
final class Reloader {
    private let loop: ControlLoop
    private let log: Logger
    private let source: ConfigSource?
    private let directory: ServiceDirectory
    private let feed: SnapshotFeed
    private var group: WorkerGroup?
    private var listeners: OpenListeners
    private let admin: AdminServer
    private var watcher: FileWatcher?

    /// What is in force.
    private(set) var config: Config
    private(set) var state: ReloadState
    /// The last one that could come into force, with what needs a restart.
    private var asked: Config
    /// What it was read from.
    private var watched: [String] = []
    private var slots = ServiceSlots()
    /// Of all slots that some plan names, as the directory was told last.
    private var targets: [Int: ServiceTargets] = [:]
    private var resolver: ResolverSettings
    private var planNumber = 0
    private var isBusy = false
    private var isAskedAgain = false
    private var isDemanded = false

    /// - Parameters:
    ///   - source: where `config` was read; nil where the command line says it all.
    ///   - directory: knows the services of `config` in slots from 0 on.
    init(
        _ config: Config, from source: ConfigSource?, loop: ControlLoop, directory: ServiceDirectory,
        feed: SnapshotFeed, listeners: OpenListeners, admin: AdminServer, log: Logger
    ) {
        self.config = config
        asked = config
        resolver = config.resolver
        self.source = source
        self.loop = loop
        self.directory = directory
        self.feed = feed
        self.listeners = listeners
        self.admin = admin
        self.log = log
        state = ReloadState(path: source?.path, at: clx_realtime_milliseconds())
    }

    /// The plan of the configuration that is there at the start.
    ///
    /// - Throws: for the first route that cannot be compiled.
    func firstPlan() throws(RouteTable.Mistake) -> Plan {
        let places = slots.assign(config.services.map(\.name), to: planNumber)
        for (service, slot) in zip(config.services, places) { targets[slot] = service.targets }
        return try Plan.compile(config, slots: places, released: release(planNumber))
    }

    /// Follows the file from now on; `group` goes by the first plan.
    func begin(_ group: WorkerGroup) {
        self.group = group
        guard source != nil else { return }
        watcher = FileWatcher(loop: loop) { [weak self] in self?.reload() }
        // It may have changed since it was read; and what else it was read from is not known here.
        reload()
    }

    /// Nothing comes into force any more.
    func stop() {
        watcher?.stop()
        watcher = nil
        group = nil
    }

    /// Plans that some request may still run by.
    var planCount: Int { slots.planCount }

    // MARK: In the order in which it happens

    /// Reads the file, whether or not it has changed.
    ///
    /// - Parameter onDemand: somebody waits to be told.
    func reload(onDemand: Bool = false) {
        guard let source else { return log.info("there is no configuration file to read again") }
        guard group != nil else { return }
        isDemanded = isDemanded || onDemand
        isAskedAgain = isBusy
        guard !isBusy else { return }
        isBusy = true
        elsewhere({ source.load() }) { [weak self] in self?.take($0) }
    }

    private func take(_ outcome: ConfigFile.Outcome) {
        guard let next = outcome.config else {
            // What the last good one was read from may lead back to it.
            watcher?.follow(outcome.watched + watched)
            return refuse(outcome.diagnostics)
        }
        watched = outcome.watched
        watcher?.follow(watched)
        guard next != asked else {
            if state.refusal != nil {
                log.info("\(title): valid again, and what is in force")
            } else if isDemanded {
                log.info("\(title): nothing has changed")
            }
            state.unchanged(at: clx_realtime_milliseconds())
            return end()
        }
        for warning in outcome.diagnostics { log.warning("\(warning.headline)") }
        compile(next)
    }

    private func compile(_ next: Config) {
        var effective = next
        // Threads and their logs stay as they began.
        effective.workers = config.workers
        effective.accessLog = config.accessLog
        planNumber += 1
        let released = release(planNumber)
        let places = slots.assign(effective.services.map(\.name), to: planNumber)
        let compiled = { @Sendable [effective] () -> Result<Plan, RouteTable.Mistake> in
            Result { () throws(RouteTable.Mistake) in
                try Plan.compile(effective, slots: places, released: released)
            }
        }
        elsewhere(compiled) { [weak self] result in
            switch result {
            case .success(let plan): self?.bind(plan, places, effective, asked: next)
            case .failure(let mistake):
                released()
                self?.refuse("route \(next.routes[mistake.route].name): \(mistake.message)")
            }
        }
    }

    /// What can fail comes before anything changes.
    private func bind(_ plan: Plan, _ places: [Int], _ next: Config, asked: Config) {
        do {
            let change = try listeners.change(to: next.listeners)
            do {
                for group in change.opening { try group.listen() }
                try admin.move(to: next.admin)
            } catch {
                for group in change.opening { group.close() }
                throw error
            }
            for (service, slot) in zip(next.services, places) { targets[slot] = service.targets }
            resolver = next.resolver
            directory.update(services: targets, resolver: resolver) { [weak self] snapshot in
                self?.rollOut(plan, snapshot, change, next, asked)
            }
        } catch {
            refuse("\(error)")
        }
    }

    private func rollOut(
        _ plan: Plan, _ snapshot: EndpointSnapshot, _ change: OpenListeners.Change, _ next: Config, _ asked: Config
    ) {
        feed.latest = snapshot
        group?.rollOut(plan, snapshot, opening: change.opening, closing: change.closing)
        listeners.commit(change)
        let difference = ConfigChange(from: config, to: asked)
        config = next
        self.asked = asked
        EventLog.setLevel(of: log, next.logLevel)
        state.applied(at: clx_realtime_milliseconds())
        log.info("\(title): reloaded: \(difference)")
        for key in difference.needsRestart { log.warning("\(title): \(key) is another only after a restart") }
        end()
    }

    private func refuse(_ reason: String) {
        refuse([Diagnostic(.error, file: source?.path ?? "", message: reason)])
    }

    private func refuse(_ diagnostics: [Diagnostic]) {
        let isNews = isDemanded || state.refusal?.diagnostics != diagnostics
        state.refused(diagnostics, at: clx_realtime_milliseconds())
        if isNews {
            let errors = diagnostics.filter { $0.severity == .error }
            let count = "\(errors.count) error\(errors.count == 1 ? "" : "s")"
            log.error("\(title): refused for \(count); the last good one stays in force")
            for error in errors.prefix(Self.errorsLoggedMax) { log.error("\(error.headline)") }
        }
        end()
    }

    private static let errorsLoggedMax = 20

    private func end() {
        isBusy = false
        if isAskedAgain { reload() } else { isDemanded = false }
    }

    private var title: String { "config \(printable(source?.path ?? ""))" }

    // MARK: Slots

    /// What tells, from any thread, that nothing runs by a plan any more.
    private func release(_ plan: Int) -> @Sendable () -> Void {
        let remote = loop.remote
        nonisolated(unsafe) let reloader = self
        return { remote.enqueue { unsafe reloader.forget(plan) } }
    }

    private func forget(_ plan: Int) {
        let free = slots.release(plan)
        guard !free.isEmpty else { return }
        for slot in free { targets[slot] = nil }
        directory.update(services: targets, resolver: resolver)
    }

    // MARK: Threads

    /// Does something that takes its time on a thread of its own, so that names are resolved and endpoints probed
    /// meanwhile.
    private func elsewhere<Result: Sendable>(
        _ work: @escaping @Sendable () -> Result, then: @escaping (Result) -> Void
    ) {
        let remote = loop.remote
        nonisolated(unsafe) let tell = then
        do throws(SystemError) {
            try Thread.start(named: "config") {
                let result = work()
                remote.enqueue { unsafe tell(result) }
            }.detach()
        } catch {
            then(work())
        }
    }
}

extension Diagnostic {
    /// Its first line.
    var headline: String { String(description.prefix { $0 != "\n" }) }
}
