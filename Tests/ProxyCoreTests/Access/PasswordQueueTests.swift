import Glibc
import Testing

@testable import ProxyCore

@Suite struct PasswordQueueTests {
    private func job(_ number: UInt64, from client: String, ticket: UInt32 = 0) throws -> PasswordQueue.Job {
        PasswordQueue.Job(
            tag: CredentialKey.Tag(high: number, low: 0), stored: [], password: [1, 2], isUnknown: false,
            client: try #require(SocketAddress(ip: client, port: UInt16(number))),
            waiter: PasswordQueue.Waiter(worker: 0, session: Int32(number), ticket: ticket))
    }

    private func drain(_ queue: inout PasswordQueue) -> [UInt64] {
        var order: [UInt64] = []
        while let job = queue.next() {
            order.append(job.tag.high)
            _ = queue.finish()
        }
        return order
    }

    @Test func clientsHaveTurns() throws {
        var queue = PasswordQueue()
        for number in 0..<6 { #expect(queue.add(try job(UInt64(number), from: "192.0.2.1"))) }
        #expect(queue.add(try job(100, from: "192.0.2.2")))
        #expect(queue.add(try job(101, from: "192.0.2.2")))
        #expect(queue.add(try job(200, from: "192.0.2.3")))
        #expect(drain(&queue) == [0, 100, 200, 1, 101, 2, 3, 4, 5])
        #expect(queue.isEmpty)
    }

    @Test func aFloodDelaysANewcomerByOneJob() throws {
        var queue = PasswordQueue()
        for number in 0..<8 { #expect(queue.add(try job(UInt64(number), from: "192.0.2.1"))) }
        for _ in 0..<3 {
            _ = queue.next()
            _ = queue.finish()
        }
        let running = queue.next()
        #expect(running?.tag.high == 3)
        for number in 10..<13 { #expect(queue.add(try job(UInt64(number), from: "192.0.2.1"))) }
        #expect(queue.add(try job(99, from: "192.0.2.2")))
        _ = queue.finish()
        #expect(drain(&queue) == [99, 4, 5, 6, 7, 10, 11, 12])
    }

    @Test func aClientHasOnlySoMany() throws {
        var queue = PasswordQueue()
        for number in 0..<Limits.passwordJobsPerClientMax {
            #expect(queue.add(try job(UInt64(number), from: "192.0.2.1")))
        }
        #expect(!queue.add(try job(1000, from: "192.0.2.1")))
        #expect(queue.add(try job(1000, from: "192.0.2.2")))
        // The one that is being done counts.
        _ = queue.next()
        #expect(!queue.add(try job(1001, from: "192.0.2.1")))
        _ = queue.finish()
        #expect(queue.add(try job(1001, from: "192.0.2.1")))
    }

    @Test func allTogetherHaveOnlySoMany() throws {
        var queue = PasswordQueue()
        for number in 0..<Limits.passwordJobsMax {
            #expect(queue.add(try job(UInt64(number), from: "192.0.2.\(number % 200)")))
        }
        #expect(!queue.add(try job(1000, from: "198.51.100.1")))
    }

    @Test func whoAsksTheSameWaitsWithTheFirst() throws {
        var queue = PasswordQueue()
        #expect(queue.add(try job(1, from: "192.0.2.1", ticket: 1)))
        #expect(queue.add(try job(1, from: "192.0.2.2", ticket: 2)))
        let taken = queue.next()
        #expect(taken?.password == [1, 2])
        #expect(queue.add(try job(1, from: "192.0.2.3", ticket: 3)))
        #expect(queue.finish().map(\.ticket) == [1, 2, 3])
        #expect(queue.isEmpty)
        #expect(queue.finish().isEmpty)
    }
}

@Suite struct PasswordVerifierTests {
    /// What the verifier has delivered, by worker.
    private final class Box: Sendable {
        let answers = Lock([(Int, PasswordVerifier.Answer)]())

        func wait(for count: Int) -> [(Int, PasswordVerifier.Answer)] {
            let deadline = Instant.read() + 20_000
            while answers.withLock({ $0.count }) < count, Instant.read() < deadline { usleep(1_000) }
            return answers.withLock { $0 }
        }
    }

    private func job(
        _ verifier: PasswordVerifier, _ password: String, _ hash: String, isUnknown: Bool = false, ticket: UInt32
    ) throws -> PasswordQueue.Job {
        let hash = try #require(PasswordHash(hash))
        return PasswordQueue.Job(
            tag: [UInt8]((password + hash.stored.description).utf8).withRaw { verifier.key.tag($0) },
            stored: hash.stored, password: Array(password.utf8), isUnknown: isUnknown,
            client: try #require(SocketAddress(ip: "192.0.2.\(ticket)", port: 1)),
            waiter: PasswordQueue.Waiter(worker: Int(ticket), session: 7, ticket: ticket))
    }

    @Test func everyQuestionIsAnswered() throws {
        let box = Box()
        let verifier = try PasswordVerifier { worker, answer in box.answers.withLock { $0.append((worker, answer)) } }
        #expect(verifier.submit(try job(verifier, "open sesame", Sesame.bcrypt, ticket: 1)))
        #expect(verifier.submit(try job(verifier, "open sesam", Sesame.bcrypt, ticket: 2)))
        #expect(verifier.submit(try job(verifier, "open sesame", Sesame.yescrypt, ticket: 3)))
        #expect(verifier.submit(try job(verifier, "open sesame", Sesame.sha512crypt, isUnknown: true, ticket: 4)))
        let answers = box.wait(for: 4).sorted { $0.0 < $1.0 }
        #expect(answers.map(\.0) == [1, 2, 3, 4])
        #expect(answers.map(\.1.ticket) == [1, 2, 3, 4])
        #expect(answers.map(\.1.isRight) == [true, false, true, false])
        // And it wakes again.
        #expect(verifier.submit(try job(verifier, "open sesame", Sesame.sha256crypt, ticket: 5)))
        #expect(box.wait(for: 5).last?.1.isRight == true)
    }
}
