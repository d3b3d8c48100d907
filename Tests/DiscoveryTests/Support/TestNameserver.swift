import CLinux
import Glibc
import ProxyCore

/// A name server on 127.0.0.1, over UDP and TCP, that says what a test wants it to say. It runs on the test's own loop,
/// so that nothing is shared between threads and every run has the same order of events.
final class TestNameserver {
    struct Question: Equatable {
        let name: String
        let type: UInt16
        let isTCP: Bool
        let usesEDNS: Bool
    }

    enum Reply {
        /// NOERROR with these records; a UDP answer that would be too large is truncated.
        case records([DNSMessage.Record])
        case code(UInt8)
        case silence
        /// The answer, over UDP, after so many milliseconds.
        case late(Milliseconds, [DNSMessage.Record])
        /// Whatever this makes of the query, without regard to its size.
        case raw((_ query: [UInt8]) -> [UInt8])
        /// The TCP connection is reset.
        case reset
    }

    private let loop: ControlLoop
    private let makeReply: (Question) -> Reply
    private var port: UInt16 = 0
    private var udp: Int32 = -1
    private var tcp: Int32 = -1
    private var connections: [Int32: [UInt8]] = [:]
    private(set) var questions: [Question] = []
    /// Ends and resets each TCP connection before anything is read from it, so that the peer's write meets a closed pipe.
    var endsConnections = false

    init(loop: ControlLoop, reply: @escaping (Question) -> Reply) {
        self.loop = loop
        makeReply = reply
    }

    deinit { stop() }

    var address: SocketAddress? { SocketAddress(ip: "127.0.0.1", port: port) }

    /// Listens; after `stop` on the same port again.
    func start() throws {
        for _ in 0..<20 {
            udp = try SystemError.check(clx_socket(0, Int32(SOCK_DGRAM.rawValue)), "socket")
            _ = try SystemError.check(clx_bind(udp, loopback(port)), "bind")
            port = clx_local_address(udp).port
            tcp = try SystemError.check(clx_socket(0, Int32(SOCK_STREAM.rawValue)), "socket")
            _ = clx_set_option(tcp, SOL_SOCKET, SO_REUSEADDR, 1)
            // Another program may hold the same port for TCP: then another port is tried.
            if clx_bind(tcp, loopback(port)) >= 0 { break }
            stop()
            port = 0
        }
        _ = try SystemError.check(clx_listen(tcp, 16), "listen")
        loop.watch(udp, for: .readable) { [unowned self] _ in receiveDatagrams() }
        loop.watch(tcp, for: .readable) { [unowned self] _ in acceptConnection() }
    }

    func stop() {
        for descriptor in [udp, tcp] + connections.keys where descriptor >= 0 { end(descriptor) }
        connections = [:]
        udp = -1
        tcp = -1
    }

    func count(_ name: String, type: UInt16) -> Int { questions.count { $0.name == name && $0.type == type } }

    private func loopback(_ port: UInt16) -> clx_address {
        clx_address(high: UInt64(UInt32(0x7f00_0001).bigEndian), low: 0, scope: 0, port: port, is_v6: 0)
    }

    private func end(_ descriptor: Int32) {
        loop.unwatch(descriptor)
        _ = clx_close(descriptor)
    }

    // MARK: UDP

    private func receiveDatagrams() {
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            var peer = sockaddr_storage()
            var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
            let count = unsafe withUnsafeMutableBytes(of: &peer) { raw in
                unsafe recvfrom(
                    udp, &buffer, buffer.count, 0, raw.baseAddress?.assumingMemoryBound(to: sockaddr.self), &length)
            }
            guard count >= 12 else { return }
            let query = Array(buffer[..<count])
            let respond = { [udp] (answer: [UInt8]) in
                unsafe withUnsafeBytes(of: peer) { raw in
                    let address = unsafe raw.baseAddress?.assumingMemoryBound(to: sockaddr.self)
                    _ = unsafe sendto(udp, answer, answer.count, 0, address, length)
                }
            }
            if let answer = answer(to: query, isTCP: false, later: respond) { respond(answer) }
        }
    }

    // MARK: TCP

    private func acceptConnection() {
        var peer = clx_address()
        let connection = unsafe clx_accept(tcp, &peer)
        guard connection >= 0 else { return }
        if endsConnections {
            _ = clx_shutdown_sending(connection)
            _ = clx_reset_on_close(connection)
            return end(connection)
        }
        connections[connection] = []
        loop.watch(connection, for: .readable) { [unowned self] _ in receiveStream(connection) }
    }

    private func receiveStream(_ connection: Int32) {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = unsafe clx_receive(connection, &buffer, buffer.count)
        guard count > 0 else {
            connections[connection] = nil
            return end(connection)
        }
        connections[connection, default: []] += buffer[..<count]
        while let stream = connections[connection], stream.count >= 2 {
            let size = Int(stream[0]) << 8 | Int(stream[1])
            guard stream.count >= 2 + size else { return }
            connections[connection] = Array(stream[(2 + size)...])
            guard let answer = answer(to: Array(stream[2..<(2 + size)]), isTCP: true, later: { _ in }) else {
                _ = clx_reset_on_close(connection)
                connections[connection] = nil
                return end(connection)
            }
            let framed = DNSMessage.bytes(UInt16(answer.count)) + answer
            _ = unsafe clx_send(connection, framed, framed.count)
        }
    }

    // MARK: Answers

    private func answer(to query: [UInt8], isTCP: Bool, later: @escaping ([UInt8]) -> Void) -> [UInt8]? {
        let (name, type) = DNSMessage.asked(query)
        let payload = DNSMessage.udpPayload(query)
        let question = Question(name: name, type: type, isTCP: isTCP, usesEDNS: payload != nil)
        questions.append(question)
        switch makeReply(question) {
        case .silence, .reset: return nil
        case .late(let delay, let records):
            loop.schedule(after: delay) { later(DNSMessage.answer(to: query, records: records)) }
            return nil
        case .code(let code): return DNSMessage.answer(to: query, code: code)
        case .raw(let make): return make(query)
        case .records(let records):
            let whole = DNSMessage.answer(to: query, records: records)
            guard !isTCP && whole.count > payload ?? 512 else { return whole }
            return DNSMessage.answer(to: query, isTruncated: true)
        }
    }
}
