// What requests do to endpoints, and what is learned from it. Only counters change here: who gets requests is decided on
// the control thread, which is told what it has to know.

extension EndpointTable {
    // ---- requests ----------------------------------------------------------------------------------------------------

    /// Whether an endpoint took one more request.
    enum Admission {
        case no, yes
        /// It shows whether the endpoint serves again.
        case onTrial
    }

    /// Counts a request that begins. Another worker may have been first where its limit, or its trial, lets only one more.
    @inline(__always)
    func begin(_ place: Int) -> Admission {
        guard let stats = self[place].stats else { return .no }
        let count = stats.inFlight.wrappingAdd(1, ordering: .relaxed).newValue
        let limit = capacity(of: place).requestsPerEndpointMax
        if limit > 0, count > limit {
            stats.inFlight.wrappingSubtract(1, ordering: .relaxed)
            return .no
        }
        guard self[place].standing == .trial else { return .yes }
        if !stats.isOnTrial.exchange(true, ordering: .relaxed) { return .onTrial }
        stats.inFlight.wrappingSubtract(1, ordering: .relaxed)
        return .no
    }

    @inline(__always)
    func end(_ place: Int) { self[place].stats?.inFlight.wrappingSubtract(1, ordering: .relaxed) }

    // ---- outcomes ----------------------------------------------------------------------------------------------------

    /// An answer of any kind came to a request that was sent at that moment.
    @inline(__always)
    func answered(_ place: Int, sent: Instant, _ now: Instant) {
        guard let stats = self[place].stats else { return }
        stats.answeredMicroseconds.store(now.microseconds, ordering: .relaxed)
        if stats.answeredSentMicroseconds.load(ordering: .relaxed) < sent.microseconds {
            stats.answeredSentMicroseconds.store(sent.microseconds, ordering: .relaxed)
        }
    }

    /// An answer came that is no failure of the endpoint, so long after the request was sent.
    @inline(__always)
    func succeeded(_ place: Int, after microseconds: Int64, _ now: Instant) {
        guard let stats = self[place].stats else { return }
        if policy(of: place) == .fastestOfTwo { stats.noteLatency(microseconds, now) }
        stats.outcomes.wrappingAdd(1, ordering: .relaxed)
        if stats.failuresInARow.load(ordering: .relaxed) != 0 { stats.failuresInARow.store(0, ordering: .relaxed) }
    }

    /// - Returns: the number of failures in a row where the control thread is to hear of it.
    func failed(_ place: Int) -> Int? {
        guard let stats = self[place].stats else { return nil }
        stats.outcomes.wrappingAdd(1, ordering: .relaxed)
        stats.failures.wrappingAdd(1, ordering: .relaxed)
        let inARow = stats.failuresInARow.wrappingAdd(1, ordering: .relaxed).newValue
        let threshold = max(1, ejection(of: place).consecutiveFailures)
        return ejection(of: place).isOn && inARow % threshold == 0 ? inARow : nil
    }

    func trialEnded(_ place: Int) { self[place].stats?.isOnTrial.store(false, ordering: .relaxed) }

    /// A server that ends its connections after having kept them is stopping, as a rule: after a few in a row others are
    /// preferred. Now and then every server ends one.
    func answeredThatItCloses(_ place: Int, _ now: Instant) {
        guard let stats = self[place].stats, stats.hasKeptConnections.load(ordering: .relaxed) else { return }
        let inARow = stats.closesInARow.wrappingAdd(1, ordering: .relaxed).newValue
        guard inARow >= Self.closesInARowMin else { return }
        stats.suspectUntilMicroseconds.store((now + Self.suspicionMilliseconds).microseconds, ordering: .relaxed)
    }

    @inline(__always)
    func answeredThatItKeeps(_ place: Int) {
        guard let stats = self[place].stats else { return }
        if !stats.hasKeptConnections.load(ordering: .relaxed) {
            stats.hasKeptConnections.store(true, ordering: .relaxed)
        }
        if stats.closesInARow.load(ordering: .relaxed) != 0 { stats.closesInARow.store(0, ordering: .relaxed) }
    }

    private static let closesInARowMin = 3

    // ---- connections -------------------------------------------------------------------------------------------------

    /// Counts a connection that is about to be made.
    ///
    /// - Returns: false where the endpoint has as many as it may.
    mutating func connectionOpens(_ place: Int) -> Bool {
        let limit = capacity(of: place).connectionsPerEndpointMax
        if limit > 0, let stats = self[place].stats {
            guard stats.connections.wrappingAdd(1, ordering: .relaxed).newValue <= limit else {
                stats.connections.wrappingSubtract(1, ordering: .relaxed)
                return false
            }
        }
        countConnection(place)
        return true
    }

    /// Also frees the place where this was the last connection to an endpoint that left.
    mutating func connectionClosed(_ place: Int) {
        if capacity(of: place).connectionsPerEndpointMax > 0 {
            self[place].stats?.connections.wrappingSubtract(1, ordering: .relaxed)
        }
        uncountConnection(place)
    }

    /// While the first connection to an endpoint is under way, others are preferred: where a dozen names appear before
    /// their containers listen, only one request at a time finds that out for each.
    func connectBegan(_ place: Int, until: Instant) {
        guard let stats = self[place].stats, !stats.isProven.load(ordering: .relaxed) else { return }
        stats.suspectUntilMicroseconds.store(until.microseconds, ordering: .relaxed)
    }

    func connectSucceeded(_ place: Int) {
        guard let stats = self[place].stats else { return }
        if stats.isProven.load(ordering: .relaxed), stats.connectFailures.load(ordering: .relaxed) == 0 { return }
        stats.isProven.store(true, ordering: .relaxed)
        stats.connectFailures.store(0, ordering: .relaxed)
        stats.suspectUntilMicroseconds.store(0, ordering: .relaxed)
    }

    /// Others are preferred for a second. Not for longer: an endpoint that comes up is to serve within about that time.
    ///
    /// - Returns: true for the first failure in a row.
    func connectFailed(_ place: Int, _ now: Instant) -> Bool {
        guard let stats = self[place].stats else { return false }
        stats.suspectUntilMicroseconds.store((now + Self.suspicionMilliseconds).microseconds, ordering: .relaxed)
        return stats.connectFailures.wrappingAdd(1, ordering: .relaxed).newValue == 1
    }

    private static let suspicionMilliseconds: Milliseconds = 1_000
}

extension EndpointStats {
    /// Takes one more time to an answer into the average.
    fileprivate func noteLatency(_ microseconds: Int64, _ now: Instant) {
        let average = PeakEWMA.next(
            average: latencyMicroseconds.load(ordering: .relaxed),
            noted: Instant(microseconds: latencyNotedMicroseconds.load(ordering: .relaxed)), sample: microseconds,
            now: now)
        latencyMicroseconds.store(average, ordering: .relaxed)
        latencyNotedMicroseconds.store(now.microseconds, ordering: .relaxed)
    }
}
