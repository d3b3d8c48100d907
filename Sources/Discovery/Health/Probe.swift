import Glibc
import ProxyCore

/// One probe: a connection of its own, a conversation over it, and a time for both together.
final class Probe {
    private let loop: ControlLoop
    private let then: (ProbeResult) -> Void
    private var conversation: Conversation
    private var socket: ClientSocket?
    private var timer: ControlLoop.TimerID?
    private var isConnected = false
    private var unsent: ArraySlice<UInt8> = []

    /// - Parameter then: called once, on a later turn of the loop; not after `cancel`.
    init(loop: ControlLoop, conversation: Conversation, then: @escaping (ProbeResult) -> Void) {
        self.loop = loop
        self.conversation = conversation
        self.then = then
    }

    /// The caller holds this object until `then` or `cancel`.
    func start(_ address: SocketAddress, timeout: Milliseconds) {
        do throws(SystemError) {
            let socket = try ClientSocket(connectingTo: address)
            self.socket = socket
            loop.watch(socket.descriptor, for: .writable) { [weak self] _ in self?.connectEnded() }
            timer = loop.schedule(after: timeout) { [weak self] in self?.timeOut() }
        } catch {
            let result = error.isOurs ? ProbeResult.inconclusive(error.description) : .failed(error.reason)
            timer = loop.schedule(after: 0) { [weak self] in self?.finish(result) }
        }
    }

    func cancel() { close() }

    // MARK: In the order in which it happens

    private func connectEnded() {
        guard let socket else { return }
        if let error = socket.connectError { return finish(.failed(error.reason)) }
        isConnected = true
        if let result = conversation.begin() { return finish(result) }
        send()
    }

    private func progress(_ ready: ControlLoop.Interest) {
        if ready.contains(.readable) { receive() }
        send()
    }

    private func receive() {
        guard let socket else { return }
        switch socket.receive(atMost: Limits.probeReadBytes) {
        case .bytes(let bytes): if let result = conversation.take(bytes) { finish(result) }
        case .end: finish(conversation.end())
        case .failed(let error): finish(.failed(error.reason))
        case .wouldBlock: break
        }
    }

    private func send() {
        guard let socket else { return }
        unsent += conversation.output()
        do throws(SystemError) {
            if !unsent.isEmpty { unsent = unsent.dropFirst(try socket.send(unsent)) }
        } catch {
            return finish(.failed(error.reason))
        }
        let interest: ControlLoop.Interest = unsent.isEmpty ? .readable : [.readable, .writable]
        loop.watch(socket.descriptor, for: interest) { [weak self] ready in self?.progress(ready) }
    }

    private func timeOut() { finish(.failed(isConnected ? "no answer in time" : "no connection in time")) }

    private func finish(_ result: ProbeResult) {
        close()
        then(result)
    }

    private func close() {
        if let timer { loop.cancel(timer) }
        timer = nil
        if let socket {
            loop.unwatch(socket.descriptor)
            socket.close()
        }
        socket = nil
    }
}

/// What a probe says over its connection, and what it makes of the answer.
enum Conversation {
    /// That it comes about is all.
    case tcp
    case http(HTTPCheck)
    case grpc(GRPCCheck)

    /// - Parameter host: what the endpoint is called, where the settings do not say it.
    init(_ settings: HealthSettings, host: String) {
        let host = settings.host.isEmpty ? host : settings.host
        self =
            switch settings.check {
            case .off, .tcp: .tcp
            case .http(let path): .http(HTTPCheck(path: path, host: host, settings: settings))
            case .grpc(let service): .grpc(GRPCCheck(service: service, host: host))
            }
    }

    /// The connection has come about.
    ///
    /// - Returns: what that means, nil where it depends on what comes.
    func begin() -> ProbeResult? { if case .tcp = self { .passed } else { nil } }

    /// What is to be sent now, which is then taken for sent.
    mutating func output() -> [UInt8] {
        switch self {
        case .tcp: return []
        case .http(var check):
            defer { self = .http(check) }
            return check.output()
        case .grpc(let check): return check.output()
        }
    }

    /// Bytes have arrived.
    mutating func take(_ bytes: [UInt8]) -> ProbeResult? {
        switch self {
        case .tcp: return .passed
        case .http(var check):
            defer { self = .http(check) }
            return check.take(bytes)
        case .grpc(let check): return check.take(bytes)
        }
    }

    /// The connection has ended before the answer was clear.
    func end() -> ProbeResult {
        switch self {
        case .tcp: .passed
        case .http(let check): check.end()
        case .grpc(let check): check.end()
        }
    }
}

extension SystemError {
    /// The lack is on our side: descriptors, memory, local ports.
    fileprivate var isOurs: Bool { [EMFILE, ENFILE, ENOBUFS, ENOMEM, EADDRNOTAVAIL].contains(code) }
}
