/// The better of two that are drawn by share (the power of two choices): by how long an answer takes, for as many
/// requests as it has in flight already. With two and not all compared, workers that see the same figures do not all
/// run to the same member.
struct FastestOfTwo {
    private var choice: RandomChoice

    init(seed: UInt64) { choice = RandomChoice(seed: seed) }

    mutating func adopt(_ change: MemberChange) { choice.adopt(change) }

    /// The better of two that are eligible, the only one, or nil where none is.
    @inline(__always)
    mutating func pick(isEligible: (Int) -> Bool, load: (Int) -> Int, latency: (Int) -> Int64) -> Int? {
        guard let first = choice.pick(isEligible: isEligible) else { return nil }
        guard choice.count > 1, let second = choice.pick(isEligible: { $0 != first && isEligible($0) }) else {
            return first
        }
        let cost = Cost(load(first), latency(first), choice.part(of: first))
        let other = Cost(load(second), latency(second), choice.part(of: second))
        return other < cost ? second : first
    }

    /// What is to be expected of a member.
    private struct Cost: Comparable {
        /// One whose latency is not known yet gets a request at once, but only one at a time until it has answered.
        private let isUntested: Bool
        private let cost: Double

        @inline(__always)
        init(_ load: Int, _ latencyMicroseconds: Int64, _ part: Double) {
            isUntested = latencyMicroseconds <= 0 && load > 0
            // The share divides what is in flight, but not the request to come: who is idle was drawn by share already.
            let requests = Double(max(load, 0)) / part + (latencyMicroseconds > 0 ? 1 : 0)
            cost = requests * Double(max(latencyMicroseconds, 1))
        }

        @inline(__always)
        static func < (left: Cost, right: Cost) -> Bool {
            left.isUntested == right.isUntested ? left.cost < right.cost : right.isUntested
        }
    }
}
