import Testing

@testable import ProxyCore

@Suite struct TimerWheelTests {
    /// The wheel's tick, and how far ahead its slots reach, in microseconds.
    private static let tick: Int64 = 1 << 14
    private static let horizon = tick * 4096

    private func expired(_ wheel: inout TimerWheel, at microseconds: Int64) -> [Int] {
        var places: [Int] = []
        while let place = wheel.nextExpired(Instant(microseconds: microseconds)) { places.append(place) }
        return places
    }

    private func wheel(at microseconds: Int64 = 0) -> TimerWheel {
        TimerWheel(capacity: 64, now: Instant(microseconds: microseconds))
    }

    @Test func aDeadlineComesAfterItsTimeAndOnce() {
        var wheel = wheel(at: 1_000_000)
        wheel.set(3, Instant(microseconds: 1_500_000))
        #expect(expired(&wheel, at: 1_499_999) == [])
        #expect(expired(&wheel, at: 1_500_000 + 2 * Self.tick) == [3])
        #expect(expired(&wheel, at: 9_000_000) == [])
        #expect(wheel.millisecondsToNext(Instant(microseconds: 9_000_000)) == -1)
    }

    @Test func aDeadlineThatIsTakenAwayDoesNotCome() {
        var wheel = wheel()
        wheel.set(0, Instant(microseconds: 100_000))
        wheel.set(1, Instant(microseconds: 100_000))
        wheel.set(0, nil)
        #expect(expired(&wheel, at: 200_000) == [1])
        wheel.set(0, nil)
        #expect(expired(&wheel, at: 300_000) == [])
    }

    @Test func aDeadlineMayMoveLaterAndEarlier() {
        var wheel = wheel()
        wheel.set(0, Instant(microseconds: 500_000))
        wheel.set(0, Instant(microseconds: 900_000))
        #expect(expired(&wheel, at: 800_000) == [])
        wheel.set(0, Instant(microseconds: 850_000))
        #expect(expired(&wheel, at: 849_999) == [])
        #expect(expired(&wheel, at: 850_000 + 2 * Self.tick) == [0])
    }

    @Test func aDeadlineThatHasPassedComesWithinATick() {
        var wheel = wheel(at: 10_000_000)
        wheel.set(0, Instant(microseconds: 1))
        #expect(wheel.millisecondsToNext(Instant(microseconds: 10_000_000)) <= 17)
        #expect(expired(&wheel, at: 10_000_000 + Self.tick) == [0])
    }

    /// An hour is many times as far as the slots reach.
    @Test(arguments: [1, 300, 10_000, 67_000, 68_000, 75_000, 3_600_000] as [Milliseconds])
    func whoeverWaitsAsLongAsTheWheelSaysIsHardlyLate(milliseconds: Milliseconds) {
        var now = Instant(microseconds: 123_456_789)
        var wheel = TimerWheel(capacity: 1, now: now)
        let deadline = now + milliseconds
        wheel.set(0, deadline)
        var turns: Int64 = 0
        while turns < 1_000, expired(&wheel, at: now.microseconds) == [] {
            now = now + Milliseconds(wheel.millisecondsToNext(now))
            turns += 1
        }
        #expect(now >= deadline && now.microseconds <= deadline.microseconds + 2 * Self.tick)
        #expect(turns <= 2 + milliseconds * 1000 / (Self.horizon - Self.tick), "it does not wake for nothing")
    }

    @Test func allThatAreDueComeAtOnceAfterALongSleep() {
        var wheel = wheel()
        for place in 0..<64 { wheel.set(place, Instant(microseconds: Int64(place + 1) * 3_000_000)) }
        #expect(expired(&wheel, at: 1_000_000_000).sorted() == Array(0..<64))
    }

    /// The wheel beside a table of deadlines, through random settings, moves, removals and sleeps.
    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func agreesWithATableOfDeadlines(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var now = Int64.random(in: 0...1_000_000_000_000, using: &random)
        var wheel = wheel(at: now)
        var deadlines = [Int64?](repeating: nil, count: 64)
        let spans = [Self.tick, 20 * Self.tick, 1_000_000, 30_000_000, Self.horizon, 3 * Self.horizon]
        for _ in 0..<3_000 {
            for _ in 0..<Int.random(in: 0...3, using: &random) {
                let place = Int.random(in: 0..<deadlines.count, using: &random)
                let span = Int64.random(in: 0...spans[Int.random(in: 0..<spans.count, using: &random)], using: &random)
                deadlines[place] = Int.random(in: 0..<4, using: &random) == 0 ? nil : now + span
                wheel.set(place, deadlines[place].map { Instant(microseconds: $0) })
            }
            let wait = wheel.millisecondsToNext(Instant(microseconds: now))
            checkWait(wait, now, deadlines)
            // As long as the wheel says, or less, as for an event, or more, as on a busy machine.
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<4: now += Int64(max(0, wait)) * 1000
            case 4..<9: now += Int64.random(in: 0...3 * Self.tick, using: &random)
            default: now += Int64.random(in: 0...2 * Self.horizon, using: &random)
            }
            for place in expired(&wheel, at: now) {
                let deadline = try #require(deadlines[place], "place \(place) has no deadline")
                #expect(deadline <= now, "\(deadline - now) us too early")
                deadlines[place] = nil
            }
            let late = deadlines.compactMap { $0 }.filter { $0 < now - 2 * Self.tick }
            #expect(late.isEmpty, "still not there: \(late) at \(now)")
        }
    }

    /// The wait ends, rounded up to a millisecond, when the slot of the first deadline is over, or earlier.
    private func checkWait(_ wait: Int32, _ now: Int64, _ deadlines: [Int64?]) {
        guard let first = deadlines.compactMap({ $0 }).min() else { return }
        let slotEnd = (max(first, now) / Self.tick + 1) * Self.tick
        #expect(wait > 0 && now + Int64(wait) * 1000 < slotEnd + 1000, "a wait of \(wait) ms at \(now) for \(first)")
    }
}
