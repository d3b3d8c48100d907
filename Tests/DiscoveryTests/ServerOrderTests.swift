import ProxyCore
import Testing

@testable import Discovery

@Suite struct ServerOrderTests {
    private let servers = ["10.0.0.1", "10.0.0.2", "10.0.0.3"].compactMap { SocketAddress(ip: $0, port: 53) }

    private func at(_ milliseconds: Milliseconds) -> Instant { Instant(microseconds: 1_000_000_000) + milliseconds }

    /// Whom an order asks, by the last digits of the addresses.
    private func digits(_ order: ServerOrder) -> String { order.inOrder.map { String($0.ip.suffix(1)) }.joined() }

    @Test func theConfiguredOrderHoldsWhileTheFirstIsHeard() {
        var order = ServerOrder(servers)
        #expect(order.note(heard: servers[0], asked: servers, at: at(0)) == false)
        #expect(digits(order) == "123")
        #expect(order.serversToProbe(at: at(1_000_000)) == nil)
    }

    @Test func whoAnswersForASilentServerComesFirst() {
        var order = ServerOrder(servers)
        #expect(order.note(heard: servers[1], asked: servers, at: at(0)) == true)
        #expect(digits(order) == "213")
        #expect(order.note(heard: servers[1], asked: servers, at: at(1)) == false, "a question that was under way")
    }

    @Test func aServerThatTheQuestionBeganWithStoodInForNobody() {
        // Where a server answers with a failure, the question is put again beginning with the next.
        var order = ServerOrder(servers)
        #expect(order.note(heard: servers[1], asked: [servers[1], servers[2], servers[0]], at: at(0)) == false)
        #expect(digits(order) == "123")
    }

    @Test func theSilentOnesAreProbedNowAndThen() {
        var order = ServerOrder(servers)
        _ = order.note(heard: servers[2], asked: servers, at: at(0))
        #expect(digits(order) == "312")
        #expect(order.serversToProbe(at: at(4_999)) == nil)
        #expect(order.serversToProbe(at: at(5_000)) == Array(servers[..<2]))
        #expect(order.serversToProbe(at: at(5_001)) == nil)
        #expect(order.serversToProbe(at: at(10_000)) == Array(servers[..<2]))
    }

    @Test func aProbedServerThatAnswersTakesItsPlaceAgain() {
        var order = ServerOrder(servers)
        _ = order.note(heard: servers[2], asked: servers, at: at(0))
        order.note(probed: servers[1], at: at(10_000))
        #expect(digits(order) == "213")
        #expect(order.serversToProbe(at: at(20_000)) == [servers[0]])
        order.note(probed: servers[0], at: at(20_000))
        #expect(digits(order) == "123")
        #expect(order.serversToProbe(at: at(1_000_000)) == nil)
    }

    @Test func aPreferredServerThatFallsSilentIsReplaced() {
        var order = ServerOrder(servers)
        _ = order.note(heard: servers[1], asked: servers, at: at(0))
        #expect(order.note(heard: servers[0], asked: order.inOrder, at: at(5_000)) == true)
        #expect(digits(order) == "123")
    }

    @Test func strangersAreNotListenedTo() throws {
        var order = ServerOrder(servers)
        let stranger = try #require(SocketAddress(ip: "6.6.6.6", port: 53))
        #expect(order.note(heard: stranger, asked: servers, at: at(0)) == false)
        order.note(probed: stranger, at: at(0))
        #expect(digits(order) == "123")
    }
}
