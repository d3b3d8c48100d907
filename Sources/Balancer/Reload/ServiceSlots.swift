/// Which place in snapshots each service has.
///
/// A service keeps its slot from one configuration to the next by its name; and a slot is not given to another while any
/// plan that is still in use names it, because requests end by the plan they began with.
struct ServiceSlots {
    private var slots: [String: Int] = [:]
    /// The slots that each plan names, by the plan's number.
    private var named: [Int: Set<Int>] = [:]

    /// Slots for the services of a plan, in their order: those that they have, or the lowest that are free.
    mutating func assign(_ services: [String], to plan: Int) -> [Int] {
        var taken = Set(slots.values)
        var next = 0
        let assigned = services.map { service in
            if let slot = slots[service] { return slot }
            while taken.contains(next) { next += 1 }
            taken.insert(next)
            slots[service] = next
            return next
        }
        named[plan] = Set(assigned)
        return assigned
    }

    /// Nothing runs by the plan any more.
    ///
    /// - Returns: the slots that are free now.
    mutating func release(_ plan: Int) -> Set<Int> {
        guard let released = named.removeValue(forKey: plan) else { return [] }
        let free = released.subtracting(named.values.reduce(into: []) { $0.formUnion($1) })
        slots = slots.filter { !free.contains($0.value) }
        return free
    }

    /// How many plans are in use.
    var planCount: Int { named.count }
}
