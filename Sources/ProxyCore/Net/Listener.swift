import CLinux

/// An address to listen on.
package struct BindAddress: Hashable, Sendable {
    package let address: SocketAddress
    /// The address is `::`, and IPv4 clients are served on the same socket.
    package let bothFamilies: Bool

    package init(_ address: SocketAddress, bothFamilies: Bool = false) {
        self.address = address
        self.bothFamilies = bothFamilies
    }

    /// Every address of the machine, IPv6 and IPv4.
    package static func everywhere(port: UInt16) -> BindAddress {
        BindAddress(.anyIPv6(port: port), bothFamilies: true)
    }
}

/// An address that could not be bound, and why.
package struct BindError: Error, CustomStringConvertible {
    package let address: BindAddress
    package let cause: SystemError

    /// `cannot listen on 127.0.0.1:80: Permission denied`
    package var description: String { "cannot listen on \(address.address): \(cause.reason)" }
}

/// The sockets of one address, one for each worker, among which the kernel spreads new connections (SO_REUSEPORT,
/// socket(7)). They are bound but do not listen yet: nothing listens until everything is bound.
package struct ListenerGroup: Sendable {
    /// The address with the port that the kernel chose where 0 was asked for.
    package let address: SocketAddress
    package let descriptors: [Int32]

    /// Binds all of the addresses, each once however often it is named.
    ///
    /// - Parameter ports: at which sockets of ours may be bound already, that is no reason to refuse others.
    /// - Throws: `BindError` where an address is taken or not ours; then none stays bound.
    package static func bindAll(
        _ wanted: [BindAddress], workers: Int, sharing ports: Set<UInt16> = []
    ) throws(BindError) -> [ListenerGroup] {
        var groups: [ListenerGroup] = []
        do throws(BindError) {
            for (index, address) in wanted.enumerated() {
                if address.address.port != 0, wanted[..<index].contains(address) { continue }
                let isOurs = ports.contains(address.address.port)
                groups.append(try ListenerGroup(address, workers: workers, portIsOurs: isOurs))
            }
        } catch {
            for group in groups { group.close() }
            throw error
        }
        return groups
    }

    /// Closes sockets that no worker has taken over.
    package func close() { for descriptor in descriptors { _ = clx_close(descriptor) } }

    private init(_ wanted: BindAddress, workers: Int, portIsOurs: Bool) throws(BindError) {
        do throws(SystemError) {
            try self.init(binding: wanted, workers: workers, portIsOurs: portIsOurs)
        } catch {
            // A kernel without IPv6 still serves IPv4.
            guard wanted.bothFamilies, [EAFNOSUPPORT, EADDRNOTAVAIL].contains(error.code) else {
                throw BindError(address: wanted, cause: error)
            }
            try self.init(
                BindAddress(.anyIPv4(port: wanted.address.port)), workers: workers, portIsOurs: portIsOurs)
        }
    }

    private init(binding wanted: BindAddress, workers: Int, portIsOurs: Bool) throws(SystemError) {
        // Sockets that share a port would also share it with another process that does so, each taking a part of the
        // connections. A first socket that does not share tells whether the port is free.
        let probe = try Self.bound(wanted, shared: portIsOurs)
        let local = SocketAddress(clx_local_address(probe))
        _ = clx_close(probe)
        address = wanted.address.withPort(local.port)
        let fixed = BindAddress(address, bothFamilies: wanted.bothFamilies)
        var opened: [Int32] = []
        do throws(SystemError) {
            for _ in 0..<workers { opened.append(try Self.bound(fixed, shared: true)) }
        } catch {
            for descriptor in opened { _ = clx_close(descriptor) }
            throw error
        }
        descriptors = opened
    }

    /// Begins to take connections (listen(2)).
    package func listen() throws(SystemError) {
        for descriptor in descriptors {
            _ = try SystemError.check(clx_listen(descriptor, Int32(Limits.listenBacklog)), "listen")
        }
    }

    private static func bound(_ wanted: BindAddress, shared: Bool) throws(SystemError) -> Int32 {
        let isIPv6 = wanted.address.isIPv6
        let descriptor = try SystemError.check(
            clx_socket(isIPv6 ? 1 : 0, Int32(SOCK_STREAM.rawValue)), "socket")
        do throws(SystemError) {
            try set(descriptor, SOL_SOCKET, SO_REUSEADDR, 1)
            if shared { try set(descriptor, SOL_SOCKET, SO_REUSEPORT, 1) }
            if isIPv6 { try set(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, wanted.bothFamilies ? 0 : 1) }
            // Accepted connections inherit it: answers are not held back to fill segments.
            try set(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
            _ = try SystemError.check(clx_bind(descriptor, wanted.address.raw), "bind")
        } catch {
            _ = clx_close(descriptor)
            throw error
        }
        return descriptor
    }

    private static func set(_ descriptor: Int32, _ level: Int32, _ name: Int32, _ value: Int32) throws(SystemError) {
        _ = try SystemError.check(clx_set_option(descriptor, level, name, value), "setsockopt")
    }
}
