/// One deadline for each of a table's places, in a wheel of short ticks.
///
/// Deadlines move with every request and hardly ever come, so moving one later is a store: the place stays in its slot of
/// the wheel, and when the slot comes up it is put where its deadline is by then.
@safe
struct TimerWheel: ~Copyable {
    private static let tickShift: Int64 = 14
    private static let slotCount = 4096

    struct Node: Vacatable {
        /// Microseconds of the monotonic clock; 0 for none.
        var deadline: Int64 = 0
        var next: Int32 = -1
        var previous: Int32 = -1
        /// The slot in which the node is linked, -1 for none.
        var slot: Int32 = -1

        static func makeVacant() -> Node { Node() }
    }

    private var nodes: Slab<Node>
    private var heads = [Int32](repeating: -1, count: TimerWheel.slotCount)
    private var occupied = [UInt64](repeating: 0, count: TimerWheel.slotCount / 64)
    /// The tick up to which slots were emptied.
    private var currentTick: Int64

    init(capacity: Int, now: Instant) {
        nodes = Slab(capacity: capacity)
        currentTick = now.microseconds >> Self.tickShift
    }

    /// Sets the deadline of `place`, or takes it away with nil. Places are taken into use in ascending order.
    @inline(__always)
    mutating func set(_ place: Int, _ deadline: Instant?) {
        precondition(place < nodes.capacity)
        while place >= nodes.highWater { _ = nodes.insert(Node()) }
        let microseconds = deadline?.microseconds ?? 0
        nodes[place].deadline = microseconds
        guard microseconds != 0 else { return }
        let slot = nodes[place].slot
        if slot < 0 || tick(of: microseconds) < tickOfSlot(slot) { relink(place) }
    }

    /// The next place whose deadline has come; its deadline is taken away. Call it until it answers nil.
    mutating func nextExpired(_ now: Instant) -> Int? {
        let nowTick = now.microseconds >> Self.tickShift
        // Only ticks that are over are emptied, so that every deadline found has come or belongs to a later slot.
        while currentTick < nowTick {
            let slot = Int(currentTick) & (Self.slotCount - 1)
            while heads[slot] >= 0 {
                let place = Int(heads[slot])
                unlink(place)
                let deadline = nodes[place].deadline
                guard deadline != 0 else { continue }
                guard deadline > now.microseconds else {
                    nodes[place].deadline = 0
                    return place
                }
                relink(place)
            }
            currentTick += 1
        }
        return nil
    }

    /// Milliseconds until a slot with a place in it comes up, or -1 where there is none.
    func millisecondsToNext(_ now: Instant) -> Int32 {
        let start = Int(currentTick) & (Self.slotCount - 1)
        for step in 0...occupied.count {
            let word = (start / 64 + step) % occupied.count
            var bits = occupied[word]
            if step == 0 { bits &= ~0 << UInt64(start % 64) }
            if step == occupied.count { bits &= ~(~0 << UInt64(start % 64)) }
            guard bits != 0 else { continue }
            let slot = word * 64 + bits.trailingZeroBitCount
            let tick = currentTick + Int64((slot - start + Self.slotCount) % Self.slotCount)
            let end = (tick + 1) << Self.tickShift
            return Int32(clamping: max(1, (end - now.microseconds + 999) / 1000))
        }
        return -1
    }

    private func tick(of microseconds: Int64) -> Int64 {
        min(max(microseconds >> Self.tickShift, currentTick), currentTick + Int64(Self.slotCount) - 1)
    }

    private func tickOfSlot(_ slot: Int32) -> Int64 {
        currentTick + (Int64(slot) - currentTick) & Int64(Self.slotCount - 1)
    }

    private mutating func relink(_ place: Int) {
        unlink(place)
        let slot = Int(tick(of: nodes[place].deadline)) & (Self.slotCount - 1)
        let head = heads[slot]
        nodes[place].slot = Int32(slot)
        nodes[place].previous = -1
        nodes[place].next = head
        if head >= 0 { nodes[Int(head)].previous = Int32(place) }
        heads[slot] = Int32(place)
        occupied[slot / 64] |= 1 << UInt64(slot % 64)
    }

    private mutating func unlink(_ place: Int) {
        let slot = Int(nodes[place].slot)
        guard slot >= 0 else { return }
        let next = nodes[place].next
        let previous = nodes[place].previous
        if next >= 0 { nodes[Int(next)].previous = previous }
        if previous >= 0 { nodes[Int(previous)].next = next } else { heads[slot] = next }
        if heads[slot] < 0 { occupied[slot / 64] &= ~(1 << UInt64(slot % 64)) }
        nodes[place].slot = -1
    }
}
