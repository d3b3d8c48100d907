import ProxyCore
import Testing

@testable import Discovery

@Suite struct EndpointSetTests {
    private let start = Instant(microseconds: 0)

    private func set(_ addresses: [SocketAddress]) -> EndpointSet {
        var set = EndpointSet()
        _ = set.reconcile(with: addresses.map { FoundEndpoint(address: $0) }, at: start)
        return set
    }

    @Test func newEndpointsComeAfterThoseThatStay() {
        var set = set(ips("10.0.0.2", "10.0.0.4"))
        let wanted = ips("10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4").map { FoundEndpoint(address: $0) }
        #expect(set.reconcile(with: wanted, at: start).hasChanged)
        #expect(set.addresses == ips("10.0.0.2", "10.0.0.4", "10.0.0.1", "10.0.0.3"))
    }

    @Test func anEndpointThatStaysIsTheSame() throws {
        var set = set(ips("10.0.0.1", "10.0.0.2"))
        let before = try #require(set.endpoints.last)
        before.stats.inFlight.store(7, ordering: .relaxed)
        _ = set.reconcile(with: ips("10.0.0.2", "10.0.0.3").map { FoundEndpoint(address: $0) }, at: start)
        #expect(set.endpoints.first?.stats === before.stats)
        #expect(set.endpoints.last?.stats !== before.stats)
    }

    @Test func anEndpointThatComesBackIsNew() throws {
        var set = set(ips("10.0.0.1"))
        let before = try #require(set.endpoints.first)
        let emptied = set.reconcile(with: [], at: start).hasChanged
        _ = set.reconcile(with: ips("10.0.0.1").map { FoundEndpoint(address: $0) }, at: start)
        #expect(emptied)
        #expect(set.endpoints.first?.stats !== before.stats)
    }

    @Test func orderAndDuplicatesAreNoChange() {
        var set = set(ips("10.0.0.1", "10.0.0.2", "10.0.0.1"))
        #expect(set.addresses == ips("10.0.0.1", "10.0.0.2"))
        let wanted = ips("10.0.0.2", "10.0.0.1", "10.0.0.2").map { FoundEndpoint(address: $0) }
        #expect(!set.reconcile(with: wanted, at: start).hasChanged)
        #expect(set.addresses == ips("10.0.0.1", "10.0.0.2"))
    }

    @Test func portsTellEndpointsApart() {
        let address = ips("10.0.0.1").map { $0.withPort(80) } + ips("10.0.0.1").map { $0.withPort(81) }
        #expect(set(address).endpoints.count == 2)
    }
}
