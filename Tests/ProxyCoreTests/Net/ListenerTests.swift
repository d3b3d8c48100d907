import Glibc
import Testing

@testable import ProxyCore

@Suite struct ListenerTests {
    private func loopback(_ port: UInt16 = 0) throws -> BindAddress {
        BindAddress(try #require(SocketAddress(ip: "127.0.0.1", port: port)))
    }

    private func end(_ groups: [ListenerGroup]) {
        for group in groups { for descriptor in group.descriptors { close(descriptor) } }
    }

    @Test func aPortIsFoundAndSharedByAllWorkers() throws {
        let groups = try ListenerGroup.bindAll([try loopback()], workers: 3)
        defer { end(groups) }
        #expect(groups.map(\.descriptors.count) == [3])
        #expect(groups[0].address.ip == "127.0.0.1")
        #expect(groups[0].address.port != 0)
        try groups[0].listen()
    }

    @Test func anAddressNamedTwiceIsBoundOnce() throws {
        let first = try ListenerGroup.bindAll([try loopback()], workers: 1)
        let port = first[0].address.port
        end(first)
        let groups = try ListenerGroup.bindAll([try loopback(port), try loopback(port)], workers: 1)
        defer { end(groups) }
        #expect(groups.map(\.address.port) == [port])
    }

    @Test func anyPortNamedTwiceIsTwoPorts() throws {
        let groups = try ListenerGroup.bindAll([try loopback(), try loopback()], workers: 1)
        defer { end(groups) }
        #expect(Set(groups.map(\.address.port)).count == 2)
    }

    @Test func aTakenAddressIsSaidByItsName() throws {
        let groups = try ListenerGroup.bindAll([try loopback()], workers: 2)
        defer { end(groups) }
        try groups[0].listen()
        let taken = try loopback(groups[0].address.port)
        let error = #expect(throws: BindError.self) { try ListenerGroup.bindAll([taken], workers: 2) }
        #expect(error?.description == "cannot listen on \(taken.address): Address already in use")
    }

    @Test func anAddressThatIsNotOursIsRefused() throws {
        // RFC 5737 keeps it for documentation.
        let other = BindAddress(try #require(SocketAddress(ip: "192.0.2.1", port: 0)))
        let error = #expect(throws: BindError.self) { try ListenerGroup.bindAll([other], workers: 1) }
        #expect(error?.cause == SystemError(call: "bind", code: EADDRNOTAVAIL))
    }

    @Test func everywhereIsBothFamilies() {
        let everywhere = BindAddress.everywhere(port: 80)
        #expect(everywhere.bothFamilies)
        #expect(everywhere.address.description == "[::]:80")
    }
}
