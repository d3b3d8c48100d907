import CLinux

/// A TCP connection that the control thread makes, with a socket of its own that never blocks. Workers have `Transport`.
///
/// Whoever opened it closes it, once, after its loop has stopped watching it.
package struct ClientSocket: Sendable {
    package let descriptor: Int32

    /// Begins to connect. The socket becomes writable when that has ended; `connectError` then says how.
    ///
    /// - Throws: `SystemError` where there is no socket to be had, or the connect fails at once.
    package init(connectingTo address: SocketAddress) throws(SystemError) {
        descriptor = try SystemError.check(clx_socket(address.isIPv6 ? 1 : 0, Int32(SOCK_STREAM.rawValue)), "socket")
        let result = clx_connect(descriptor, address.raw)
        guard result >= 0 || result == -EINPROGRESS else {
            close()
            throw SystemError(call: "connect", code: -result)
        }
    }

    /// Why the connect failed, once it has ended; nil where it succeeded (SO_ERROR, socket(7)).
    package var connectError: SystemError? {
        let code = clx_get_option(descriptor, SOL_SOCKET, SO_ERROR)
        return code == 0 ? nil : SystemError(call: "connect", code: abs(code))
    }

    package enum Received {
        case bytes([UInt8])
        case wouldBlock
        /// The peer has ended its direction (FIN).
        case end
        case failed(SystemError)
    }

    /// One recv(2) of at most `limit` bytes.
    package func receive(atMost limit: Int) -> Received {
        var count = 0
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: limit) { memory, filled in
            count = unsafe clx_receive(descriptor, memory.baseAddress, limit)
            filled = max(0, count)
        }
        if count > 0 { return .bytes(bytes) }
        if count == 0 { return .end }
        if count == -Int(EAGAIN) || count == -Int(EINTR) { return .wouldBlock }
        return .failed(SystemError(call: "recv", code: Int32(clamping: -count)))
    }

    /// One send(2).
    ///
    /// - Returns: how many bytes were taken, 0 where there is no room.
    package func send(_ bytes: ArraySlice<UInt8>) throws(SystemError) -> Int {
        let count = unsafe bytes.withUnsafeBytes { unsafe clx_send(descriptor, $0.baseAddress, $0.count) }
        if count >= 0 { return count }
        if count == -Int(EAGAIN) || count == -Int(EINTR) { return 0 }
        throw SystemError(call: "send", code: Int32(clamping: -count))
    }

    package func close() { _ = clx_close(descriptor) }
}
