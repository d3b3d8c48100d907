// What becomes of the connections to upstreams when they have served a request: they are kept idle in their endpoint's
// list, the last used first, or closed.

extension Worker {
    /// Ends the exchange's use of its connection, which becomes idle where it is `reusable`.
    mutating func detachUpstream(_ session: Int, reusable: Bool) {
        let exchange = Int(sessions[session].exchange)
        let upstream = Int(exchanges[exchange].upstream)
        guard upstream >= 0 else { return }
        exchanges[exchange].upstream = -1
        upstreams[upstream].session = -1
        let place = Int(upstreams[upstream].endpoint)
        endpoints.end(place)
        if exchanges[exchange].isOnTrial { endTrial(exchange, place) }
        // The last read took just what was left of a body, so it did not show whether anything comes behind it.
        if reusable, upstreams[upstream].edges == [.readable, .writable], !upstreams[upstream].transport.hasInput {
            upstreams[upstream].edges.remove(.readable)
        }
        if reusable, staysOpen(upstream, place) { putIdle(upstream, place) } else { closeUpstream(upstream) }
        if endpoints.isLimited(exchanges[exchange].service) { letNextGo(exchanges[exchange].service) }
    }

    private func staysOpen(_ upstream: Int, _ place: Int) -> Bool {
        let life = endpoints.capacity(of: place).connectionLife
        return drain == nil && !endpoints[place].isRetired && now < upstreams[upstream].retires
            && (life.requestsMax == 0 || upstreams[upstream].requests < life.requestsMax)
            && upstreams[upstream].edges.isDisjoint(with: [.readable, .peerEnded, .broken])
            && endpoints[place].idleCount < Limits.idleConnectionsPerEndpointMax
            && upstreams[upstream].idleMilliseconds > 0
    }

    /// The request that waits first takes the room that another has left, in this worker or in the others.
    private mutating func letNextGo(_ service: Int) {
        wakeFirstWaiting(service)
        team.wakeWaiting(except: index)
    }

    /// All connections that the service's endpoints may have are taken, some of them maybe by idle ones of other workers.
    mutating func askForConnections(_ service: Int) {
        guard services[service].settings.capacity.connectionsPerEndpointMax > 0,
            now - lastAskedForConnections >= Self.askMilliseconds
        else { return }
        lastAskedForConnections = now
        team.askForConnections(service, from: index)
    }

    /// Another worker has requests that wait for connections which this one holds idle.
    mutating func yieldConnections(_ service: Int) {
        for upstream in 0..<upstreams.highWater where upstreams[upstream].state == .idle {
            if endpoints[Int(upstreams[upstream].endpoint)].service == service { closeUpstream(upstream) }
        }
        team.wakeWaiting(except: index)
    }

    private static let askMilliseconds: Milliseconds = 10

    // ---- idle connections ----------------------------------------------------------------------------------------------

    private mutating func putIdle(_ upstream: Int, _ place: Int) {
        let first = endpoints[place].firstIdle
        upstreams[upstream].state = .idle
        upstreams[upstream].nextIdle = first
        upstreams[upstream].previousIdle = -1
        if first >= 0 { upstreams[Int(first)].previousIdle = Int32(upstream) }
        endpoints[place].firstIdle = Int32(upstream)
        endpoints[place].idleCount += 1
        upstreamTimers.set(upstream, now + upstreams[upstream].idleMilliseconds)
    }

    /// The idle connection that was used last: the others can age and close.
    mutating func takeIdle(_ place: Int) -> Int? {
        while true {
            let upstream = Int(endpoints[place].firstIdle)
            guard upstream >= 0 else { return nil }
            if now < upstreams[upstream].retires {
                unlinkIdle(upstream)
                upstreams[upstream].state = .active
                return upstream
            }
            // It has grown too old while it was idle.
            closeUpstream(upstream)
        }
    }

    private mutating func unlinkIdle(_ upstream: Int) {
        let place = Int(upstreams[upstream].endpoint)
        let next = upstreams[upstream].nextIdle
        let previous = upstreams[upstream].previousIdle
        if next >= 0 { upstreams[Int(next)].previousIdle = previous }
        if previous >= 0 { upstreams[Int(previous)].nextIdle = next } else { endpoints[place].firstIdle = next }
        endpoints[place].idleCount -= 1
    }

    /// Closes a connection that serves nobody.
    mutating func closeUpstream(_ upstream: Int) {
        if upstreams[upstream].state == .idle { unlinkIdle(upstream) }
        let place = Int(upstreams[upstream].endpoint)
        upstreamTimers.set(upstream, nil)
        upstreams[upstream].transport.close()
        upstreams.remove(upstream)
        endpoints.connectionClosed(place)
    }

    /// Makes room for a connection that is needed now.
    mutating func closeOneIdleUpstream() {
        for upstream in 0..<upstreams.highWater where upstreams[upstream].state == .idle {
            return closeUpstream(upstream)
        }
    }
}
