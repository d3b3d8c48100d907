import Testing

@testable import ProxyCore

@Suite struct EdgeStateTests {
    @Test(
        arguments: [
            (Readiness.readable, EdgeState.readable), (.writable, .writable),
            ([.readable, .writable], [.readable, .writable]), ([], []),
            // An end is found by reading.
            (.peerEnded, [.peerEnded, .readable]), (.broken, [.broken, .readable, .writable]),
        ] as [(Readiness, EdgeState)])
    func whatEpollSaysIsKept(readiness: Readiness, expected: EdgeState) {
        var edges: EdgeState = []
        edges.note(readiness)
        #expect(edges == expected)
        edges.note([])
        #expect(edges == expected, "edges are reported once")
    }

    @Test(arguments: [0x008, 0x010] as [UInt32])
    func anErrorAndAHangUpAreEachABreak(bit: UInt32) {
        var edges: EdgeState = []
        edges.note(Readiness(rawValue: bit))
        #expect(edges == [.broken, .readable, .writable])
    }

    @Test(
        arguments: [
            (EdgeState.readable, EdgeState([])), ([.readable, .writable], .writable),
            ([.readable, .peerEnded], [.readable, .peerEnded]), ([.readable, .broken], [.readable, .broken]),
        ] as [(EdgeState, EdgeState)])
    func anEmptySocketIsReadAgainOnlyForItsEnd(edges: EdgeState, expected: EdgeState) {
        var edges = edges
        edges.noteDrained()
        #expect(edges == expected)
    }
}
