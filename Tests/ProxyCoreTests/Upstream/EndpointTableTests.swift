import Testing

@testable import ProxyCore

@Suite struct EndpointTableTests {
    /// A worker's table, with the picks of requests that begin a second after the clock did.
    private final class Table {
        var places: EndpointTable

        private let settings: [ServiceSettings]

        init(_ policies: [Policy], worker: Int = 0, change: (inout ServiceSettings) -> Void = { _ in }) {
            settings = policies.map { policy in
                var settings = ServiceSettings()
                settings.policy = policy
                change(&settings)
                return settings
            }
            places = EndpointTable(settings: settings, worker: worker)
        }

        /// A table of one service that has adopted these endpoints.
        convenience init(_ endpoints: [Endpoint], policy: Policy = .roundRobin, worker: Int = 0) {
            self.init([policy], worker: worker)
            _ = adopt(endpoints)
        }

        func adopt(_ services: [Endpoint]...) -> [Int] {
            let pools = services.enumerated().map { index, endpoints in
                Pool(endpoints: endpoints, settings: index < settings.count ? settings[index] : ServiceSettings())
            }
            return places.adopt(EndpointSnapshot(services: pools), Table.moment(0))
        }

        func choose(
            service: Int = 0, excluding tried: [Int] = [], mayProve: Bool = false, at milliseconds: Milliseconds = 0
        ) -> EndpointTable.Choice {
            let seeker = Seeker(tried: numbers(of: tried), mayProve: mayProve)
            return places.pick(service, for: seeker, Table.moment(milliseconds))
        }

        func pick(
            service: Int = 0, excluding tried: [Int] = [], mayProve: Bool = false, at milliseconds: Milliseconds = 0
        ) -> Int? {
            let choice = choose(service: service, excluding: tried, mayProve: mayProve, at: milliseconds)
            return if case .place(let place) = choice { place } else { nil }
        }

        /// The ports of so many picks.
        func ports(picks count: Int, service: Int = 0) -> [UInt16?] {
            (0..<count).map { _ in pick(service: service).map { port($0) } }
        }

        func numbers(of tried: [Int]) -> TriedEndpoints { TriedEndpoints(tried.map { places[$0].number }) }

        func port(_ place: Int) -> UInt16 { places[place].address.port }

        func hasAlternative(to tried: [Int], at milliseconds: Milliseconds = 0) -> Bool {
            places.hasAlternative(0, for: Seeker(tried: numbers(of: tried)), Table.moment(milliseconds))
        }

        func connectFailed(_ place: Int, at milliseconds: Milliseconds = 0) -> Bool {
            places.connectFailed(place, Table.moment(milliseconds))
        }

        func closes(_ place: Int, at milliseconds: Milliseconds) {
            places.answeredThatItCloses(place, Table.moment(milliseconds))
        }

        func begin(_ place: Int) -> EndpointTable.Admission { places.begin(place) }

        func answered(_ place: Int, sent: Milliseconds, at milliseconds: Milliseconds) {
            places.answered(place, sent: Table.moment(sent), Table.moment(milliseconds))
        }

        func seemsToHang(_ place: Int, since milliseconds: Milliseconds, isTrial: Bool = false) -> Bool {
            places.seemsToHang(place, since: Table.moment(milliseconds), isTrial: isTrial)
        }

        func failed(_ place: Int) -> Int? { places.failed(place) }

        func connectionOpens(_ place: Int) -> Bool { places.connectionOpens(place) }

        func connectBegan(_ place: Int, until milliseconds: Milliseconds) {
            places.connectBegan(place, until: Table.moment(milliseconds))
        }

        fileprivate static func moment(_ milliseconds: Milliseconds) -> Instant {
            Instant(microseconds: 1_000_000) + milliseconds
        }
    }

    private func endpoint(_ number: UInt16) -> Endpoint { Endpoint(address: .anyIPv4(port: number)) }

    // ---- snapshots --------------------------------------------------------------------------------------------------

    @Test func aNewTableHasNobody() {
        let table = Table([.roundRobin, .leastConnections], worker: 3)
        #expect([table.pick(), table.pick(service: 1)] == [nil, nil])
        #expect([table.places.hasEndpoints(0), table.places.hasEndpoints(1)] == [false, false])
    }

    @Test func everyServiceHasItsOwnEndpoints() {
        let table = Table([.roundRobin, .roundRobin, .roundRobin])
        let left = table.adopt([endpoint(1), endpoint(2)], [], [endpoint(3)])
        #expect(left == [])
        #expect(table.ports(picks: 3) == [1, 2, 1])
        #expect(table.ports(picks: 1, service: 1) == [nil])
        #expect(table.ports(picks: 2, service: 2) == [3, 3])
        #expect((0..<3).map { table.places.hasEndpoints($0) } == [true, false, true])
    }

    @Test func whoStaysKeepsItsPlaceAndState() throws {
        let (a, b, c) = (endpoint(1), endpoint(2), endpoint(3))
        let table = Table([a, b])
        let places = try (0..<2).map { _ in try #require(table.pick()) }
        table.places[places[0]].idleCount = 7
        #expect(table.adopt([c, b, a]) == [])
        #expect(table.places[places[0]].idleCount == 7)
        let picks = Set((0..<3).compactMap { _ in table.pick() })
        #expect(picks.isSuperset(of: places))
        #expect(Set(picks.map { table.port($0) }) == [1, 2, 3])
    }

    @Test func whoLeavesIsToldAndGetsNoRequest() throws {
        let (a, b) = (endpoint(1), endpoint(2))
        let table = Table([a, b])
        let place = try #require(table.pick())
        #expect(table.adopt([b]) == [place])
        #expect(table.places[place].isRetired == true)
        #expect(table.ports(picks: 3) == [2, 2, 2])
        #expect(table.adopt([b]) == [], "it is told once")
    }

    @Test func anAddressThatComesBackIsAnother() throws {
        let a = endpoint(1)
        let table = Table([a])
        let place = try #require(table.pick())
        #expect(table.connectionOpens(place))
        #expect(table.adopt([]) == [place])
        #expect(table.adopt([Endpoint(address: a.address)]) == [])
        let next = try #require(table.pick())
        #expect(next != place)
        #expect([table.places[place].isRetired, table.places[next].isRetired] == [true, false])
        table.places.connectionClosed(place)
        #expect(table.places[next].address == a.address)
    }

    @Test func aPlaceIsFreeAfterItsLastConnection() throws {
        let table = Table([endpoint(1)])
        let place = try #require(table.pick())
        #expect(table.connectionOpens(place))
        #expect(table.connectionOpens(place))
        #expect(table.adopt([]) == [place])
        table.places.freeIfUnused(place)
        #expect(table.port(place) == 1, "two connections are there")
        table.places.connectionClosed(place)
        #expect(table.port(place) == 1, "one is left")
        table.places.connectionClosed(place)
        #expect(table.places[place].stats == nil)
        _ = table.adopt([endpoint(2)])
        #expect(table.pick() == place, "the next one takes the place")
    }

    @Test func whoGetsThePlaceOfATriedEndpointWasNotTried() throws {
        let table = Table([endpoint(1)])
        let place = try #require(table.pick())
        let seeker = Seeker(tried: table.numbers(of: [place]))
        for left in table.adopt([]) { table.places.freeIfUnused(left) }
        _ = table.adopt([endpoint(2)])
        #expect(table.places.pick(0, for: seeker, Table.moment(0)) == .place(place))
    }

    @Test func aPlaceWithoutConnectionsIsFreeAtOnce() throws {
        let table = Table([endpoint(1)])
        let place = try #require(table.pick())
        for left in table.adopt([]) { table.places.freeIfUnused(left) }
        #expect(table.places[place].stats == nil)
    }

    @Test func aConnectionThatClosesFreesNobodyWhoStays() throws {
        let table = Table([endpoint(1)])
        let place = try #require(table.pick())
        #expect(table.connectionOpens(place))
        table.places.connectionClosed(place)
        table.places.freeIfUnused(place)
        #expect(table.places[place].stats != nil)
        #expect(table.pick() == place)
    }

    @Test func placesDoNotRunOutHoweverOftenTheSetChanges() {
        let table = Table([.roundRobin])
        for round in 0..<200 {
            let endpoints = (0..<100).map { endpoint(UInt16(round * 100 + $0)) }
            for place in table.adopt(endpoints) { table.places.freeIfUnused(place) }
            #expect(Set(table.ports(picks: 100)).count == 100)
        }
    }

    @Test func moreEndpointsThanTheLimitAreLeftOut() {
        let count = Limits.endpointsPerServiceMax + 10
        let table = Table((0..<count).map { endpoint(UInt16($0)) })
        #expect(Set(table.ports(picks: count)).count == Limits.endpointsPerServiceMax)
    }

    @Test func servicesThatTheTableDoesNotHaveAreIgnored() {
        let table = Table([.roundRobin])
        #expect(table.adopt([endpoint(1)], [endpoint(2)]) == [])
        #expect(table.ports(picks: 2) == [1, 1])
    }

    // ---- picks ------------------------------------------------------------------------------------------------------

    @Test func workersStartAtDifferentEndpoints() {
        let endpoints = (1...3).map { endpoint($0) }
        let first = (0..<4).map { worker in
            let table = Table(endpoints, worker: worker)
            return table.ports(picks: 1)[0]
        }
        #expect(first == [1, 2, 3, 1])
    }

    @Test func theRequestsOfAllWorkersCount() throws {
        let endpoints = (1...3).map { endpoint($0) }
        let one = Table(endpoints, policy: .leastConnections)
        let other = Table(endpoints, policy: .leastConnections)
        for expected: UInt16 in [1, 2] {
            let place = try #require(one.pick())
            #expect(one.port(place) == expected)
            #expect(one.begin(place) == .yes)
        }
        let place = try #require(other.pick())
        #expect(other.port(place) == 3)
        #expect(other.begin(place) == .yes)
        #expect(endpoints.map { $0.stats.inFlight.load(ordering: .relaxed) } == [1, 1, 1])
        other.places.end(place)
        #expect(endpoints.map { $0.stats.inFlight.load(ordering: .relaxed) } == [1, 1, 0])
    }

    @Test func whatWasTriedIsNotTriedAgain() throws {
        let table = Table((1...3).map { endpoint($0) })
        var places: [Int] = []
        for _ in 0..<3 { places.append(try #require(table.pick(excluding: places))) }
        #expect(Set(places).count == 3)
        #expect(table.choose(excluding: places) == .none)
    }

    @Test func triedEndpointsAreCountedUpToTheLimit() {
        let numbers = (1...Limits.attemptsMax + 3).map { Int32($0) }
        let tried = TriedEndpoints(numbers)
        #expect(tried.count == Limits.attemptsMax)
        #expect(numbers.filter { tried.contains($0) } == Array(numbers.prefix(Limits.attemptsMax)))
        #expect(!TriedEndpoints().contains(0), "what is not used yet is no number")
    }

    // ---- endpoints that cannot be reached ---------------------------------------------------------------------------

    @Test func aSuspectIsPickedOnlyWhereNobodyElseIs() throws {
        let table = Table((1...2).map { endpoint($0) })
        let place = try #require(table.pick())
        #expect(table.connectFailed(place))
        let other = try #require(table.pick(at: 500))
        #expect(other != place)
        #expect((0..<4).map { _ in table.pick(at: 500) } == [other, other, other, other])
        #expect(table.pick(excluding: [other], at: 500) == place)
        #expect(Set((0..<2).map { _ in table.pick(at: 1_000) }) == [place, other], "after a second it is sound again")
    }

    /// An endpoint that comes up is to serve within about a second, however often it has failed.
    @Test func everyFailureCastsDoubtForASecond() throws {
        let table = Table((1...2).map { endpoint($0) })
        let place = try #require(table.pick())
        for (index, now) in ([0, 500, 999, 1_999, 60_000] as [Milliseconds]).enumerated() {
            #expect(table.connectFailed(place, at: now) == (index == 0), "only the first in a row is news")
            #expect(!(0..<2).map { _ in table.pick(at: now + 999) }.contains(place))
            #expect((0..<2).map { _ in table.pick(at: now + 1_000) }.contains(place))
        }
    }

    @Test func aConnectionThatComesAboutEndsAllDoubt() throws {
        let table = Table((1...2).map { endpoint($0) })
        let place = try #require(table.pick())
        _ = table.connectFailed(place)
        table.places.connectSucceeded(place)
        #expect((0..<2).map { _ in table.pick(at: 1) }.contains(place))
        #expect(table.connectFailed(place, at: 2), "it is news again")
    }

    @Test func doubtIsSharedByAllWorkers() throws {
        let endpoints = (1...2).map { endpoint($0) }
        let (one, other) = (Table(endpoints), Table(endpoints))
        let place = try #require(one.pick())
        #expect(one.connectFailed(place))
        #expect(!(0..<4).map { _ in other.pick() }.contains(place))
        #expect(!other.connectFailed(place, at: 1), "no news for anyone")
        other.places.connectSucceeded(place)
        #expect((0..<2).map { _ in one.pick(at: 2) }.contains(place))
    }

    @Test func aSecondTryPrefersWhatHasBeenReached() throws {
        let table = Table((1...3).map { endpoint($0) })
        let places = try (0..<3).map { _ in try #require(table.pick()) }
        table.places.connectSucceeded(places[1])
        #expect((0..<3).map { _ in table.pick(excluding: [places[0]]) } == [places[1], places[1], places[1]])
        _ = table.connectFailed(places[1])
        #expect(table.pick(excluding: [places[0]], at: 999) == places[2])
        #expect(table.pick(excluding: [places[0]], at: 1_000) == places[1])
    }

    @Test func oneRequestAtATimeTriesWhatIsNotProven() throws {
        let table = Table((1...2).map { endpoint($0) })
        let place = try #require(table.pick())
        table.connectBegan(place, until: 300)
        #expect((0..<3).map { _ in table.pick() }.allSatisfy { $0 != nil && $0 != place })
        #expect(Set((0..<2).map { _ in table.pick(at: 300) }).contains(place), "it takes too long: others may try")
        table.places.connectSucceeded(place)
        table.connectBegan(place, until: 900)
        #expect(Set((0..<2).map { _ in table.pick(at: 301) }).contains(place), "what is proven takes many at a time")
    }

    @Test func aServerThatEndsConnectionsAfterKeepingThemIsDoubted() throws {
        let table = Table((1...2).map { endpoint($0) })
        let place = try #require(table.pick())
        for _ in 0..<5 { table.closes(place, at: 0) }
        #expect((0..<2).map { _ in table.pick() }.contains(place), "it never kept one")
        table.places.answeredThatItKeeps(place)
        for _ in 0..<2 { table.closes(place, at: 0) }
        table.places.answeredThatItKeeps(place)
        for _ in 0..<2 { table.closes(place, at: 0) }
        #expect((0..<2).map { _ in table.pick() }.contains(place), "now and then every server ends one")
        table.closes(place, at: 0)
        #expect(!(0..<4).map { _ in table.pick(at: 999) }.contains(place))
        #expect((0..<2).map { _ in table.pick(at: 1_000) }.contains(place))
    }

    // ---- limits, trials, last resorts ---------------------------------------------------------------------------------

    @Test func anEndpointTakesNoMoreRequestsThanItMay() throws {
        let table = Table([.roundRobin]) { $0.capacity.requestsPerEndpointMax = 1 }
        _ = table.adopt([endpoint(1), endpoint(2)])
        let first = try #require(table.pick())
        #expect(table.begin(first) == .yes)
        #expect(table.begin(first) == .no, "another was first")
        let second = try #require(table.pick())
        #expect(second != first)
        #expect(table.pick(excluding: [second]) == nil)
        #expect(table.choose(excluding: [second]) == .busy)
        #expect(table.begin(second) == .yes)
        #expect(table.choose() == .busy)
        table.places.end(first)
        #expect(table.pick() == first)
    }

    @Test func anEndpointGetsNoMoreConnectionsThanItMay() throws {
        let table = Table([.roundRobin]) { $0.capacity.connectionsPerEndpointMax = 1 }
        _ = table.adopt([endpoint(1)])
        let place = try #require(table.pick())
        #expect(table.connectionOpens(place))
        #expect(!table.connectionOpens(place))
        #expect(table.choose() == .busy)
        table.places[place].firstIdle = 3
        #expect(table.pick() == place, "one is idle")
        table.places[place].firstIdle = -1
        table.places.connectionClosed(place)
        #expect(table.pick() == place)
    }

    @Test func oneRepeatableRequestAtATimeIsATrial() throws {
        let table = Table([endpoint(1), Endpoint(address: .anyIPv4(port: 2), standing: .trial)])
        #expect(Set(table.ports(picks: 4)) == [1], "a request that cannot be repeated is none")
        let place = try #require((0..<2).compactMap { _ in table.pick(mayProve: true) }.first { table.port($0) == 2 })
        #expect(table.begin(place) == .onTrial)
        #expect(table.begin(place) == .no)
        #expect((0..<4).compactMap { _ in table.pick(mayProve: true) }.allSatisfy { table.port($0) == 1 })
        table.places.trialEnded(place)
        #expect((0..<2).compactMap { _ in table.pick(mayProve: true) }.contains(place))
    }

    @Test func anyRequestIsATrialWhenNoneCameThatAnotherCouldServe() {
        let table = Table([endpoint(1), Endpoint(address: .anyIPv4(port: 2), standing: .trial)])
        #expect((0..<4).compactMap { _ in table.pick(at: 999) }.allSatisfy { table.port($0) == 1 })
        #expect((0..<2).compactMap { _ in table.pick(at: 1_000) }.contains { table.port($0) == 2 })
    }

    @Test func whoeverIsLeftIsTheLastResort() throws {
        let table = Table([
            Endpoint(address: .anyIPv4(port: 1), standing: .draining),
            Endpoint(address: .anyIPv4(port: 2), standing: .resting), endpoint(3),
        ])
        var tried: [Int] = []
        var ports: [UInt16] = []
        while let place = table.pick(excluding: tried) {
            tried.append(place)
            ports.append(table.port(place))
        }
        #expect(ports == [3, 2, 1], "those that leave come last")
    }

    @Test func failuresInARowAreToldAtEachThreshold() throws {
        let table = Table([.roundRobin]) { $0.ejection.consecutiveFailures = 3 }
        _ = table.adopt([endpoint(1)])
        let place = try #require(table.pick())
        #expect((1...7).map { _ in table.failed(place) } == [nil, nil, 3, nil, nil, 6, nil])
        table.places.succeeded(place, after: 100, Instant(microseconds: 0))
        #expect((1...3).map { _ in table.failed(place) } == [nil, nil, 3])
    }

    /// Three requests wait there since second 1 and none is answered, while another endpoint answers one that came later.
    @Test func whoAnswersNobodyWhileOthersDoSeemsToHang() throws {
        let table = Table([endpoint(1), endpoint(2)])
        let places = try (0..<2).map { _ in try #require(table.pick()) }
        table.answered(places[0], sent: 500, at: 900)
        for _ in 0..<2 { _ = table.begin(places[0]) }
        table.answered(places[1], sent: 900, at: 2_000)
        #expect(table.seemsToHang(places[0], since: 1_000, isTrial: true) == false, "the other's came before")
        table.answered(places[1], sent: 1_500, at: 2_000)
        #expect(table.seemsToHang(places[0], since: 1_000) == false, "two requests may be slow ones")
        #expect(table.seemsToHang(places[0], since: 1_000, isTrial: true), "a trial is alone")
        _ = table.failed(places[0])
        #expect(table.seemsToHang(places[0], since: 1_000), "nor does it seem well")
        table.places.succeeded(places[0], after: 1, Table.moment(0))
        _ = table.begin(places[0])
        #expect(table.seemsToHang(places[0], since: 1_000))
        #expect(table.seemsToHang(places[0], since: 1_600) == false, "nobody was faster than this one")
        table.answered(places[0], sent: 800, at: 2_500)
        #expect(table.seemsToHang(places[0], since: 1_000, isTrial: true) == false, "it has answered somebody")
    }

    @Test func anAlternativeIsSoundAndUntried() throws {
        let table = Table((1...2).map { endpoint($0) })
        let places = try (0..<2).map { _ in try #require(table.pick()) }
        #expect(table.hasAlternative(to: []))
        #expect(table.hasAlternative(to: [places[0]]))
        #expect(!table.hasAlternative(to: places))
        #expect(table.connectFailed(places[1]))
        #expect(!table.hasAlternative(to: [places[0]]))
        #expect(table.hasAlternative(to: [places[0]], at: 1_000))
    }
}

extension TriedEndpoints {
    fileprivate init(_ numbers: [Int32]) {
        self.init()
        for number in numbers { insert(number) }
    }
}
