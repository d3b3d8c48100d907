import Glibc
import Testing

@testable import ProxyCore

@Suite struct MailboxTests {
    private func isAwake(_ mailbox: Mailbox) -> Bool {
        var watched = [pollfd(fd: mailbox.wakeup, events: Int16(POLLIN), revents: 0)]
        return unsafe poll(&watched, 1, 0) == 1
    }

    private func hand(_ number: Int, to mailbox: Mailbox) -> Bool {
        mailbox.hand(Mailbox.Connection(descriptor: Int32(number), peer: .anyIPv4(port: 0), port: 80))
    }

    @Test func whatIsLeftWakesAndIsTakenOnce() throws {
        let mailbox = try Mailbox()
        #expect(!isAwake(mailbox))
        #expect(hand(7, to: mailbox))
        #expect(hand(8, to: mailbox))
        #expect(isAwake(mailbox))
        #expect(mailbox.take().connections.map(\.descriptor) == [7, 8])
        #expect(!isAwake(mailbox))
        #expect(mailbox.take().connections.isEmpty)
    }

    @Test func onlyTheNewestSnapshotCounts() throws {
        let mailbox = try Mailbox()
        let snapshots = (0..<3).map { _ in EndpointSnapshot(services: []) }
        for snapshot in snapshots { mailbox.post { $0.snapshot = snapshot } }
        #expect(isAwake(mailbox))
        #expect(mailbox.take().snapshot === snapshots[2])
        #expect(mailbox.take().snapshot == nil)
    }

    @Test func aDrainAndAStopAreSaidForGood() throws {
        let mailbox = try Mailbox()
        mailbox.post { $0.drainMilliseconds = 9 }
        #expect(mailbox.take().drainMilliseconds == 9)
        mailbox.post { $0.stop = true }
        let mail = mailbox.take()
        #expect(mail.drainMilliseconds == 9)
        #expect(mail.stop)
    }

    @Test func noMoreWaitThanTheLimit() throws {
        let mailbox = try Mailbox()
        for number in 0..<Limits.handedConnectionsMax { #expect(hand(number, to: mailbox)) }
        #expect(!hand(0, to: mailbox))
        _ = mailbox.take()
        #expect(hand(0, to: mailbox))
    }
}
