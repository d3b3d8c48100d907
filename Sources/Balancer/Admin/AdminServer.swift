import CLinux
import ConfigWatch
import Logging
import ProxyCore

/// Shows the state of the process over HTTP/1.1, on the control loop: a few connections at a time, pages that are only
/// read. It belongs to the control thread.
final class AdminServer {
    /// Who asks beyond that is served when another has ended.
    static let connectionsMax = 16

    private let loop: ControlLoop
    private let log: Logger
    private var listener: (address: ListenAddress, group: ListenerGroup)?
    private var connections: [Int: AdminConnection] = [:]
    private var accepted = 0
    /// What it says.
    var answer: (AdminRequest) -> AdminAnswer = { _ in .failure(503) }

    init(loop: ControlLoop, log: Logger) {
        self.loop = loop
        self.log = log
    }

    /// Listens at `address` from now on, and at none where it is nil.
    ///
    /// - Throws: `BindError` or `SystemError` where that cannot be; then it stays where it is.
    func move(to address: ListenAddress?) throws {
        guard address != listener?.address else { return }
        var next: (address: ListenAddress, group: ListenerGroup)?
        if let address, let group = try ListenerGroup.bindAll([BindAddress(address)], workers: 1).first {
            do {
                try group.listen()
            } catch {
                group.close()
                throw error
            }
            next = (address, group)
        }
        closeListener()
        listener = next
        guard let group = next?.group else { return }
        log.info("admin pages on \(group.address)")
        accept(from: group.descriptors[0])
    }

    func stop() {
        closeListener()
        for connection in connections.values { connection.close() }
        connections = [:]
        answer = { _ in .failure(503) }
    }

    private func closeListener() {
        guard let group = listener?.group else { return }
        loop.unwatch(group.descriptors[0])
        group.close()
        listener = nil
    }

    private func accept(from descriptor: Int32) {
        loop.watch(descriptor, for: .readable) { [weak self] _ in self?.acceptNext(from: descriptor) }
    }

    private func acceptNext(from descriptor: Int32) {
        guard connections.count < Self.connectionsMax else { return loop.unwatch(descriptor) }
        var peer = clx_address()
        let connection = unsafe clx_accept(descriptor, &peer)
        guard connection >= 0 else { return }
        accepted += 1
        let number = accepted
        connections[number] = AdminConnection(
            connection, loop: loop, answer: { [weak self] in self?.answer($0) ?? .failure(503) },
            ended: { [weak self] in self?.ended(number) })
    }

    private func ended(_ number: Int) {
        connections[number] = nil
        // It may have stopped accepting.
        if let descriptor = listener?.group.descriptors[0] { accept(from: descriptor) }
    }
}
