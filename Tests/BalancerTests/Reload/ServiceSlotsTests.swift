import Testing

@testable import Balancer

@Suite struct ServiceSlotsTests {
    private var slots = ServiceSlots()

    private mutating func check(_ services: [String], in plan: Int, are expected: [Int]) {
        let assigned = slots.assign(services, to: plan)
        #expect(assigned == expected)
    }

    private mutating func check(releaseOf plan: Int, frees expected: Set<Int>) {
        let free = slots.release(plan)
        #expect(free == expected)
    }

    @Test mutating func namesKeepTheirSlots() {
        check(["a", "b", "c"], in: 0, are: [0, 1, 2])
        check(["c", "d", "a"], in: 1, are: [2, 3, 0])
        check(["d", "c", "b"], in: 2, are: [3, 2, 1])
    }

    @Test mutating func aSlotIsFreeWhenNoPlanNamesIt() {
        check(["a", "b"], in: 0, are: [0, 1])
        check(["a"], in: 1, are: [0])
        check(["a", "c"], in: 2, are: [0, 2])
        check(releaseOf: 0, frees: [1])
        check(releaseOf: 0, frees: [])
        check(["c", "d"], in: 3, are: [2, 1])
        #expect(slots.planCount == 3)
    }

    @Test mutating func plansMayEndInAnyOrder() {
        check(["a"], in: 0, are: [0])
        check(["b"], in: 1, are: [1])
        check(["a"], in: 2, are: [0])
        check(releaseOf: 1, frees: [1])
        check(releaseOf: 0, frees: [])
        check(releaseOf: 2, frees: [0])
    }

    @Test mutating func aPlanThatNeverCameGivesBack() {
        check(["a"], in: 0, are: [0])
        check(["a", "b"], in: 1, are: [0, 1])
        check(releaseOf: 1, frees: [1])
        check(["c"], in: 2, are: [1])
    }
}
