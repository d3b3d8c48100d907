/// Each candidate in turn, so that over any run of picks no two differ by more than one.
struct RoundRobin {
    private var next: Int

    /// Workers start at different places, so that few requests do not all meet the same endpoint.
    init(startingAt start: Int) { next = start }

    /// The next of `count` candidates that `isEligible`, or nil where none is.
    @inline(__always)
    mutating func pick(count: Int, isEligible: (Int) -> Bool) -> Int? {
        guard count > 0 else { return nil }
        if next >= count { next %= count }
        for _ in 0..<count {
            let candidate = next
            next = next &+ 1 == count ? 0 : next &+ 1
            if isEligible(candidate) { return candidate }
        }
        return nil
    }
}
