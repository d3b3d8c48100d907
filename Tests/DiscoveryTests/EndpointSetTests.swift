import ProxyCore
import Testing

@testable import Discovery

@Suite struct EndpointSetTests {
    private func set(_ addresses: [SocketAddress]) -> EndpointSet {
        var set = EndpointSet()
        _ = set.reconcile(with: addresses)
        return set
    }

    @Test func newEndpointsComeAfterThoseThatStay() {
        var set = set(ips("10.0.0.2", "10.0.0.4"))
        let changed = set.reconcile(with: ips("10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"))
        #expect(changed)
        #expect(set.addresses == ips("10.0.0.2", "10.0.0.4", "10.0.0.1", "10.0.0.3"))
    }

    @Test func anEndpointThatStaysIsTheSame() throws {
        var set = set(ips("10.0.0.1", "10.0.0.2"))
        let before = try #require(set.endpoints.last)
        before.stats.inFlight.store(7, ordering: .relaxed)
        _ = set.reconcile(with: ips("10.0.0.2", "10.0.0.3"))
        #expect(set.endpoints.first?.stats === before.stats)
        #expect(set.endpoints.last?.stats !== before.stats)
    }

    @Test func anEndpointThatComesBackIsNew() throws {
        var set = set(ips("10.0.0.1"))
        let before = try #require(set.endpoints.first)
        let emptied = set.reconcile(with: [])
        _ = set.reconcile(with: ips("10.0.0.1"))
        #expect(emptied)
        #expect(set.endpoints.first?.stats !== before.stats)
    }

    @Test func orderAndDuplicatesAreNoChange() {
        var set = set(ips("10.0.0.1", "10.0.0.2", "10.0.0.1"))
        #expect(set.addresses == ips("10.0.0.1", "10.0.0.2"))
        let changed = set.reconcile(with: ips("10.0.0.2", "10.0.0.1", "10.0.0.2"))
        #expect(!changed)
        #expect(set.addresses == ips("10.0.0.1", "10.0.0.2"))
    }

    @Test func portsTellEndpointsApart() {
        let address = ips("10.0.0.1").map { $0.withPort(80) } + ips("10.0.0.1").map { $0.withPort(81) }
        #expect(set(address).endpoints.count == 2)
    }

    @Test func changesAreTold() {
        let change = AddressChange(
            before: ips("127.0.1.1", "127.0.1.2"), after: ips("127.0.1.2", "127.0.1.3", "127.0.1.4"))
        #expect("\(change)" == "3 endpoints (+127.0.1.3, +127.0.1.4, -127.0.1.1)")
        #expect("\(AddressChange(before: ips("::1"), after: []))" == "0 endpoints (-::1)")
        #expect("\(AddressChange(before: [], after: ips("::1")))" == "1 endpoint (+::1)")
        #expect(AddressChange(before: ips("::1", "::2"), after: ips("::2", "::1")).isEmpty)
    }

    @Test func largeChangesAreCounted() {
        let many = (0..<40).compactMap { SocketAddress(ip: "10.0.0.\($0)", port: 0) }
        let text = "\(AddressChange(before: [], after: many))"
        #expect(text.hasPrefix("40 endpoints (+10.0.0.0, +10.0.0.1, "))
        #expect(text.hasSuffix("+10.0.0.15, 24 more)"))
    }
}
