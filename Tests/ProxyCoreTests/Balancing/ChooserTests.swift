import Testing

@testable import ProxyCore

@Suite struct ChooserTests {
    @Test(arguments: Policy.allCases)
    func everyPolicyGoesRoundAmongEquals(policy: Policy) {
        var chooser = Chooser(policy, startingAt: 0)
        let picks = (0..<4).map { _ in chooser.pick(count: 3, isEligible: { $0 != 1 }, load: { _ in 0 }) }
        #expect(picks == [0, 2, 0, 2])
    }

    @Test func onlyOnePolicyLooksAtTheLoad() {
        var least = Chooser(.leastConnections, startingAt: 0)
        var turn = Chooser(.roundRobin, startingAt: 0)
        #expect(least.pick(count: 3, isEligible: { _ in true }, load: { 3 - $0 }) == 2)
        #expect(turn.pick(count: 3, isEligible: { _ in true }, load: { 3 - $0 }) == 0)
    }
}
