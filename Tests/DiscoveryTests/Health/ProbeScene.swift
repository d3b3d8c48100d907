import CLinux
import Logging
@testable import ProxyCore
import Testing

@testable import Discovery

/// A server on an address of 127.0.0.0/8 that answers each connection as a test says, on the test's own loop.
final class TestEndpoint {
    enum Behaviour {
        /// Sends these bytes once a request's head is there, and ends.
        case answer(String)
        /// Accepts and says nothing.
        case silence
        /// Resets each connection once a request's head is there.
        case reset
    }

    var behaviour: Behaviour
    private(set) var accepted = 0
    private(set) var requests: [String] = []
    private(set) var address: SocketAddress
    private let loop: ControlLoop
    private var listener: Int32 = -1
    private var connections: [Int32: [UInt8]] = [:]

    /// - Parameter host: the last byte of 127.0.9.x.
    init(
        _ host: Int, on loop: ControlLoop, port: UInt16 = 0, _ behaviour: Behaviour = .answer("HTTP/1.1 200 OK\r\n\r\n")
    ) throws {
        self.loop = loop
        self.behaviour = behaviour
        address = try #require(SocketAddress(ip: "127.0.9.\(host)", port: port))
        try listen()
    }

    deinit { stop() }

    var openConnections: Int { connections.count }

    /// Listens; after `stop` on the same port again.
    func listen() throws {
        listener = try SystemError.check(clx_socket(0, Int32(SOCK_STREAM.rawValue)), "socket")
        _ = clx_set_option(listener, SOL_SOCKET, SO_REUSEADDR, 1)
        _ = try SystemError.check(clx_bind(listener, address.raw), "bind")
        _ = try SystemError.check(clx_listen(listener, 64), "listen")
        address = SocketAddress(clx_local_address(listener))
        loop.watch(listener, for: .readable) { [unowned self] _ in accept() }
    }

    /// Connects are refused from now on.
    func stop() {
        for descriptor in [listener] + connections.keys where descriptor >= 0 { end(descriptor) }
        connections = [:]
        listener = -1
    }

    private func accept() {
        var peer = clx_address()
        let connection = unsafe clx_accept(listener, &peer)
        guard connection >= 0 else { return }
        accepted += 1
        connections[connection] = []
        loop.watch(connection, for: .readable) { [unowned self] _ in receive(connection) }
    }

    private func receive(_ connection: Int32) {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = unsafe clx_receive(connection, &buffer, buffer.count)
        guard count > 0 else { return end(connection) }
        connections[connection, default: []] += buffer[..<count]
        let text = String(decoding: connections[connection, default: []], as: UTF8.self)
        guard text.hasSuffix("\r\n\r\n") else { return }
        requests.append(text)
        switch behaviour {
        case .silence: break
        case .reset:
            _ = clx_reset_on_close(connection)
            end(connection)
        case .answer(let answer):
            let bytes = Array(answer.utf8)
            _ = unsafe clx_send(connection, bytes, bytes.count)
            end(connection)
        }
    }

    private func end(_ descriptor: Int32) {
        connections[descriptor] = nil
        loop.unwatch(descriptor)
        _ = clx_close(descriptor)
    }
}

/// A directory with one service whose name the `hosts` file says the endpoints of, all on one loop.
final class ProbeScene {
    let loop: ControlLoop
    let events = EventRecorder()
    private let files: TemporaryFolder
    private(set) var snapshots: [EndpointSnapshot] = []
    private var started: ServiceDirectory?

    init() throws {
        loop = try ControlLoop()
        files = try TemporaryFolder()
    }

    deinit { started?.stop() }

    /// Starts a directory for one service with these endpoints. Probes follow one another quickly.
    func start(
        _ endpoints: [TestEndpoint], _ check: HealthSettings.Check, change: (inout ServiceSettings) -> Void = { _ in }
    )
        throws
    {
        var settings = ServiceSettings()
        settings.health.check = check
        settings.health.intervalMilliseconds = 20
        settings.health.timeoutMilliseconds = 500
        settings.slowStartMilliseconds = 0
        change(&settings)
        let targets = endpoints.map { Upstream(.address($0.address)) }
        try start(ServiceTargets(name: "default", upstreams: targets, settings: settings)) { _ in }
    }

    /// Starts a directory for one service, `web:PORT`, whose addresses are what `name` last said.
    func start(port: UInt16, _ check: HealthSettings.Check) throws {
        var settings = ServiceSettings()
        settings.health.check = check
        settings.health.intervalMilliseconds = 20
        settings.slowStartMilliseconds = 0
        let targets = [Upstream(.name("web", port: port))]
        try start(ServiceTargets(name: "default", upstreams: targets, settings: settings)) {
            $0.hostsPath = self.files.path("hosts")
            $0.intervalMilliseconds = 20
        }
    }

    /// Says which addresses `web` has.
    func name(_ ips: [String]) throws { try files.write(ips.map { "\($0) web\n" }.joined(), to: "hosts") }

    private func start(_ service: ServiceTargets, change: (inout ResolverSettings) -> Void) throws {
        var settings = ResolverSettings()
        settings.resolvConfPath = files.path("resolv.conf")
        settings.servers = [try #require(SocketAddress(ip: "127.0.9.250", port: 9))]
        change(&settings)
        let recorder = events
        let log = Logger(label: "test") { _ in recorder }
        let directory = try ServiceDirectory(loop: loop, services: [service], resolver: settings, log: log) {
            [unowned self] snapshot in snapshots.append(snapshot)
        }
        started = directory
        directory.start()
    }

    var directory: ServiceDirectory {
        get throws { try #require(started) }
    }

    var standings: [EndpointStanding] { snapshots.last?.services[0].endpoints.map(\.standing) ?? [] }

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

    /// Runs until such a line is in the event log.
    func run(untilLogged text: String) -> Bool { run(until: { self.events.lines.contains { $0.contains(text) } }) }
}
