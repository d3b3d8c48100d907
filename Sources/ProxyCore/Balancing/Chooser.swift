/// A policy with what it remembers from pick to pick: one for each tier and worker. To add one: a file beside this one,
/// a case here and in `Policy`.
package struct Chooser {
    /// An endpoint as the policies see it.
    package struct Member {
        /// That of its `EndpointStats`.
        let identity: ObjectIdentifier
        /// `Endpoint.share`, at least 1.
        let share: Int

        package init(identity: ObjectIdentifier, share: Int) {
            self.identity = identity
            self.share = share
        }
    }

    private let policy: Policy
    private var membership = Membership()
    // Only the policy's own is used: a pick changes it in place, which it could not inside an enum.
    private var roundRobin: RoundRobin
    private var leastConnections: LeastConnections
    private var fastestOfTwo: FastestOfTwo
    private var random: RandomChoice
    private var ringHash = RingHash([])
    private var maglev = Maglev([])
    private var sticky: Sticky

    /// - Parameters:
    ///   - worker: its number, so that workers start at different members.
    ///   - seed: of all that is random, together with `worker`.
    package init(_ policy: Policy, worker: Int, seed: UInt64 = 0) {
        self.policy = policy
        let seed = KeyHash.mix(seed, UInt64(truncatingIfNeeded: worker))
        roundRobin = RoundRobin(startingAt: worker)
        leastConnections = LeastConnections(startingAt: worker)
        fastestOfTwo = FastestOfTwo(seed: seed)
        random = RandomChoice(seed: seed)
        sticky = Sticky(startingAt: worker)
    }

    /// Takes over the members of a new snapshot and keeps what it remembers of those that stay.
    ///
    /// - Parameters:
    ///   - members: all of the tier's, in its order.
    ///   - table: the tier's, made for the same members.
    package mutating func adopt(_ members: [Member], _ table: ChoiceTable?) {
        let table = table?.memberCount == members.count ? table : nil
        let change = membership.change(to: members)
        switch policy {
        case .roundRobin: roundRobin.adopt(change)
        case .leastConnections: leastConnections.adopt(change)
        case .fastestOfTwo: fastestOfTwo.adopt(change)
        case .random: random.adopt(change)
        case .ringHash: ringHash = table?.ring ?? RingHash([])
        case .maglev: maglev = table?.maglev ?? Maglev([])
        case .sticky: sticky.adopt(change, table?.tokens ?? [:])
        }
    }

    /// Whether `token`, which a client has presented, names one of the members.
    func knows(token: UInt64) -> Bool { policy == .sticky && token != 0 && sticky.knows(token) }

    /// Chooses a member.
    ///
    /// - Parameters:
    ///   - key: what the hashing policies look at, hashed by `KeyHash`; for sticky the token that the client has
    ///     presented, 0 for none.
    ///   - isEligible: whether a member may be chosen.
    ///   - load: a member's requests in flight; also asked of members that are not eligible.
    ///   - latency: a member's `PeakEWMA.current`; 0 where nothing is known.
    /// - Returns: an index into the members, or nil where none is eligible.
    @inline(__always)
    package mutating func pick(
        key: UInt64, isEligible: (Int) -> Bool, load: (Int) -> Int, latency: (Int) -> Int64
    ) -> Int? {
        switch policy {
        // The compiler inlines from the top until it finds the whole too large: first who looks at the most members.
        case .leastConnections: leastConnections.pick(isEligible: isEligible, load: load)
        case .roundRobin: roundRobin.pick(isEligible: isEligible)
        case .fastestOfTwo: fastestOfTwo.pick(isEligible: isEligible, load: load, latency: latency)
        case .random: random.pick(isEligible: isEligible)
        case .ringHash: ringHash.pick(key: key, isEligible: isEligible)
        case .maglev: maglev.pick(key: key, isEligible: isEligible)
        case .sticky: sticky.pick(token: key, isEligible: isEligible)
        }
    }
}
