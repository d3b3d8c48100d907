import Glibc
import Testing

/// Discovery, health, ejection, retries and policies together, on a fake clock, in worlds that a seed decides: replicas
/// join, die, stall and lie, name servers do, and after each step the rules of `Invariants.swift` must hold.
///
/// `SIMULATION_SEEDS=1000` tries more worlds. `SIMULATION_SEED=7` runs one of them with a trace of all that happens.
@Suite struct SimulationTests {
    @Test(arguments: Seeds.all)
    func rulesHold(seed: UInt64) {
        let simulation = Simulation(seed: seed, isTracing: Seeds.one != nil)
        if let violation = simulation.run() {
            Issue.record("\(violation)")
        } else {
            #expect(simulation.clock.steps >= Scenario.chaosSteps)
        }
    }

    @Test func aSeedReplays() {
        let runs = [Simulation(seed: 1), Simulation(seed: 1)]
        for run in runs { _ = run.run() }
        #expect(runs[0].clock.steps == runs[1].clock.steps)
        #expect(runs[0].clock.now == runs[1].clock.now)
        #expect(runs[0].referee.endings == runs[1].referee.endings)
    }
}

private enum Seeds {
    /// Together more than two million steps, and half a minute of processor time.
    private static let usualCount: UInt64 = 60

    static let one = number("SIMULATION_SEED")

    static let all: [UInt64] = one.map { [$0] } ?? Array(1...(number("SIMULATION_SEEDS") ?? usualCount))

    private static func number(_ name: String) -> UInt64? {
        guard let text = unsafe getenv(name) else { return nil }
        return unsafe UInt64(String(cString: text))
    }
}
