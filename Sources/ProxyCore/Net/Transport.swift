import CLinux

/// What a connection's bytes go through: a TCP socket. TLS joins here, as a second form with the same calls.
struct Transport {
    let descriptor: Int32

    /// A peer that takes everything and sends nothing.
    static let sink = Transport(descriptor: -1)

    var isSink: Bool { descriptor < 0 }

    enum Received {
        case bytes(Int)
        case wouldBlock
        /// The peer has ended its direction (FIN).
        case end
        case failed
    }

    enum Sent {
        case bytes(Int)
        case wouldBlock
        case failed
    }

    /// One recv(2) of at most `limit` bytes into the room of `buffer`, which is not empty.
    @inline(__always)
    func receive(into buffer: inout ByteBuffer, atMost limit: Int) -> Received {
        if isSink { return .wouldBlock }
        let count = unsafe buffer.fill(atMost: limit) { memory, room in
            unsafe clx_receive(descriptor, memory, room)
        }
        if count > 0 { return .bytes(count) }
        if count == 0 { return .end }
        return count == -Int(EAGAIN) || count == -Int(EINTR) ? .wouldBlock : .failed
    }

    /// One send(2) of what `buffer` holds from `offset` on.
    ///
    /// - Parameter moreFollows: at once, so that what fills no packet waits for it.
    @inline(__always)
    func send(_ buffer: borrowing ByteBuffer, from offset: Int = 0, moreFollows: Bool = false) -> Sent {
        if isSink { return .bytes(buffer.count - offset) }
        let bytes = buffer.bytes.extracting(offset..<buffer.count)
        if moreFollows {
            return Self.outcome(
                unsafe bytes.withUnsafeBytes { unsafe clx_send_with_more(descriptor, $0.baseAddress, $0.count) })
        }
        return Self.outcome(
            unsafe bytes.withUnsafeBytes { memory in unsafe clx_send(descriptor, memory.baseAddress, memory.count) })
    }

    /// One sendmsg(2) of what `first` holds from `offset` on, and of a part of `second`.
    @inline(__always)
    func send(
        _ first: borrowing ByteBuffer, from offset: Int = 0, _ second: borrowing ByteBuffer, _ range: Range<Int>
    ) -> Sent {
        if range.isEmpty { return send(first, from: offset) }
        if isSink { return .bytes(first.count - offset + range.count) }
        let head = first.bytes.extracting(offset..<first.count)
        let body = second.bytes.extracting(range)
        return Self.outcome(
            unsafe head.withUnsafeBytes { one in
                unsafe body.withUnsafeBytes { two in
                    unsafe clx_send_two(descriptor, one.baseAddress, one.count, two.baseAddress, two.count)
                }
            })
    }

    /// One sendfile(2) of at most `count` bytes of an open file. None are sent where it has ended before.
    func sendFile(_ file: Int32, from offset: Int, _ count: Int) -> Sent {
        Self.outcome(clx_send_file(descriptor, file, Int64(offset), count))
    }

    private static func outcome(_ count: Int) -> Sent {
        if count >= 0 { return .bytes(count) }
        return count == -Int(EAGAIN) || count == -Int(EINTR) ? .wouldBlock : .failed
    }

    /// Bytes wait to be read; asking takes none of them (MSG_PEEK, recv(2)).
    var hasInput: Bool { !isSink && clx_has_input(descriptor) > 0 }

    /// Sends FIN: nothing more comes from us.
    func endSending() { if !isSink { _ = clx_shutdown_sending(descriptor) } }

    func close() { if !isSink { _ = clx_close(descriptor) } }

    /// Closes with RST, so that the peer cannot take what it got for the whole.
    func reset() {
        if isSink { return }
        _ = clx_reset_on_close(descriptor)
        close()
    }

    /// Bytes that the peer has not acknowledged yet; 0 where that cannot be told.
    var unsentCount: Int { isSink ? 0 : max(0, Int(clx_unsent_count(descriptor))) }
}
