import Glibc
import Testing

@testable import ProxyCore

@Suite struct SplicePipeTests {
    private static let now = Instant(microseconds: 5_000_000)

    /// Lends two sockets that are connected to each other.
    private func withSockets(_ body: (Transport, Transport) throws -> Void) throws {
        var ends: [Int32] = [0, 0]
        let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue)
        try #require(unsafe socketpair(AF_UNIX, type, 0, &ends) == 0)
        defer { for end in ends { close(end) } }
        try body(Transport(descriptor: ends[0]), Transport(descriptor: ends[1]))
    }

    private func text(_ received: Transport.Received) -> String {
        switch received {
        case .bytes(let count): "\(count) bytes"
        case .wouldBlock: "would block"
        case .end: "end"
        case .failed: "failed"
        }
    }

    private func text(_ sent: Transport.Sent) -> String {
        switch sent {
        case .bytes(let count): "\(count) bytes"
        case .wouldBlock: "would block"
        case .failed: "failed"
        }
    }

    @Test func bytesGoThroughInTheirOrder() throws {
        try withSockets { source, sourcePeer in
            try withSockets { sink, sinkPeer in
                var pipe = try #require(SplicePipe())
                defer { pipe.close() }
                #expect(text(pipe.fill(from: source, atMost: 10)) == "would block")
                #expect(text(sourcePeer.send(ByteBuffer(latin1: "hello world"))) == "11 bytes")
                #expect(text(pipe.fill(from: source, atMost: 5)) == "5 bytes")
                #expect(text(pipe.fill(from: source, atMost: 100)) == "6 bytes")
                #expect(pipe.count == 11)
                #expect(text(pipe.drain(to: sink)) == "11 bytes")
                #expect(pipe.count == 0)
                var received = ByteBuffer(capacity: 64)
                #expect(text(sinkPeer.receive(into: &received, atMost: 64)) == "11 bytes")
                #expect(received.text == "hello world")
            }
        }
    }

    @Test func theEndOfTheSourceIsTold() throws {
        try withSockets { source, sourcePeer in
            var pipe = try #require(SplicePipe())
            defer { pipe.close() }
            sourcePeer.endSending()
            #expect(text(pipe.fill(from: source, atMost: 10)) == "end")
        }
    }

    @Test func anEmptyPipeIsUsedAgainAndOneWithBytesIsNot() throws {
        try withSockets { source, sourcePeer in
            var pool = PipePool()
            let (first, second) = (pool.take(Self.now), pool.take(Self.now))
            let empty = try #require(first)
            var full = try #require(second)
            #expect((pool.descriptorsOpen, pool.hasFree) == (4, false))
            #expect(text(sourcePeer.send(ByteBuffer(latin1: "another's"))) == "9 bytes")
            #expect(text(full.fill(from: source, atMost: 100)) == "9 bytes")
            pool.give(full)
            #expect(pool.descriptorsOpen == 2, "its bytes would come out for somebody else")
            pool.give(empty)
            #expect((pool.descriptorsOpen, pool.hasFree) == (2, true))
            let again = pool.take(Self.now)
            #expect((pool.descriptorsOpen, pool.hasFree) == (2, false))
            pool.give(try #require(again))
        }
    }

    @Test func pipesThatNobodyUsesAreClosed() throws {
        var pool = PipePool()
        let pipe = pool.take(Self.now)
        pool.give(try #require(pipe))
        pool.trim(Self.now + 999)
        #expect(pool.descriptorsOpen == 2)
        pool.trim(Self.now + 1_000)
        #expect((pool.descriptorsOpen, pool.hasFree) == (0, false))
    }
}
