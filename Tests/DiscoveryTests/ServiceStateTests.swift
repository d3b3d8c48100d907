import ProxyCore
import Testing

@testable import Discovery

@Suite struct ServiceStateTests {
    private func record(
        _ target: String, port: UInt16 = 80, priority: UInt16 = 0, weight: UInt16 = 0
    ) -> ServiceRecord {
        ServiceRecord(priority: priority, weight: weight, port: port, target: target)
    }

    private let hosts = [
        "a.": ips("10.0.0.1"), "b.": ips("10.0.0.2"), "two.": ips("10.0.1.1", "10.0.1.2"), "gone.": [],
    ]

    /// A state that has settled on these records.
    private func settled(_ records: [ServiceRecord]) -> ServiceState {
        var state = ServiceState()
        state.take(records)
        state.settle { .known(hasAddresses: hosts[$0]?.isEmpty == false) }
        return state
    }

    private func text(_ state: ServiceState) -> [String] {
        state.endpoints { hosts[$0] ?? [] }.map { "\($0.address) \($0.role.priority) \($0.role.weight)" }
    }

    // MARK: Roles

    @Test func priorityWeightAndPortAreThoseOfTheRecord() {
        let state = settled([
            record("a.", port: 8081, priority: 10, weight: 3), record("b.", port: 8082, priority: 10, weight: 1),
            record("two.", port: 8083, priority: 20, weight: 5),
        ])
        #expect(
            text(state) == ["10.0.0.1:8081 10 3", "10.0.0.2:8082 10 1", "10.0.1.1:8083 20 1", "10.0.1.2:8083 20 1"])
    }

    @Test(
        arguments: [
            ([], []), ([0], [1]), ([0, 0, 0], [1, 1, 1]), ([7], [1]), ([33, 33, 33], [1, 1, 1]), ([10, 30], [1, 3]),
            // A weight of 0 among others is a very small share, whatever the others are.
            ([1, 0], [1000, 1]), ([1, 1, 0, 0], [1000, 1000, 1, 1]), ([50, 10, 0], [1000, 200, 1]),
            ([65_535, 1], [1000, 1]), ([65_535, 32_768, 13_107], [1000, 500, 200]), ([65_535, 65_535], [1, 1]),
            ([1000, 999], [1000, 999]),
        ] as [([Int], [Int])])
    func weightsCountInProportion(weights: [Int], shares: [Int]) {
        #expect(ServiceState.shares(weights) == shares)
    }

    @Test func thePriorityOfTheUpstreamGoesBeforeThatOfTheRecord() {
        func role(_ upstreamPriority: Int, _ priority: Int) -> EndpointRole {
            EndpointRole(
                EndpointRole(weight: 7, priority: priority),
                within: Upstream(.service("web"), weight: 3, priority: upstreamPriority, isBackup: true))
        }
        let order = [role(0, 0), role(0, 1), role(0, 65_535), role(1, 0), role(255, 65_535)].map(\.priority)
        #expect(order == order.sorted() && Set(order).count == 5)
        #expect(role(0, 0).weight == 21)
        #expect(role(0, 0).isBackup)
    }

    @Test func ofTwoRecordsWithOneAddressTheFirstCounts() {
        let state = settled([record("a.", priority: 1, weight: 4), record("a.", priority: 2, weight: 9)])
        #expect(text(state) == ["10.0.0.1:80 1 1"])
        #expect(text(settled([record("a.", port: 80), record("a.", port: 81)])).count == 2)
    }

    // MARK: What comes and what leaves

    @Test func nothingLeavesBeforeTheNewHostsAreKnown() {
        var state = settled([record("a.")])
        state.take([record("b."), record("gone.")])
        state.settle { $0 == "gone." ? .unknown : .known(hasAddresses: true) }
        #expect(!state.isSettled)
        #expect(state.targets == ["a.", "b.", "gone."])
        #expect(text(state) == ["10.0.0.2:80 0 1", "10.0.0.1:80 0 1"])
        state.settle { .known(hasAddresses: $0 == "b.") }
        #expect(state.isSettled)
        #expect(state.targets == ["b.", "gone."])
        #expect(text(state) == ["10.0.0.2:80 0 1"])
    }

    @Test func aNewRoleCountsAtOnce() {
        var state = settled([record("a.", priority: 1)])
        state.take([record("a.", priority: 2), record("gone.")])
        #expect(text(state) == ["10.0.0.1:80 2 1"])
    }

    @Test func hostsThatOnlyFailDoNotEmptyTheSet() {
        var state = settled([record("a.")])
        state.take([record("b.")])
        state.settle { _ in .failing }
        #expect(text(state).contains("10.0.0.1:80 0 1"))
        state.settle { _ in .known(hasAddresses: false) }
        #expect(state.targets == ["b."])
    }

    @Test func aFailingHostAmongOthersKeepsNothing() {
        var state = settled([record("a.")])
        state.take([record("b."), record("gone.")])
        state.settle { $0 == "gone." ? .failing : .known(hasAddresses: true) }
        #expect(text(state) == ["10.0.0.2:80 0 1"])
    }

    @Test func anAnswerThatWasNeverSettledLeavesNothingBehind() {
        var state = settled([record("a.")])
        for number in 0..<1000 { state.take([record("\(number).")]) }
        #expect(state.targets == ["a.", "999."])
    }

    @Test func noRecordMeansNoEndpointAtOnce() {
        var state = settled([record("a.")])
        state.take([])
        state.settle { _ in .unknown }
        #expect(state.isSettled && state.targets.isEmpty && text(state).isEmpty)
    }
}
