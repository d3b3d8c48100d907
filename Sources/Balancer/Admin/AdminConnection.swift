import CLinux
import Glibc
import ProxyCore

/// One connection to the admin server: a request, an answer, the end.
final class AdminConnection {
    private enum Phase {
        case reading
        case writing
        /// All is sent, and the client's end is waited for: a close with unread input would reset the answer away.
        case ending
    }

    /// From accept to the end.
    static let millisecondsMax: Milliseconds = 10_000
    private static let readBytes = 4 * 1024

    private let loop: ControlLoop
    private let descriptor: Int32
    private let answer: (AdminRequest) -> AdminAnswer
    private let ended: () -> Void
    private var phase = Phase.reading
    private var received: [UInt8] = []
    private var unsent: ArraySlice<UInt8> = []
    private var timer: ControlLoop.TimerID?

    /// - Parameters:
    ///   - descriptor: is closed at the end.
    ///   - ended: called once; not after `close`.
    init(
        _ descriptor: Int32, loop: ControlLoop, answer: @escaping (AdminRequest) -> AdminAnswer,
        ended: @escaping () -> Void
    ) {
        self.descriptor = descriptor
        self.loop = loop
        self.answer = answer
        self.ended = ended
        loop.watch(descriptor, for: .readable) { [weak self] _ in self?.progress() }
        timer = loop.schedule(after: Self.millisecondsMax) { [weak self] in self?.end() }
    }

    func close() {
        guard let timer else { return }
        loop.cancel(timer)
        self.timer = nil
        loop.unwatch(descriptor)
        _ = clx_close(descriptor)
    }

    private func end() {
        close()
        ended()
    }

    private func progress() {
        switch phase {
        case .reading: read()
        case .writing: write()
        case .ending: discard()
        }
    }

    private func read() {
        var part = [UInt8](repeating: 0, count: Self.readBytes)
        let count = unsafe clx_receive(descriptor, &part, part.count)
        if count == -Int(EAGAIN) || count == -Int(EINTR) { return }
        guard count > 0 else { return end() }
        received += part[..<count]
        switch AdminRequest.read(received) {
        case .incomplete: return
        case .request(let request): send(answer(request), headOnly: request.isHead)
        case .refused(let status): send(.failure(status), headOnly: false)
        }
    }

    private func send(_ answer: AdminAnswer, headOnly: Bool) {
        phase = .writing
        unsent = answer.bytes(headOnly: headOnly)[...]
        loop.watch(descriptor, for: .writable) { [weak self] _ in self?.progress() }
        write()
    }

    private func write() {
        let count = unsafe unsent.withUnsafeBytes { unsafe clx_send(descriptor, $0.baseAddress, $0.count) }
        if count == -Int(EAGAIN) || count == -Int(EINTR) { return }
        guard count > 0 else { return end() }
        unsent = unsent.dropFirst(count)
        guard unsent.isEmpty else { return }
        phase = .ending
        _ = clx_shutdown_sending(descriptor)
        loop.watch(descriptor, for: .readable) { [weak self] _ in self?.progress() }
    }

    private func discard() {
        var part = [UInt8](repeating: 0, count: Self.readBytes)
        let count = unsafe clx_receive(descriptor, &part, part.count)
        if count == -Int(EAGAIN) || count == -Int(EINTR) || count > 0 { return }
        end()
    }
}
