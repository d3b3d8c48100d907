import ProxyCore
import Testing

@testable import Discovery

/// Probes of real sockets, from the directory that orders them to the snapshots that follow.
@Suite(.timeLimit(.minutes(1))) struct ProbingTests {
    private static let status = HealthSettings.Check.http(path: "/status")

    // MARK: TCP

    @Test func anEndpointGoesAndComesBack() throws {
        let scene = try ProbeScene()
        let endpoints = try [TestEndpoint(1, on: scene.loop), TestEndpoint(2, on: scene.loop)]
        try scene.start(endpoints, .tcp)
        #expect(scene.standings == [.serving, .serving], "nobody better is there yet")
        #expect(
            scene.run(untilLogged: "info endpoint \(endpoints[1].address) is healthy: its first probe was answered"))
        endpoints[1].stop()
        #expect(scene.run(until: { scene.standings == [.serving, .resting] }))
        let down = "warning endpoint \(endpoints[1].address) is unhealthy: 3 probes failed (Connection refused)"
        #expect(scene.events.lines.contains(down))
        try endpoints[1].listen()
        #expect(scene.run(until: { scene.standings == [.serving, .serving] }))
        #expect(scene.events.lines.last == "info endpoint \(endpoints[1].address) is healthy again: 2 probes answered")
    }

    @Test func aProbeHoldsNoConnection() throws {
        let scene = try ProbeScene()
        let endpoint = try TestEndpoint(3, on: scene.loop)
        try scene.start([endpoint], .tcp)
        #expect(scene.run(until: { endpoint.accepted >= 5 }))
        #expect(endpoint.openConnections <= 1)
        #expect(endpoint.requests.isEmpty)
    }

    @Test func nothingIsPublishedWhereNothingChanges() throws {
        let scene = try ProbeScene()
        let endpoint = try TestEndpoint(4, on: scene.loop)
        try scene.start([endpoint], .tcp)
        #expect(scene.run(until: { endpoint.accepted >= 10 }))
        #expect(scene.snapshots.count == 1)
        #expect(scene.events.lines.count == 1)
    }

    @Test func withoutAProbeNobodyIsAsked() throws {
        let scene = try ProbeScene()
        let endpoint = try TestEndpoint(5, on: scene.loop)
        try scene.start([endpoint], .off)
        let began = Instant.read()
        #expect(scene.run(until: { Instant.read() - began > 60 }))
        #expect(endpoint.accepted == 0)
        #expect(scene.standings == [.serving])
    }

    @Test func afterStopNobodyIsAsked() throws {
        let scene = try ProbeScene()
        let endpoint = try TestEndpoint(6, on: scene.loop)
        try scene.start([endpoint], .tcp)
        #expect(scene.run(until: { endpoint.accepted >= 2 }))
        try scene.directory.stop()
        let began = Instant.read()
        #expect(scene.run(until: { Instant.read() - began > 30 }))
        let accepted = endpoint.accepted
        #expect(scene.run(until: { Instant.read() - began > 120 }))
        #expect(endpoint.accepted == accepted)
    }

    // MARK: HTTP

    @Test func anHTTPProbeAsks() throws {
        let scene = try ProbeScene()
        let endpoint = try TestEndpoint(7, on: scene.loop)
        try scene.start([endpoint], Self.status) { $0.health.host = "web.example" }
        #expect(scene.run(untilLogged: "is healthy"))
        let request =
            "GET /status HTTP/1.1\r\nHost: web.example\r\nUser-Agent: balancer-health-check\r\n\r\n"
        #expect(endpoint.requests.first == request)
    }

    /// What an endpoint does that was healthy, and what is then said of it.
    @Test(arguments: [
        (TestEndpoint.Behaviour.answer("HTTP/1.1 500 Oh\r\n\r\n"), "is unhealthy: 3 probes failed (answered 500)"),
        (.answer("HTTP/1.1 503 Bye\r\n\r\n"), "is draining: answered 503 to its probe"),
        (.answer("220 smtp\r\n"), "is unhealthy: 3 probes failed (its answer is malformed)"),
        (.answer(""), "is unhealthy: 3 probes failed (closed without an answer)"),
        (.reset, "is unhealthy: 3 probes failed (Connection reset by peer)"),
        (.silence, "is unhealthy: 3 probes failed (no answer in time)"),
    ])
    func anHTTPProbeTells(behaviour: TestEndpoint.Behaviour, line: String) throws {
        let scene = try ProbeScene()
        let endpoints = try [TestEndpoint(8, on: scene.loop), TestEndpoint(9, on: scene.loop)]
        try scene.start(endpoints, Self.status) { $0.health.timeoutMilliseconds = 50 }
        #expect(scene.run(untilLogged: "\(endpoints[1].address) is healthy"))
        endpoints[1].behaviour = behaviour
        #expect(scene.run(untilLogged: "endpoint \(endpoints[1].address) \(line)"))
        #expect(scene.run(until: { scene.standings == [.serving, line.contains("draining") ? .draining : .resting] }))
        endpoints[1].behaviour = .answer("HTTP/1.1 204 Fine\r\n\r\n")
        #expect(scene.run(untilLogged: "\(endpoints[1].address) is healthy again: 2 probes answered"))
        #expect(scene.run(until: { scene.standings == [.serving, .serving] }))
    }

    // MARK: Endpoints that come and go

    @Test func anEndpointThatJoinsServesOnceItListens() throws {
        let scene = try ProbeScene()
        let old = try TestEndpoint(10, on: scene.loop)
        try scene.name([old.address.ip])
        try scene.start(port: old.address.port, .tcp)
        #expect(scene.run(untilLogged: "is healthy"))
        try scene.name([old.address.ip, "127.0.9.11"])
        #expect(scene.run(until: { scene.standings == [.serving, .resting] }))
        let began = Instant.read()
        #expect(scene.run(until: { Instant.read() - began > 250 }))
        #expect(scene.standings == [.serving, .resting], "it refuses")
        let new = try TestEndpoint(11, on: scene.loop, port: old.address.port)
        #expect(scene.run(until: { scene.standings == [.serving, .serving] }, limit: 500))
        #expect(scene.events.lines.last == "info endpoint \(new.address) is healthy: its first probe was answered")
    }

    @Test func theProbeOfAnEndpointThatLeavesIsCancelled() throws {
        let scene = try ProbeScene()
        let endpoints = try [TestEndpoint(12, on: scene.loop, .silence)]
        try scene.name([endpoints[0].address.ip])
        try scene.start(port: endpoints[0].address.port, Self.status)
        #expect(scene.run(until: { endpoints[0].openConnections == 1 }))
        try scene.name(["127.0.9.13"])
        #expect(scene.run(until: { endpoints[0].openConnections == 0 }, limit: 900))
        let accepted = endpoints[0].accepted
        let began = Instant.read()
        #expect(scene.run(until: { Instant.read() - began > 100 }))
        #expect(endpoints[0].accepted == accepted)
    }

    @Test func aFailedConnectIsFollowedByAProbe() throws {
        let scene = try ProbeScene()
        let endpoint = try TestEndpoint(14, on: scene.loop)
        try scene.start([endpoint], .tcp) { $0.health.intervalMilliseconds = 60_000 }
        #expect(scene.run(until: { endpoint.accepted == 1 }))
        try scene.directory.note(
            EndpointReport(
                service: 0, endpoint: endpoint.address,
                event: .connectFailed(reason: "Connection refused", isFirst: true)))
        #expect(scene.run(until: { endpoint.accepted == 2 }, limit: 1_000))
    }

    // MARK: Reports

    @Test func anEjectionIsPublishedAndEnds() throws {
        let scene = try ProbeScene()
        let endpoints = try [TestEndpoint(15, on: scene.loop), TestEndpoint(16, on: scene.loop)]
        try scene.start(endpoints, .off) { $0.ejection.baseMilliseconds = 50 }
        func report(_ event: EndpointReport.Event) throws {
            try scene.directory.note(EndpointReport(service: 0, endpoint: endpoints[0].address, event: event))
        }
        try report(.failing(inARow: 5, last: .timeout))
        #expect(scene.run(until: { scene.standings == [.resting, .serving] }))
        #expect(scene.run(until: { scene.standings == [.trial, .serving] }))
        try report(.trialEnded(succeeded: true))
        #expect(scene.run(until: { scene.standings == [.serving, .serving] }))
        let ejected =
            "warning endpoint \(endpoints[0].address) is ejected for 50 ms: 5 failures in a row (no answer in time)"
        #expect(scene.events.lines.first == ejected)
        #expect(scene.snapshots.count == 4)
    }

    @Test func reportsOfStrangersAreLeftAlone() throws {
        let scene = try ProbeScene()
        let endpoint = try TestEndpoint(17, on: scene.loop)
        try scene.start([endpoint], .off)
        for service in [-1, 1] {
            try scene.directory.note(
                EndpointReport(service: service, endpoint: endpoint.address, event: .trialEnded(succeeded: false)))
        }
        let began = Instant.read()
        #expect(scene.run(until: { Instant.read() - began > 20 }))
        #expect(scene.snapshots.count == 1)
    }

    @Test func whatHappensTogetherIsPublishedTogether() throws {
        let scene = try ProbeScene()
        let endpoints = try (20..<28).map { try TestEndpoint($0, on: scene.loop) }
        try scene.start(endpoints, .off)
        for endpoint in endpoints {
            try scene.directory.note(
                EndpointReport(service: 0, endpoint: endpoint.address, event: .failing(inARow: 5, last: .reset)))
        }
        #expect(scene.run(until: { scene.snapshots.count > 1 }))
        #expect(scene.standings.count { $0 == .resting } == 4)
        #expect(scene.snapshots.count == 2)
    }

    @Test func aPanicIsToldWhenItBeginsAndEnds() throws {
        let scene = try ProbeScene()
        let endpoints = try (30..<34).map { try TestEndpoint($0, on: scene.loop) }
        try scene.start(endpoints, .tcp)
        #expect(scene.run(until: { scene.events.lines.count == 4 }))
        for endpoint in endpoints.dropFirst() { endpoint.stop() }
        #expect(scene.run(untilLogged: "warning default: 1 of 4 endpoints is healthy: all are used"))
        for endpoint in endpoints.dropFirst() { try endpoint.listen() }
        #expect(scene.run(untilLogged: "of 4 endpoints are healthy: the panic is over"))
    }

    @Test func thePanicOfASingleEndpointIsTold() throws {
        let scene = try ProbeScene()
        let endpoint = try TestEndpoint(30, on: scene.loop)
        try scene.start([endpoint], .tcp)
        #expect(scene.run(until: { scene.events.lines.count == 1 }))
        endpoint.stop()
        #expect(scene.run(untilLogged: "warning default: 0 of 1 endpoint is healthy: all are used"))
        try endpoint.listen()
        #expect(scene.run(untilLogged: "info default: 1 of 1 endpoint is healthy: the panic is over"))
    }

    @Test func aGrowingPoolIsInNoPanic() throws {
        let scene = try ProbeScene()
        let old = try TestEndpoint(34, on: scene.loop)
        try scene.name([old.address.ip])
        try scene.start(port: old.address.port, .tcp)
        #expect(scene.run(untilLogged: "is healthy"))
        try scene.name([old.address.ip] + (35..<40).map { "127.0.9.\($0)" })
        #expect(scene.run(until: { scene.standings.count == 6 }))
        #expect(scene.snapshots.allSatisfy { !$0.services[0].isPanicking })
    }

    // MARK: Cookies

    @Test func stickyEndpointsHaveTokens() throws {
        let loop = try ControlLoop()
        let endpoints = try [TestEndpoint(40, on: loop), TestEndpoint(41, on: loop)]
        func tokens(secret: String) throws -> ([UInt64], [String]) {
            let scene = try ProbeScene()
            try scene.start(endpoints, .off) {
                $0.policy = .sticky
                $0.sticky.secret = secret
            }
            return (scene.snapshots.last?.services[0].endpoints.map(\.stickyToken) ?? [], scene.events.lines)
        }
        let (one, lines) = try tokens(secret: "s3cret")
        #expect(Set(one).count == 2 && !one.contains(0))
        #expect(try tokens(secret: "s3cret").0 == one, "another process knows them")
        #expect(lines.isEmpty)
        let (random, warning) = try tokens(secret: "")
        #expect(try tokens(secret: "").0 != random)
        #expect(warning == ["warning no sticky secret is given: clients lose their endpoints when this process ends"])
    }

    // MARK: Bounds

    @Test func noMoreProbesThanAllowedRunAtOnce() {
        let gate = ProbeGate()
        var running = 0
        var begun: [Int] = []
        for number in 0..<1_000 {
            gate.enter {
                // Every tenth has left by then.
                guard number % 10 != 0 else { return false }
                running += 1
                begun.append(number)
                return true
            }
        }
        #expect(running == Limits.probesAtOnceMax)
        while running > 0 {
            running -= 1
            gate.leave()
            #expect(running <= Limits.probesAtOnceMax)
        }
        #expect(begun == (0..<1_000).filter { $0 % 10 != 0 }, "in the order in which they came")
    }
}
