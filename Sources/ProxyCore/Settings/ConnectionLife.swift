/// How long one connection is used, so that nothing stays pinned to what it once reached. A connection that has reached
/// either bound closes at the end of the request that it serves.
package struct ConnectionLife: Equatable, Sendable {
    /// 0 for no limit.
    package var ageMilliseconds: Milliseconds
    /// 0 for no limit.
    package var requestsMax: Int

    package init(ageMilliseconds: Milliseconds, requestsMax: Int) {
        self.ageMilliseconds = ageMilliseconds
        self.requestsMax = requestsMax
    }

    /// A client's connection.
    package static let client = ConnectionLife(ageMilliseconds: 3_600_000, requestsMax: 100_000)
    /// A connection to an endpoint: a virtual address may have others behind it by now.
    package static let upstream = ConnectionLife(ageMilliseconds: 60_000, requestsMax: 10_000)

    /// When a connection that begins `now` has become too old. Up to a tenth is taken off, by a number that differs from
    /// connection to connection, lest those that began together all end together.
    func end(from now: Instant, spread: UInt64) -> Instant {
        guard ageMilliseconds > 0 else { return .distantFuture }
        let tenth = UInt64(ageMilliseconds) * 100
        let early = tenth == 0 ? 0 : (spread &* 0x9E37_79B9_7F4A_7C15 >> 16) % tenth
        return Instant(microseconds: (now + ageMilliseconds).microseconds - Int64(early))
    }
}
