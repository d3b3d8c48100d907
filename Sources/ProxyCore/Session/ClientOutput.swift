// What goes to the client: written at once as far as its connection takes it, and kept as the session's output as far as
// it does not. While something is kept, the client's time runs and the upstream's stands still.

extension Worker {
    /// One write of both blocks. What is not taken becomes the session's output.
    ///
    /// - Returns: false where the client is gone, and with it the exchange.
    mutating func send(_ session: Int, _ first: consuming ByteBuffer, _ second: consuming ByteBuffer?) -> Bool {
        var first = consume first
        let outcome: Transport.Sent
        let total: Int
        if let second {
            outcome = sessions[session].transport.send(first, second, 0..<second.count)
            total = first.count + second.count
            switch outcome {
            case .bytes(let count) where count < total: join(&first, second)
            case .wouldBlock: join(&first, second)
            case .bytes, .failed: pool.give(second)
            }
        } else {
            outcome = sessions[session].transport.send(first)
            total = first.count
        }
        switch outcome {
        case .bytes(let count) where count == total:
            pool.give(first)
            return true
        case .bytes(let count):
            first.consume(count)
        case .wouldBlock: break
        case .failed:
            pool.give(first)
            abort(session)
            return false
        }
        sessions[session].edges.remove(.writable)
        sessions[session].output = pool.park(first)
        waitForClient(session, Int(exchanges[Int(sessions[session].exchange)].upstream))
        return true
    }

    private mutating func join(_ first: inout ByteBuffer, _ second: consuming ByteBuffer) {
        var joined = pool.takeLarge()
        joined.append(first.bytes)
        joined.append(second.bytes)
        swap(&first, &joined)
        pool.give(joined)
        pool.give(second)
    }

    /// The client's time runs instead of the upstream's.
    mutating func waitForClient(_ session: Int, _ upstream: Int) {
        sessionTimers.set(session, now + exchanges[Int(sessions[session].exchange)].timeouts.bodyMilliseconds)
        if upstream >= 0 { upstreamTimers.set(upstream, nil) }
    }

    /// Sends what the client has not taken yet.
    ///
    /// - Parameter moreFollows: at once.
    /// - Returns: true where all of it is gone; false where some is left, or the session has ended.
    mutating func flushOutput(_ session: Int, moreFollows: Bool = false) -> Bool {
        guard var output = sessions[session].output.take() else { return true }
        guard sessions[session].edges.contains(.writable) else {
            sessions[session].output = consume output
            return false
        }
        let outcome = sessions[session].transport.send(output, moreFollows: moreFollows)
        switch outcome {
        case .bytes(let count):
            output.consume(count)
            guard !output.isEmpty else {
                pool.give(output)
                resumeAfterFlush(session)
                return true
            }
        case .wouldBlock: break
        case .failed:
            pool.give(output)
            abort(session)
            return false
        }
        sessions[session].edges.remove(.writable)
        sessions[session].output = consume output
        let exchange = Int(sessions[session].exchange)
        let patience = exchange < 0 ? timeouts.bodyMilliseconds : exchanges[exchange].timeouts.bodyMilliseconds
        sessionTimers.set(session, now + patience)
        return false
    }

    /// The client has caught up: its body may be waited for, and the upstream's time runs again.
    private mutating func resumeAfterFlush(_ session: Int) {
        let exchange = Int(sessions[session].exchange)
        guard exchange >= 0, sessions[session].phase == .exchange else { return }
        let isFinished = exchanges[exchange].requestBody.isFinished
        sessionTimers.set(session, isFinished ? nil : now + exchanges[exchange].timeouts.bodyMilliseconds)
        let upstream = Int(exchanges[exchange].upstream)
        if upstream >= 0 { upstreamTimers.set(upstream, now + exchanges[exchange].timeouts.responseMilliseconds) }
    }
}
