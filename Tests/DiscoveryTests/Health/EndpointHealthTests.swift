import ProxyCore
import Testing

@testable import Discovery

/// What probes, workers and time make of a service's endpoints together.
@Suite struct EndpointHealthTests {
    /// Some endpoints, 10.0.0.1 and on, at a moment that a test moves.
    private struct Scene {
        var settings: ServiceSettings
        var pool: EndpointSet
        var now = Instant(microseconds: 0)
        var lines: [String] = []

        init(_ count: Int, change: (inout ServiceSettings) -> Void = { _ in }) {
            settings = ServiceSettings()
            change(&settings)
            pool = EndpointSet(settings: settings)
            find(count)
        }

        /// A scene whose endpoints have all been healthy for a minute.
        static func running(_ count: Int, change: (inout ServiceSettings) -> Void = { _ in }) -> Scene {
            var scene = Scene(count, change: change)
            for number in 1...count { scene.probe(number) }
            scene.wait(60_000)
            scene.lines = []
            return scene
        }

        func address(_ number: Int) -> SocketAddress { ips("10.0.0.\(number)")[0].withPort(80) }

        mutating func find(_ numbers: ClosedRange<Int>) {
            let found = numbers.map { FoundEndpoint(address: address($0)) }
            tell(pool.reconcile(with: found, at: now).events)
        }

        mutating func find(_ count: Int) { find(1...count) }

        mutating func probe(_ number: Int, _ result: ProbeResult = .passed, times: Int = 1) {
            for _ in 0..<times {
                pool.probeBegan(address(number), at: now)
                tell(pool.probeEnded(address(number), result, at: now, random: 0.5))
            }
        }

        mutating func fail(_ number: Int, inARow count: Int = 5) {
            tell(pool.note(.failing(inARow: count, last: .status(500)), of: address(number), at: now))
        }

        mutating func endTrial(_ number: Int, succeeded: Bool) {
            tell(pool.note(.trialEnded(succeeded: succeeded), of: address(number), at: now))
        }

        mutating func wait(_ time: Milliseconds) {
            now = now + time
            tell(pool.advance(to: now))
        }

        /// Counts requests as workers do.
        func count(_ number: Int, outcomes: Int, failures: Int) {
            let stats = pool.endpoints[number - 1].stats
            stats.outcomes.wrappingAdd(outcomes, ordering: .relaxed)
            stats.failures.wrappingAdd(failures, ordering: .relaxed)
        }

        private mutating func tell(_ events: [HealthEvent]) {
            lines += events.map {
                "\($0.level) \($0)".replacing("endpoint 10.0.0.", with: "").replacing(":80", with: "")
            }
        }

        var standings: [EndpointStanding] { pool.endpoints.map(\.standing) }
        var shares: [Int] { pool.endpoints.map(\.share) }
    }

    // MARK: New endpoints

    @Test func aNewPoolServesUntilItIsProbed() {
        var scene = Scene(3)
        #expect(scene.standings == [.serving, .serving, .serving])
        scene.probe(2)
        #expect(
            scene.standings == [.resting, .serving, .resting], "those not probed yet are no better than one that is")
        scene.probe(1)
        scene.probe(3)
        #expect(scene.standings == [.serving, .serving, .serving])
        #expect(scene.shares == [100, 100, 100])
        #expect(scene.lines.first == "info 2 is healthy: its first probe was answered")
    }

    @Test func anEndpointThatJoinsWaitsForItsProbe() {
        var scene = Scene.running(2)
        scene.find(3)
        #expect(scene.standings == [.serving, .serving, .resting])
        #expect(scene.pool.endpoints.map(\.isNew) == [false, false, true])
        scene.probe(3, .failed("Connection refused"), times: 10)
        #expect(scene.standings == [.serving, .serving, .resting])
        #expect(scene.lines == [])
        scene.probe(3)
        #expect(!scene.pool.endpoints[2].isNew)
        #expect(scene.standings == [.serving, .serving, .serving])
    }

    @Test func anEndpointThatDoesNotComeUpIsNoLongerNew() {
        var scene = Scene.running(2)
        scene.find(3)
        scene.wait(5_000)
        scene.probe(3, .failed("Connection refused"), times: 3)
        #expect(scene.lines == ["warning 3 is unhealthy: 3 probes failed (Connection refused)"])
        #expect(!scene.pool.endpoints[2].isNew)
        scene.probe(3)
        #expect(scene.standings == [.serving, .serving, .serving], "one success is enough all the same")
    }

    @Test func noMoreThanAServiceMayHaveAreTaken() {
        let many = (0..<5_000).compactMap { SocketAddress(ip: "10.1.\($0 / 250).\($0 % 250)", port: 80) }
        var pool = EndpointSet()
        let found = many.map { FoundEndpoint(address: $0) }
        #expect(pool.reconcile(with: found, at: Instant(microseconds: 0)).hasChanged)
        #expect(pool.addresses == Array(many[..<4_096]))
        #expect(!pool.reconcile(with: found, at: Instant(microseconds: 0)).hasChanged)
    }

    @Test func anEndpointThatJoinsServesWhereNobodyElseDoes() {
        var scene = Scene.running(2)
        scene.probe(1, .failed("Connection refused"), times: 3)
        scene.probe(2, .failed("Connection refused"), times: 3)
        scene.find(3)
        #expect(scene.standings == [.resting, .resting, .serving])
    }

    @Test func aNewPoolIsJudgedByItsRequestsBeforeItIsProbed() {
        var scene = Scene(2)
        scene.fail(1)
        #expect(scene.standings == [.resting, .serving])
        scene.probe(1)
        #expect(scene.standings == [.resting, .serving], "the other one is new, but this one is ejected")
    }

    @Test func withoutProbesAllServeAtOnce() {
        var scene = Scene(2) { $0.health.check = .off }
        #expect(scene.standings == [.serving, .serving])
        #expect(scene.pool.probeDue(scene.address(1)) == nil)
        scene.fail(1)
        #expect(scene.standings == [.resting, .serving])
    }

    // MARK: Probes

    @Test func anEndpointWhoseProbesFailRests() {
        var scene = Scene.running(2)
        scene.probe(1, .failed("Connection refused"), times: 2)
        #expect(scene.standings == [.serving, .serving])
        scene.probe(1, .failed("Connection refused"))
        #expect(scene.standings == [.resting, .serving])
        scene.probe(1, times: 2)
        #expect(scene.standings == [.serving, .serving])
        #expect(
            scene.lines == [
                "warning 1 is unhealthy: 3 probes failed (Connection refused)",
                "info 1 is healthy again: 2 probes answered",
            ])
    }

    @Test func anEndpointThatLeavesDrains() {
        var scene = Scene.running(2)
        scene.probe(1, .leaving("answered 503 to its probe"))
        #expect(scene.standings == [.draining, .serving])
        #expect(scene.lines == ["info 1 is draining: answered 503 to its probe"])
    }

    @Test func whereAllLeaveTheNewOneServes() {
        var scene = Scene.running(2)
        for number in 1...2 { scene.probe(number, .leaving("answered 503 to its probe")) }
        #expect(scene.standings == [.draining, .draining])
        scene.find(3)
        #expect(scene.standings == [.draining, .draining, .serving])
    }

    @Test func probesOfStrangersAreLeftAlone() {
        var scene = Scene.running(2)
        scene.probe(9, .failed("Connection refused"), times: 9)
        scene.fail(9)
        #expect(scene.pool.probeDue(scene.address(9)) == nil)
        #expect(scene.lines == [])
        #expect(scene.standings == [.serving, .serving])
    }

    @Test func aFailedConnectAsksForAProbe() throws {
        var scene = Scene.running(1)
        scene.probe(1)
        scene.now = scene.now + 500
        let refused = EndpointReport.Event.connectFailed(reason: "Connection refused", isFirst: true)
        #expect(scene.pool.note(refused, of: scene.address(1), at: scene.now) == [])
        #expect(scene.pool.probeDue(scene.address(1)) == scene.now)
        scene.pool.probeBegan(scene.address(1), at: scene.now)
        #expect(scene.pool.probeDue(scene.address(1)) == nil, "it is being probed")
    }

    // MARK: What stays over a change of the set

    @Test func healthStaysWithTheEndpoint() {
        var scene = Scene.running(4)
        scene.probe(2, .failed("Connection refused"), times: 3)
        scene.fail(3)
        scene.find(2...5)
        #expect(scene.standings == [.resting, .resting, .serving, .resting])
        scene.find(3...5)
        #expect(scene.pool.nextChange(after: scene.now) == scene.now + 5_000)
        scene.find(2...5)
        #expect(scene.standings == [.resting, .serving, .resting, .resting], "who comes back is new")
    }

    @Test func aRoleChangesAndHealthStays() {
        var scene = Scene.running(2)
        scene.fail(1)
        let found = (1...2).map { FoundEndpoint(address: scene.address($0), role: EndpointRole(weight: 3)) }
        let (hasChanged, events) = scene.pool.reconcile(with: found, at: scene.now)
        #expect(hasChanged && events.isEmpty)
        #expect(scene.standings == [.resting, .serving])
        #expect(scene.shares == [300, 300])
    }

    // MARK: Ejection

    @Test func anEjectedEndpointRestsThenIsTried() {
        var scene = Scene.running(2)
        scene.fail(1)
        #expect(scene.standings == [.resting, .serving])
        #expect(scene.pool.nextChange(after: scene.now) == scene.now + 5_000)
        scene.wait(4_999)
        #expect(scene.standings == [.resting, .serving])
        scene.wait(1)
        #expect(scene.standings == [.trial, .serving])
        scene.endTrial(1, succeeded: true)
        #expect(scene.standings == [.serving, .serving])
        #expect(
            scene.lines == [
                "warning 1 is ejected for 5 s: 5 failures in a row (answered 500)",
                "info 1 serves again after 5 s: its trial succeeded",
            ])
    }

    @Test func aTrialThatFailsEjectsForLonger() {
        var scene = Scene.running(2)
        scene.fail(1)
        scene.wait(5_000)
        scene.endTrial(1, succeeded: false)
        #expect(scene.standings == [.resting, .serving])
        scene.wait(10_000)
        #expect(scene.standings == [.trial, .serving])
        scene.endTrial(1, succeeded: true)
        #expect(
            scene.lines[1...] == [
                "warning 1 is ejected for 10 s: its trial failed",
                "info 1 serves again after 15 s: its trial succeeded",
            ])
    }

    @Test func eachTrialIsOneRequest() {
        var scene = Scene.running(2)
        let isOnTrial = { scene.pool.endpoints[0].stats.isOnTrial.load(ordering: .relaxed) }
        scene.fail(1)
        scene.wait(5_000)
        #expect(!isOnTrial())
        scene.pool.endpoints[0].stats.isOnTrial.store(true, ordering: .relaxed)
        scene.wait(1)
        #expect(isOnTrial(), "it is under way")
        scene.endTrial(1, succeeded: false)
        scene.wait(9_999)
        #expect(isOnTrial(), "workers that have not heard of the verdict begin no other")
        scene.wait(1)
        #expect(scene.standings == [.trial, .serving])
        #expect(!isOnTrial())
    }

    @Test func lateReportsChangeNothing() {
        var scene = Scene.running(2)
        scene.endTrial(1, succeeded: false)
        #expect(scene.standings == [.serving, .serving])
        scene.fail(1)
        scene.fail(1, inARow: 10)
        scene.endTrial(1, succeeded: true)
        #expect(scene.standings == [.resting, .serving])
        #expect(scene.lines.count == 1)
    }

    /// How many of so many endpoints are ejected where all fail.
    @Test(arguments: [(1, 50, 0), (2, 50, 1), (3, 50, 1), (4, 50, 2), (9, 50, 4), (9, 100, 9), (9, 0, 0), (3, 10, 0)])
    func noMoreThanAShareIsEjected(count: Int, percent: Int, ejected: Int) {
        var scene = Scene.running(count) { $0.ejection.ejectedPercentMax = percent }
        for number in 1...count { scene.fail(number) }
        #expect(scene.standings.count { $0 == .resting } == ejected)
        scene.wait(5_000)
        #expect(scene.standings.count { $0 == .trial } == ejected)
        for number in 1...count { scene.fail(number, inARow: 10) }
        #expect(scene.standings.count { $0 != .serving } == ejected, "those on trial count")
    }

    @Test func whoIsSparedIsToldOnce() {
        var scene = Scene.running(2)
        scene.fail(1)
        for count in [5, 10, 15] { scene.fail(2, inARow: count) }
        #expect(
            scene.lines[1...] == [
                "warning 2 is not ejected for 5 failures in a row (answered 500): of 2 endpoints at most 1 may be"
            ])
    }

    @Test func aPoolThatShrinksTakesItsEndpointsBack() {
        var scene = Scene.running(6)
        scene.fail(3)
        scene.wait(1_000)
        scene.fail(2)
        scene.fail(1)
        scene.find(1...3)
        #expect(
            scene.standings == [.resting, .serving, .serving] || scene.standings == [.serving, .resting, .serving])
        scene.find(1...1)
        #expect(scene.standings == [.serving])
        #expect(scene.lines.contains("info 3 serves again: of 3 endpoints at most 1 may be ejected"))
    }

    @Test func ejectionCanBeTurnedOff() {
        var scene = Scene.running(2) { $0.ejection.isOn = false }
        scene.fail(1)
        #expect(scene.standings == [.serving, .serving])
        #expect(scene.pool.nextChange(after: scene.now) == nil)
    }

    @Test func probesAndEjectionCountBoth() {
        var scene = Scene.running(2)
        scene.fail(1)
        scene.probe(1, .failed("Connection refused"), times: 3)
        scene.wait(5_000)
        #expect(scene.standings == [.resting, .serving], "its time is over, but its probes fail")
        scene.probe(1, times: 2)
        #expect(scene.standings == [.trial, .serving], "its probes succeed, but its trial is to come")
    }

    // MARK: Success rates

    @Test func outliersAreEjected() {
        var scene = Scene.running(6)
        for number in 1...6 { scene.count(number, outcomes: 500, failures: number == 4 ? 200 : 2) }
        scene.wait(10_000)
        #expect(scene.standings == [.serving, .serving, .serving, .resting, .serving, .serving])
        #expect(scene.lines == ["warning 4 is ejected for 5 s: 60.0% of its requests succeeded, 93.0% on average"])
    }

    @Test func onlyWhatWasNewSinceTheLastSweepCounts() {
        var scene = Scene.running(6)
        for number in 1...6 { scene.count(number, outcomes: 500, failures: 2) }
        scene.wait(10_000)
        scene.count(4, outcomes: 99, failures: 99)
        for number in 1...6 where number != 4 { scene.count(number, outcomes: 500, failures: 0) }
        scene.wait(10_000)
        #expect(scene.lines == [], "99 requests are too few")
        #expect(scene.pool.nextChange(after: scene.now) == scene.now + 10_000)
    }

    @Test func aSmallPoolIsNotSwept() {
        let scene = Scene.running(4)
        #expect(scene.pool.nextChange(after: scene.now) == nil)
    }

    // MARK: Slow start

    @Test func aShareGrowsBesideOldOnes() {
        var scene = Scene.running(2)
        scene.find(3)
        scene.probe(3)
        var shares = [scene.shares[2]]
        let began = scene.now
        while let next = scene.pool.nextChange(after: scene.now) {
            scene.now = next
            scene.wait(0)
            shares.append(scene.shares[2])
        }
        #expect(shares == [10, 20, 30, 40, 50, 60, 70, 80, 90, 100])
        #expect(scene.now - began == 5_000)
        #expect(scene.shares[..<2] == [100, 100])
    }

    @Test func whoComesBackStartsSlowly() {
        var scene = Scene.running(2)
        scene.probe(1, .failed("Connection refused"), times: 3)
        scene.wait(60_000)
        scene.probe(1, times: 2)
        #expect(scene.shares == [10, 100])
    }

    @Test func nobodyStartsSlowlyAfterAnOutage() {
        var scene = Scene.running(3)
        for number in 1...3 { scene.probe(number, .failed("Connection refused"), times: 3) }
        scene.wait(60_000)
        for number in 1...3 { scene.probe(number, times: 2) }
        #expect(scene.shares == [100, 100, 100])
    }

    /// Pools in which a new endpoint has its whole share at once.
    @Test(
        arguments: [
            { $0.slowStartMilliseconds = 0 }, { $0.policy = .ringHash }, { $0.policy = .maglev },
        ] as [@Sendable (inout ServiceSettings) -> Void])
    func someHaveTheirWholeShareAtOnce(change: @Sendable (inout ServiceSettings) -> Void) {
        var scene = Scene.running(2, change: change)
        scene.find(3)
        scene.probe(3)
        #expect(scene.shares == [100, 100, 100])
    }

    @Test func withoutProbesWhoJoinsStartsSlowly() {
        var scene = Scene(2) { $0.health.check = .off }
        #expect(scene.shares == [100, 100])
        scene.wait(4_999)
        scene.find(3)
        #expect(scene.shares == [100, 100, 100], "the others are new as well")
        scene.wait(1)
        scene.find(4)
        #expect(scene.shares == [100, 100, 100, 10])
    }
}
