import Testing

@testable import ProxyCore

@Suite struct InstantTests {
    @Test func differencesAreInMilliseconds() {
        let moment = Instant(microseconds: 5_000_000)
        #expect((moment + 300).microseconds == 5_300_000)
        #expect((moment + 300) - moment == 300)
        #expect(Instant(microseconds: 5_001_999) - moment == 1, "rounded down")
        #expect(moment < moment + 1)
        #expect(moment + 1 < .distantFuture)
    }

    @Test func theClockOnlyGoesForward() {
        let moments = (0..<1_000).map { _ in Instant.read() }
        #expect(moments == moments.sorted())
    }
}
