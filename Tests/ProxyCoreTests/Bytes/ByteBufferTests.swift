import Testing

@testable import ProxyCore

@Suite struct ByteBufferTests {
    @Test func appendsBehindWhatIsThere() {
        var buffer = ByteBuffer(capacity: 16)
        buffer.append("ab")
        buffer.append(ASCII.dash)
        [UInt8](latin1: "cd").withRaw { buffer.append($0) }
        buffer.append("e")
        buffer.append("")
        #expect(buffer.text == "ab-cde")
        #expect((buffer.count, buffer.room, buffer.capacity) == (6, 10, 16))
    }

    @Test(arguments: [0, 1, 9, 10, 99, 100, 101, 65_535, 1_000_000, Int.max])
    func decimalsAreWrittenAsSwiftWritesThem(number: Int) {
        #expect(written { $0.append(decimal: number) } == "\(number)")
    }

    @Test func everyPowerOfTenHasItsDigits() {
        var power = 1
        while power < Int.max / 10 {
            power *= 10
            for number in [power - 1, power, power + 1] {
                #expect(written { $0.append(decimal: number) } == "\(number)")
            }
        }
    }

    @Test func twoDigitsArePadded() {
        #expect(written { out in for number in [0, 7, 10, 59, 99] { out.append(twoDigits: number) } } == "0007105999")
    }

    @Test func consumingAllMakesRoomAgain() {
        var buffer = ByteBuffer(latin1: "abcdef")
        buffer.consume(2)
        #expect(buffer.text == "cdef")
        #expect(buffer.room == 0, "what was consumed in front is no room behind")
        buffer.consume(0)
        buffer.consume(4)
        #expect((buffer.text, buffer.room) == ("", 6))
    }

    @Test func compactingMovesTheContentToTheFront() {
        var buffer = ByteBuffer(latin1: "abcdef")
        buffer.compact()
        #expect(buffer.text == "abcdef")
        buffer.consume(1)
        buffer.compact()
        #expect((buffer.text, buffer.room) == ("bcdef", 1))
    }

    @Test func truncatingCountsFromTheFrontOfTheContent() {
        var buffer = ByteBuffer(latin1: "abcdef")
        buffer.consume(2)
        buffer.truncate(to: 3)
        #expect(buffer.text == "cde")
        buffer.truncate(to: 0)
        #expect(buffer.text == "")
    }

    @Test func prependsIntoTheRoomThatAResetLeft() {
        var buffer = ByteBuffer(capacity: 8)
        buffer.reset(startingAt: 2)
        buffer.append("c")
        buffer.prepend(0x62)
        buffer.prepend(0x61)
        #expect((buffer.text, buffer.room) == ("abc", 5))
        buffer.reset()
        #expect((buffer.text, buffer.room) == ("", 8))
    }

    @Test func fillTakesWhatWasFilledAndNothingOfAFailure() {
        var buffer = ByteBuffer(capacity: 4)
        var offered: [Int] = []
        for (limit, result) in [(2, 2), (9, -11), (9, 0), (9, 1)] {
            let count = unsafe buffer.fill(atMost: limit) { memory, room in
                offered.append(room)
                if result > 0 { unsafe memory.initializeMemory(as: UInt8.self, repeating: 0x78, count: result) }
                return result
            }
            #expect(count == result)
        }
        #expect(offered == [2, 2, 2, 2])
        #expect(buffer.text == "xxx")
    }

    @Test func takingLeavesABufferWithoutABlock() {
        var buffer = ByteBuffer(latin1: "abc")
        let taken = buffer.take()
        #expect(taken.text == "abc")
        #expect((buffer.count, buffer.capacity) == (0, 0))
    }

    // ---- bounds -----------------------------------------------------------------------------------------------------

    @Test func whatDoesNotFitEndsTheProcess() async {
        await #expect(processExitsWith: .failure) {
            var buffer = ByteBuffer(latin1: "ab")
            buffer.append(0x63)
        }
        await #expect(processExitsWith: .failure) {
            var buffer = ByteBuffer(capacity: 2)
            buffer.append("abc")
        }
        await #expect(processExitsWith: .failure) {
            var buffer = ByteBuffer(capacity: 2)
            [1, 2, 3].withRaw { buffer.append($0) }
        }
        await #expect(processExitsWith: .failure) {
            var buffer = ByteBuffer()
            buffer.append("a")
        }
        await #expect(processExitsWith: .failure) {
            var buffer = ByteBuffer(capacity: 2)
            buffer.prepend(0x61)
        }
    }

    @Test func takingMoreThanThereIsEndsTheProcess() async {
        await #expect(processExitsWith: .failure) {
            var buffer = ByteBuffer(latin1: "ab")
            buffer.consume(3)
        }
        await #expect(processExitsWith: .failure) {
            var buffer = ByteBuffer(latin1: "ab")
            buffer.truncate(to: 3)
        }
        await #expect(processExitsWith: .failure) {
            var buffer = ByteBuffer(latin1: "ab")
            buffer.consume(-1)
        }
        await #expect(processExitsWith: .failure) {
            var buffer = ByteBuffer(latin1: "ab")
            buffer.reset(startingAt: 3)
        }
    }

    @Test func readingPastTheContentEndsTheProcess() async {
        await #expect(processExitsWith: .failure) {
            var buffer = ByteBuffer(latin1: "ab")
            buffer.truncate(to: 1)
            #expect(buffer.bytes.byte(1) == 0, "the block is larger than what it holds")
        }
        await #expect(processExitsWith: .failure) {
            let buffer = ByteBuffer(latin1: "1234567")
            #expect(buffer.bytes.word(0) == 0)
        }
    }

    @Test func fillingMoreThanWasOfferedEndsTheProcess() async {
        await #expect(processExitsWith: .failure) {
            var buffer = ByteBuffer(capacity: 4)
            _ = unsafe buffer.fill(atMost: 2) { _, _ in 3 }
        }
    }
}
