import Testing

@testable import ProxyCore

@Suite struct RequestIDTests {
    private func hex(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }

    @Test func isWrittenAs32HexadecimalDigits() {
        #expect(written(room: 32) { freshID.write(to: &$0) } == freshIDText)
        var random = SeededGenerator(seed: 3)
        for _ in 0..<1000 {
            let id = RequestID(high: random.next(), low: random.next() >> UInt64.random(in: 0..<64, using: &random))
            #expect(written { id.write(to: &$0) } == hex(id.high) + hex(id.low))
        }
    }

    @Test func sequencesDoNotRepeatNorMeet() {
        var seen: Set<String> = []
        for _ in 0..<4 {
            var sequence = RequestID.Sequence()
            for _ in 0..<5_000 {
                let id = sequence.next()
                seen.insert(hex(id.high) + hex(id.low))
            }
        }
        #expect(seen.count == 20_000)
    }

    @Test func everyBitComesUp() {
        var sequence = RequestID.Sequence()
        var ones = RequestID(high: 0, low: 0)
        var zeros = RequestID(high: 0, low: 0)
        for _ in 0..<200 {
            let id = sequence.next()
            ones = RequestID(high: ones.high | id.high, low: ones.low | id.low)
            zeros = RequestID(high: zeros.high | ~id.high, low: zeros.low | ~id.low)
        }
        #expect([ones.high, ones.low, zeros.high, zeros.low] == [.max, .max, .max, .max])
    }

    @Test func lettersDigitsDotDashAndUnderscoreAreAcceptable() {
        let accepted = UInt8.all.filter { byte in [byte].withRaw { RequestID.isAcceptable($0, 0..<1) } }
        let members = "-._0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
        #expect(accepted == members.utf8.sorted())
    }

    @Test(arguments: [(0, false), (1, true), (128, true), (129, false)])
    func lengths(count: Int, isAcceptable: Bool) {
        let bytes = [UInt8](repeating: 0x61, count: count + 2)
        #expect(bytes.withRaw { RequestID.isAcceptable($0, 1..<count + 1) } == isAcceptable)
    }
}
