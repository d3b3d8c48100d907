// After a 101 the connection belongs to another protocol: bytes go both ways unread, and each side may end its direction
// while the other goes on (RFC 9110 section 7.8).

extension Worker {
    /// Passes the 101 on, with what came right behind it, and lets both sides talk.
    mutating func beginTunnel(
        _ session: Int, _ exchange: Int, _ upstream: Int, _ input: consuming ByteBuffer, _ length: Int
    ) -> ResponseStep {
        var block = consume input
        guard exchanges[exchange].wantsUpgrade, responseHead.hasUpgrade, responseHead.options.upgrade else {
            pool.give(block)
            replyToBadAnswer(session)
            return .stops
        }
        var out = pool.take(holding: length + Limits.headGrowthBytesMax)
        HeadWriter.writeResponse(responseHead, block.bytes, chunked: false, connection: .upgrade, to: &out)
        noteAnswer(exchange, status: 101, keepsConnection: true)
        exchanges[exchange].status = 101
        exchanges[exchange].answered = now
        exchanges[exchange].isAnswered = true
        exchanges[exchange].closesClient = true
        block.consume(length)
        exchanges[exchange].bodyBytes += block.count
        sessions[session].phase = .tunnel
        // It may last for days, and needs no rules any more.
        letGoOfPlan(exchange)
        guard send(session, out, block) else { return .stops }
        upstreamTimers.set(upstream, nil)
        sessionTimers.set(session, now + exchanges[exchange].timeouts.tunnelMilliseconds)
        relayTunnel(session)
        return .stops
    }

    /// Moves what there is in both directions.
    mutating func relayTunnel(_ session: Int) {
        let exchange = Int(sessions[session].exchange)
        let upstream = Int(exchanges[exchange].upstream)
        guard relayToUpstream(session, exchange, upstream), relayToClient(session, exchange, upstream) else { return }
        let isOver = exchanges[exchange].clientEnded && exchanges[exchange].upstreamEnded
        if isOver, sessions[session].input == nil, sessions[session].output == nil { return endTunnel(session) }
        // A side that is gone altogether takes nothing more.
        if sessions[session].edges.contains(.broken), exchanges[exchange].clientEnded { return endTunnel(session) }
        if upstreams[upstream].edges.contains(.broken), exchanges[exchange].upstreamEnded,
            sessions[session].output == nil
        {
            return endTunnel(session)
        }
        sessionTimers.set(session, now + exchanges[exchange].timeouts.tunnelMilliseconds)
    }

    /// - Returns: false where the tunnel has ended.
    private mutating func relayToUpstream(_ session: Int, _ exchange: Int, _ upstream: Int) -> Bool {
        var moved = 0
        while true {
            if var input = sessions[session].input.take() {
                guard upstreams[upstream].edges.contains(.writable) else {
                    sessions[session].input = consume input
                    return true
                }
                let outcome = upstreams[upstream].transport.send(input)
                switch outcome {
                case .bytes(let count): input.consume(count)
                case .wouldBlock: break
                case .failed:
                    pool.give(input)
                    cut(session)
                    return false
                }
                guard input.isEmpty else {
                    upstreams[upstream].edges.remove(.writable)
                    sessions[session].input = pool.park(input)
                    return true
                }
                pool.give(input)
            }
            guard sessions[session].edges.contains(.readable), !exchanges[exchange].clientEnded else { return true }
            guard moved < Limits.turnBytesMax else {
                enqueue(session)
                return true
            }
            var input = pool.takeLarge()
            switch sessions[session].transport.receive(into: &input, atMost: Limits.readBytes) {
            case .bytes(let count):
                if count < Limits.readBytes { sessions[session].edges.noteDrained() }
                moved += count
                sessions[session].input = consume input
            case .wouldBlock:
                sessions[session].edges.remove(.readable)
                pool.give(input)
            case .end:
                pool.give(input)
                exchanges[exchange].clientEnded = true
                upstreams[upstream].transport.endSending()
            case .failed:
                pool.give(input)
                abort(session)
                return false
            }
        }
    }

    /// - Returns: false where the tunnel has ended.
    private mutating func relayToClient(_ session: Int, _ exchange: Int, _ upstream: Int) -> Bool {
        var moved = 0
        while true {
            if sessions[session].output != nil {
                guard flushOutput(session) else { return sessions[session].phase == .tunnel }
            }
            guard upstreams[upstream].edges.contains(.readable), !exchanges[exchange].upstreamEnded else { return true }
            guard moved < Limits.turnBytesMax else {
                enqueue(session)
                return true
            }
            var block = pool.takeLarge()
            switch upstreams[upstream].transport.receive(into: &block, atMost: Limits.readBytes) {
            case .bytes(let count):
                if count < Limits.readBytes { upstreams[upstream].edges.noteDrained() }
                moved += count
                exchanges[exchange].bodyBytes += count
                guard send(session, block, nil) else { return false }
            case .wouldBlock:
                upstreams[upstream].edges.remove(.readable)
                pool.give(block)
            case .end:
                pool.give(block)
                exchanges[exchange].upstreamEnded = true
                sessions[session].transport.endSending()
            case .failed:
                pool.give(block)
                cut(session)
                return false
            }
        }
    }

    private mutating func endTunnel(_ session: Int) {
        detachUpstream(session, reusable: false)
        endExchange(session)
        closeSession(session)
    }
}
