import Glibc
import Logging
import ProxyCore
import Synchronization
import Testing

@testable import Discovery

/// A service directory, a name server for it and the files it reads, all on one loop, which a test runs until it sees what it
/// waits for.
final class Scene {
    typealias Reply = TestNameserver.Reply

    let loop: ControlLoop
    let events = EventRecorder()
    let files: TemporaryFolder
    /// What the server answers; a test changes it as it goes along.
    var reply: (TestNameserver.Question) -> Reply
    private(set) var server: TestNameserver
    private(set) var snapshots: [EndpointSnapshot] = []
    private var started: ServiceDirectory?
    /// Of the resolver, as it was last told.
    private(set) var settings = ResolverSettings()
    /// The snapshots that updates ended in.
    private(set) var updates: [EndpointSnapshot] = []

    init(reply: @escaping (TestNameserver.Question) -> Reply) throws {
        loop = try ControlLoop()
        files = try TemporaryFolder()
        self.reply = reply
        server = TestNameserver(loop: loop) { _ in .silence }
        server = TestNameserver(loop: loop) { [unowned self] in self.reply($0) }
        try server.start()
    }

    deinit {
        started?.stop()
        server.stop()
    }

    var directory: ServiceDirectory {
        get throws { try #require(started) }
    }

    /// The addresses are made up: nobody listens there.
    static var unprobed: ServiceSettings {
        var settings = ServiceSettings()
        settings.health.check = .off
        return settings
    }

    /// Starts a directory that asks the scene's server about `targets`, one service for each list.
    func start(
        _ services: [[UpstreamTarget]], interval: Milliseconds = 60, change: (inout ResolverSettings) -> Void = { _ in }
    ) throws {
        try start(upstreams: services.map { $0.map { Upstream($0) } }, interval: interval, change: change)
    }

    func start(
        upstreams services: [[Upstream]], interval: Milliseconds = 60,
        change: (inout ResolverSettings) -> Void = { _ in }
    ) throws {
        var settings = ResolverSettings()
        settings.servers = [try #require(server.address)]
        settings.intervalMilliseconds = interval
        settings.resolvConfPath = files.path("resolv.conf")
        settings.hostsPath = files.path("hosts")
        change(&settings)
        self.settings = settings
        let services = services.enumerated().map {
            ServiceTargets(name: "service\($0)", upstreams: $1, settings: Self.unprobed)
        }
        let recorder = events
        let log = Logger(label: "test") { _ in recorder }
        let directory = try ServiceDirectory(loop: loop, services: services, resolver: settings, log: log) {
            [unowned self] snapshot in snapshots.append(snapshot)
        }
        started = directory
        directory.start()
    }

    /// Tells the directory of other services, by slot, and runs until the snapshot is there that knows them.
    func update(
        _ services: [Int: ServiceTargets], change: (inout ResolverSettings) -> Void = { _ in }
    ) throws -> EndpointSnapshot {
        change(&settings)
        let count = updates.count
        try directory.update(services: services, resolver: settings) { [unowned self] in updates.append($0) }
        #expect(run(until: { self.updates.count > count }))
        return try #require(updates.last)
    }

    /// A service whose targets are `name:80` for each of these names.
    static func service(_ name: String, _ names: String..., settings: ServiceSettings = unprobed) -> ServiceTargets {
        ServiceTargets(name: name, upstreams: names.map { Upstream(.name($0, port: 80)) }, settings: settings)
    }

    /// Starts with one service whose one target is `web:80`.
    func start(interval: Milliseconds = 60, serverTimeout: Milliseconds? = nil) throws {
        try start([[.name("web", port: 80)]], interval: interval) { $0.serverTimeoutMilliseconds = serverTimeout }
    }

    /// What the newest snapshot lists for a service.
    func endpoints(of service: Int = 0) -> [String] {
        snapshots.last?.services[service].endpoints.map(\.address.description) ?? []
    }

    /// Runs the loop until `condition` holds, for `limit` milliseconds at most, and answers whether it does.
    func run(until condition: @escaping () -> Bool, limit: Milliseconds = 5000) -> Bool {
        let deadline = Instant.read() + limit
        func look() {
            if condition() || Instant.read() >= deadline { return loop.stop() }
            loop.schedule(after: 1, look)
        }
        loop.schedule(after: 0, look)
        loop.run()
        return condition()
    }

    /// Runs until `name` has been asked for its addresses `rounds` more times, and the last of them has been answered.
    func runRounds(_ rounds: Int, name: String = "web") -> Bool {
        let target = server.count(name, type: 1) + rounds + 1
        return run(until: { [server] in server.count(name, type: 1) >= target })
    }
}

/// A log handler that keeps the lines.
struct EventRecorder: LogHandler {
    private final class Lines: Sendable {
        let all = Mutex<[String]>([])
    }

    private let recorded = Lines()
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.info
    var metadataProvider: Logger.MetadataProvider?

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) { recorded.all.withLock { $0.append("\(event.level) \(event.message)") } }

    var lines: [String] { recorded.all.withLock { $0 } }
}

/// A folder that goes when the test ends.
final class TemporaryFolder {
    private let folder: String
    private var written: Set<String> = []

    init() throws {
        var template = Array("/tmp/discovery-tests-XXXXXX".utf8CString)
        guard unsafe mkdtemp(&template) != nil else { throw SystemError(call: "mkdtemp", code: errno) }
        folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        for name in written { unsafe unlink(path(name)) }
        unsafe rmdir(folder)
    }

    func path(_ name: String) -> String { "\(folder)/\(name)" }

    /// Writes the file in place, as an engine rewrites a mounted `resolv.conf`.
    func write(_ text: String, to name: String) throws {
        written.insert(name)
        let file = unsafe open(path(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        _ = try SystemError.check(file < 0 ? -errno : file, "open")
        let bytes = Array(text.utf8)
        let count = unsafe Glibc.write(file, bytes, bytes.count)
        close(file)
        guard count == bytes.count else { throw SystemError(call: "write", code: ENOSPC) }
    }
}

/// The types of questions (RFC 1035 section 3.2.2, RFC 3596).
let ipv4: UInt16 = 1
let ipv6: UInt16 = 28

/// A server whose names have these IPv4 addresses and no others.
func only(_ addresses: String...) -> (TestNameserver.Question) -> TestNameserver.Reply {
    { question in .records(question.type == ipv4 ? addresses.map { .a($0) } : []) }
}

func ips(_ literals: String...) -> [SocketAddress] { literals.compactMap { SocketAddress(ip: $0, port: 0) } }

extension ServiceDirectory {
    /// A worker could not reach this endpoint of the service.
    func connectFailed(_ endpoint: String, port: UInt16 = 80, service: Int = 0) throws {
        let endpoint = try #require(SocketAddress(ip: endpoint, port: port))
        note(
            EndpointReport(
                service: service, endpoint: endpoint,
                event: .connectFailed(reason: "Connection refused", isFirst: false)))
    }
}
