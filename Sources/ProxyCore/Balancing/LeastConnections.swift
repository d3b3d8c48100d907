/// The member with the fewest requests in flight for its share. Equals take turns, each as often as its share says: where
/// all are idle, that is all that shares decide, and nobody is left without requests because its share is small.
///
/// The counts are those of all workers, so they change behind our back, and to look at a thousand for each pick would
/// cost microseconds. So a tournament keeps what was seen last, each pick looks again at one in rotation, and who is about
/// to win is looked at once more. Few members are all looked at.
struct LeastConnections {
    /// What one request weighs at each member: the less the larger its share.
    private var costs: [UInt64] = []
    /// What was seen last: the weight of the requests in flight, and when its next turn among equals is due. Members that
    /// were not eligible are out until they are seen again.
    private var ranks = Tournament()
    /// The turn of the last pick. From one turn of a member to its next as much passes as one request weighs there.
    private var turn: UInt64 = 0
    /// Whom the rotation has come to.
    private var next = 0
    private let start: Int

    /// So many members are all looked at for each pick.
    private static let scannedMax = 16
    /// Winners that may turn out to be busier than they were.
    private static let challengesMax = 8
    /// What a request weighs at the member with the largest share, and at most: as if no share were smaller than a
    /// thousandth of it.
    private static let leastCost = 256.0
    private static let largestCost = 262_144.0

    /// Workers start at different members, so that few requests do not all meet the same one.
    init(startingAt start: Int) { self.start = start }

    // ---- picks -------------------------------------------------------------------------------------------------------

    /// The least loaded of those that are eligible, or nil where none is.
    @inline(__always)
    mutating func pick(isEligible: (Int) -> Bool, load: (Int) -> Int) -> Int? {
        var best = Rank.last
        if costs.count > Self.scannedMax { best = bestKnown(isEligible, load) }
        if best.isOut { best = bestOfAll(isEligible, load) }
        guard !best.isOut else { return nil }
        let picked = best.member
        // Who has missed turns does not catch up.
        turn = max(turn, best.turn)
        if turn &+ costs[picked] > Rank.turnMax { setBack() }
        ranks.update(Rank(weight: best.weight &+ costs[picked], turn: turn &+ costs[picked], member: picked))
        return picked
    }

    @inline(__always)
    private mutating func bestKnown(_ isEligible: (Int) -> Bool, _ load: (Int) -> Int) -> Rank {
        lookAround(isEligible, load)
        var best = Rank.last
        for _ in 0..<Self.challengesMax {
            let expected = ranks.winner
            let found = isEligible(expected.member) ? rank(of: expected.member, load) : expected.leftOut
            best = min(best, found)
            if found <= expected { break }
            ranks.update(found)
        }
        return best
    }

    /// Sees what has become of the next in rotation.
    @inline(__always)
    private mutating func lookAround(_ isEligible: (Int) -> Bool, _ load: (Int) -> Int) {
        let known = ranks[next]
        if !known.isOut || isEligible(next) {
            let found = rank(of: next, load)
            if found != known { ranks.update(found) }
        }
        next = next &+ 1 == costs.count ? 0 : next &+ 1
    }

    @inline(__always)
    private func bestOfAll(_ isEligible: (Int) -> Bool, _ load: (Int) -> Int) -> Rank {
        var best = Rank.last
        for member in costs.indices {
            let rank = rank(of: member, load)
            if rank < best, isEligible(member) { best = rank }
        }
        return best
    }

    @inline(__always)
    private func rank(of member: Int, _ load: (Int) -> Int) -> Rank {
        let requests = UInt64(truncatingIfNeeded: min(max(load(member), 0), Int(Int32.max)))
        return Rank(weight: requests &* costs[member], turn: ranks[member].turn, member: member)
    }

    /// Sets the clock of the turns to 0, before it overflows.
    @inline(never)
    private mutating func setBack() {
        ranks = Tournament(
            costs.indices.map { Rank(weight: ranks[$0].weight, turn: wait(of: $0), member: $0) })
        turn = 0
    }

    /// How long a member waits for its next turn.
    private func wait(of member: Int) -> UInt64 { max(ranks[member].turn, turn) - turn }

    // ---- members -----------------------------------------------------------------------------------------------------

    /// Takes over a new set of members, with what was seen last of those that stay.
    mutating func adopt(_ change: MemberChange) {
        let (oldCosts, oldRanks) = (costs, ranks)
        let largest = Double(change.shares.max() ?? 1)
        costs = change.shares.map { UInt64(min(largest / Double($0) * Self.leastCost, Self.largestCost)) }
        let waits = oldCosts.indices.map { wait(of: $0) }
        turn = 0
        ranks = Tournament(
            costs.indices.map { member in
                guard let origin = change.origins[member] else {
                    return Rank(weight: 0, turn: oldCosts.isEmpty ? firstWait(of: member) : 0, member: member)
                }
                let known = oldRanks[origin]
                let requests = known.isOut ? 0 : known.weight / oldCosts[origin]
                let turn = waits[origin] * costs[member] / oldCosts[origin]
                return Rank(weight: requests * costs[member], turn: turn, member: member)
            })
        next = costs.isEmpty ? 0 : next % costs.count
    }

    /// Those that are there from the beginning come one after another.
    private func firstWait(of member: Int) -> UInt64 {
        let place = (member + costs.count - start % costs.count) % costs.count
        return costs[member] * UInt64(place) / UInt64(costs.count)
    }
}

/// The order of these ranks: 32 bits of weight, then 20 of the member's next turn.
extension Rank {
    fileprivate static let turnMax: UInt64 = 1 << 20 - 1
    private static let outWeight: UInt64 = 1 << 32 - 1

    @inline(__always)
    fileprivate init(weight: UInt64, turn: UInt64, member: Int) {
        self.init(min(weight, Self.outWeight - 1) << 20 | turn, member: member)
    }

    @inline(__always)
    fileprivate var weight: UInt64 { order >> 20 }
    @inline(__always)
    fileprivate var turn: UInt64 { order & Self.turnMax }
    @inline(__always)
    fileprivate var isOut: Bool { weight == Self.outWeight }
    /// The same member's, where it must not win.
    @inline(__always)
    fileprivate var leftOut: Rank { Rank(Self.outWeight << 20 | turn, member: member) }
}
