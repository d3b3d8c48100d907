import ProxyCore
import Testing

@testable import Discovery

@Suite struct EndpointChangeTests {
    private func found(_ literals: String..., role: EndpointRole = EndpointRole()) -> [FoundEndpoint] {
        literals.compactMap { SocketAddress(ip: $0, port: 80) }.map { FoundEndpoint(address: $0, role: role) }
    }

    private func change(_ before: [FoundEndpoint], _ after: [FoundEndpoint], showsPorts: Bool = false) -> EndpointChange
    {
        EndpointChange(before: before, after: after, showsPorts: showsPorts)
    }

    @Test func changesAreTold() {
        let both = change(found("127.0.1.1", "127.0.1.2"), found("127.0.1.2", "127.0.1.3", "127.0.1.4"))
        #expect("\(both)" == "3 endpoints (+127.0.1.3, +127.0.1.4, -127.0.1.1)")
        #expect("\(change(found("::1"), []))" == "0 endpoints (-::1)")
        #expect("\(change([], found("::1")))" == "1 endpoint (+::1)")
        #expect("\(change([], found("::1"), showsPorts: true))" == "1 endpoint (+[::1]:80)")
    }

    @Test func orderIsNoChange() {
        #expect(change(found("::1", "::2"), found("::2", "::1")).isEmpty)
    }

    @Test func rolesAreToldWhereTheyDiffer() {
        let first = found("10.0.0.1", role: EndpointRole(weight: 3, priority: 10))
        let second = found("10.0.0.2", role: EndpointRole(weight: 1, priority: 20))
        let text = "\(change([], first + second))"
        #expect(text == "2 endpoints (+10.0.0.1 priority 10 weight 3, +10.0.0.2 priority 20 weight 1)")
        #expect("\(change([], first))" == "1 endpoint (+10.0.0.1)")
    }

    @Test func aNewRoleIsAChange() {
        let light = found("10.0.0.1", role: EndpointRole(weight: 1))
        let heavy = found("10.0.0.1", role: EndpointRole(weight: 9))
        #expect(change(light, light).isEmpty)
        #expect("\(change(light, heavy))" == "1 endpoint (~10.0.0.1 priority 0 weight 9)")
    }

    @Test func largeChangesAreCounted() {
        let many = (0..<40).compactMap { SocketAddress(ip: "10.0.0.\($0)", port: 80) }.map {
            FoundEndpoint(address: $0)
        }
        let text = "\(change([], many))"
        #expect(text.hasPrefix("40 endpoints (+10.0.0.0, +10.0.0.1, "))
        #expect(text.hasSuffix("+10.0.0.15, 24 more)"))
    }
}
