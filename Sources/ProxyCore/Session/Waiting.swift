// Requests that find no endpoint wait for one: because the pool is empty, all were tried in vain, all have as much to do
// as they may, or too many second tries are under way. They wait in the order in which they came, for a bounded time.

/// The requests of one service that wait in one worker, linked through their exchanges.
struct WaitingList {
    fileprivate(set) var first: Int32 = -1
    fileprivate(set) var last: Int32 = -1
    fileprivate(set) var count = 0
}

extension Worker {
    /// How often a waiting request tries again by itself.
    private static let retryMilliseconds: Milliseconds = 100

    /// Lets the request wait, or answers it where it has waited long enough or too many do.
    mutating func waitOrReply(_ session: Int) {
        let exchange = Int(sessions[session].exchange)
        let service = exchanges[exchange].service
        guard let deadline = waitDeadline(exchange) else {
            return reply(session, endpoints.hasEndpoints(service) ? exchanges[exchange].failure : .noEndpoint)
        }
        if !endpoints.hasEndpoints(service) { reportEmpty(service) }
        if !exchanges[exchange].isWaiting {
            link(exchange, service, goesFirst: exchanges[exchange].waitDeadline != nil)
            team.requestWaits(index)
        }
        exchanges[exchange].waitDeadline = deadline
        sessionTimers.set(session, min(deadline, now + Self.retryMilliseconds))
    }

    private mutating func reportEmpty(_ service: Int) {
        guard now - traffic[service].lastReportedEmpty >= Self.retryMilliseconds else { return }
        traffic[service].lastReportedEmpty = now
        reports.serviceIsEmpty(service)
    }

    /// Until when the request may wait; nil where it has waited long enough or too many do.
    func waitDeadline(_ exchange: Int) -> Instant? {
        let service = exchanges[exchange].service
        let capacity = services[service].settings.capacity
        let deadline = exchanges[exchange].waitDeadline ?? now + capacity.queueMilliseconds
        let hasRoom = exchanges[exchange].isWaiting || traffic[service].waiting.count < capacity.queuedRequestsMax
        return now < deadline && hasRoom ? deadline : nil
    }

    /// Tries all endpoints anew. The request keeps its place in the line until it has found one.
    mutating func attachAgain(_ session: Int) {
        let exchange = Int(sessions[session].exchange)
        // What waits for the budget has endpoints left to try.
        if exchanges[exchange].charge != .owed {
            guard exchanges[exchange].attempts.mayGoRound() else { return reply(session, exchanges[exchange].failure) }
            exchanges[exchange].seeker.tried = TriedEndpoints()
        }
        attachUpstream(session)
    }

    mutating func stopWaiting(_ exchange: Int) {
        guard exchanges[exchange].isWaiting else { return }
        unlink(exchange, exchanges[exchange].service)
        team.requestStoppedWaiting(index)
    }

    // ---- wake --------------------------------------------------------------------------------------------------------

    /// A new snapshot may know somebody for those that wait.
    mutating func wakeWaiting() {
        for service in traffic.indices {
            var exchange = Int(traffic[service].waiting.first)
            while exchange >= 0 {
                enqueue(Int(exchanges[exchange].session))
                exchange = Int(exchanges[exchange].nextWaiting)
            }
        }
    }

    /// Another worker has left room at some endpoint. Who takes it wakes the next: to wake all for the room of one would
    /// cost each request as much as there are waiting.
    mutating func wakeFirstOfAllWaiting() { for service in traffic.indices { wakeFirstWaiting(service) } }

    /// A request of the service has ended: the one that has waited longest may go on.
    mutating func wakeFirstWaiting(_ service: Int) {
        let exchange = Int(traffic[service].waiting.first)
        if exchange >= 0 { enqueue(Int(exchanges[exchange].session)) }
    }

    // ---- the list ----------------------------------------------------------------------------------------------------

    /// - Parameter goesFirst: it has waited before, and the attempt that it then made has failed.
    private mutating func link(_ exchange: Int, _ service: Int, goesFirst: Bool) {
        let previous = goesFirst ? -1 : traffic[service].waiting.last
        let next = goesFirst ? traffic[service].waiting.first : -1
        exchanges[exchange].isWaiting = true
        exchanges[exchange].previousWaiting = previous
        exchanges[exchange].nextWaiting = next
        setNeighbours(Int32(exchange), Int32(exchange), between: previous, next, service)
        traffic[service].waiting.count += 1
    }

    private mutating func unlink(_ exchange: Int, _ service: Int) {
        let previous = exchanges[exchange].previousWaiting
        let next = exchanges[exchange].nextWaiting
        exchanges[exchange].isWaiting = false
        setNeighbours(next, previous, between: previous, next, service)
        traffic[service].waiting.count -= 1
    }

    /// What follows `previous` becomes `after`, and what comes before `next` becomes `before`.
    private mutating func setNeighbours(
        _ after: Int32, _ before: Int32, between previous: Int32, _ next: Int32, _ service: Int
    ) {
        if previous >= 0 {
            exchanges[Int(previous)].nextWaiting = after
        } else {
            traffic[service].waiting.first = after
        }
        if next >= 0 { exchanges[Int(next)].previousWaiting = before } else { traffic[service].waiting.last = before }
    }
}
