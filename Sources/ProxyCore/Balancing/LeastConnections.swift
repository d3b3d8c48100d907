/// The candidate with the fewest requests in flight. Among equals the turn goes round, so that ties break evenly.
struct LeastConnections {
    private var next: Int

    init(startingAt start: Int) { next = start }

    /// The least loaded of `count` candidates that `isEligible`, or nil where none is.
    @inline(__always)
    mutating func pick(count: Int, isEligible: (Int) -> Bool, load: (Int) -> Int) -> Int? {
        guard count > 0 else { return nil }
        if next >= count { next %= count }
        var best: Int?
        var bestLoad = Int.max
        var candidate = next
        for _ in 0..<count {
            if isEligible(candidate) {
                let load = load(candidate)
                if load < bestLoad {
                    best = candidate
                    bestLoad = load
                }
            }
            candidate = candidate &+ 1 == count ? 0 : candidate &+ 1
        }
        if let best { next = best &+ 1 }
        return best
    }
}
