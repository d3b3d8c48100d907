/// Members in turn, each as often as its share says, and spread as evenly as can be.
///
/// Equals simply follow one another: over any run of picks no two differ by more than one. Where shares differ, each
/// member has a deadline, one period after its last; the earliest is picked. A period is the shorter the larger the
/// share (earliest deadline first, as Envoy's `EdfScheduler` has it).
struct RoundRobin {
    private var shares: [Int] = []
    private var areEqual = true
    /// Among equals: whose turn it is.
    private var next: Int
    /// Where shares differ: each member's deadline, as the order of its rank, and the time from one to the next.
    private var deadlines = Tournament()
    private var periods: [UInt64] = []
    /// The deadline of the last pick.
    private var now: UInt64 = 0
    private var entry: EntryPoints

    /// What passes on the clock of the deadlines from pick to pick, about.
    private static let tick = 1_048_576.0
    /// Who has less than a billionth of the shares waits no longer than this.
    private static let longestPeriod = tick * 1_000_000_000
    /// The clock is set back before it overflows.
    private static let latest: UInt64 = 1 << 51
    /// Members that are found ineligible one by one before all are looked at.
    private static let skipsMax = 8

    /// Workers start at different members, so that few requests do not all meet the same one.
    init(startingAt start: Int) {
        next = start
        entry = EntryPoints(startingAt: start)
    }

    // ---- picks -------------------------------------------------------------------------------------------------------

    /// Whose turn it is among those that are eligible, or nil where none is.
    @inline(__always)
    mutating func pick(isEligible: (Int) -> Bool) -> Int? {
        areEqual ? pickNext(isEligible) : pickEarliest(isEligible)
    }

    @inline(__always)
    private mutating func pickNext(_ isEligible: (Int) -> Bool) -> Int? {
        for _ in 0..<shares.count {
            let member = next
            next = next &+ 1 == shares.count ? 0 : next &+ 1
            if isEligible(member) { return member }
        }
        return nil
    }

    @inline(__always)
    private mutating func pickEarliest(_ isEligible: (Int) -> Bool) -> Int? {
        for _ in 0..<Self.skipsMax {
            let member = deadlines.winner.member
            // An ineligible one loses this turn, and does not catch up later.
            takeTurn(member)
            if isEligible(member) { return member }
        }
        guard let member = earliest(isEligible) else { return nil }
        takeTurn(member)
        return member
    }

    @inline(never)
    private func earliest(_ isEligible: (Int) -> Bool) -> Int? {
        var earliest = Rank.last
        for member in shares.indices where deadlines[member] < earliest && isEligible(member) {
            earliest = deadlines[member]
        }
        return earliest == .last ? nil : earliest.member
    }

    @inline(__always)
    private mutating func takeTurn(_ member: Int) {
        now = max(now, deadlines[member].order)
        deadlines.update(Rank(now &+ periods[member], member: member))
        if now > Self.latest { setBack() }
    }

    @inline(never)
    private mutating func setBack() { startClock(waits: shares.indices.map { wait(of: $0) }) }

    // ---- members -----------------------------------------------------------------------------------------------------

    /// Takes over a new set of members. Those that stay keep their places in the order of turns.
    mutating func adopt(_ change: MemberChange) {
        let waits = change.origins.map { origin in origin.map { wait(of: $0) } }
        shares = change.shares
        areEqual = shares.allSatisfy { $0 == shares[0] }
        if waits.allSatisfy({ $0 == nil }) {
            next = shares.isEmpty ? next : next % shares.count
            if !areEqual { startClock(waits: shares.indices.map { cycleWait(of: $0) }) }
        } else if areEqual {
            next = shares.indices.min { waits[$0] ?? 1 < waits[$1] ?? 1 } ?? 0
        } else {
            startClock(waits: waits.map { $0 ?? entry.next() })
        }
    }

    /// The part of its period that a member still has to wait for its turn.
    private func wait(of member: Int) -> Double {
        if areEqual { return cycleWait(of: member) }
        let deadline = deadlines[member].order
        return deadline > now ? Double(deadline - now) / Double(periods[member]) : 0
    }

    private func cycleWait(of member: Int) -> Double {
        let distance = member >= next ? member - next : member - next + shares.count
        return Double(distance) / Double(shares.count)
    }

    /// Sets the clock to 0, and each member's deadline to where it is in its period.
    private mutating func startClock(waits: [Double]) {
        let whole = shares.reduce(0) { $0 + Double($1) }
        now = 0
        periods = shares.map { UInt64(min(whole / Double($0) * Self.tick, Self.longestPeriod)) }
        deadlines = Tournament(
            shares.indices.map { Rank(UInt64(waits[$0] * Double(periods[$0])), member: $0) })
    }
}

/// Where in its first period a member comes in: spread out by the golden ratio, so that those that join together are
/// neither picked together nor all left waiting.
private struct EntryPoints {
    private var last: Double

    init(startingAt start: Int) { last = Double(start & 0xFF) / 256 }

    mutating func next() -> Double {
        last = (last + 0.618_033_988_749_895).truncatingRemainder(dividingBy: 1)
        return last
    }
}
