import Testing

@testable import ProxyCore

@Suite struct BufferPoolTests {
    /// Marks a block by its first byte, which stays in its memory when it is reset.
    private func mark(_ block: inout ByteBuffer, _ byte: UInt8) {
        block.reset()
        block.append(byte)
    }

    private func markLeft(in block: borrowing ByteBuffer, at offset: Int = 0) -> UInt8 {
        let bytes = block.bytes
        return bytes.byte(offset)
    }

    @Test(arguments: [
        (0, Limits.smallBlockBytes), (Limits.smallBlockBytes, Limits.smallBlockBytes),
        (Limits.smallBlockBytes + 1, Limits.largeBlockBytes), (Limits.largeBlockBytes, Limits.largeBlockBytes),
    ])
    func aBlockIsOfTheSmallestSizeThatHolds(count: Int, capacity: Int) {
        var pool = BufferPool()
        let block = pool.take(holding: count)
        #expect(block.capacity == capacity)
        let large = pool.takeLarge()
        #expect(large.capacity == Limits.largeBlockBytes)
    }

    @Test func theLastBlockGivenIsTakenFirstAndEmpty() {
        var pool = BufferPool()
        var one = pool.takeLarge()
        var two = pool.takeLarge()
        mark(&one, 1)
        mark(&two, 2)
        pool.give(one)
        pool.give(two)
        for expected: UInt8 in [2, 1] {
            var block = pool.takeLarge()
            #expect(block.count == 0)
            _ = unsafe block.fill(atMost: 1) { _, _ in 1 }
            #expect(markLeft(in: block) == expected)
        }
    }

    @Test func whatIsNoBlockOfThePoolIsNotKept() {
        var pool = BufferPool()
        pool.give(ByteBuffer())
        pool.give(ByteBuffer(capacity: 10))
        pool.give(ByteBuffer?.none)
        let small = pool.take(holding: 1)
        #expect(small.capacity == Limits.smallBlockBytes)
        let large = pool.takeLarge()
        #expect(large.capacity == Limits.largeBlockBytes)
    }

    @Test func moreBlocksThanAreKeptAreFreed() {
        var pool = BufferPool()
        for _ in 0..<Limits.pooledBlocksMax + 3 { pool.give(ByteBuffer(capacity: Limits.smallBlockBytes)) }
        for _ in 0..<Limits.pooledBlocksMax + 3 {
            let block = pool.take(holding: 1)
            #expect(block.capacity == Limits.smallBlockBytes)
        }
    }

    // ---- a read into what waits -------------------------------------------------------------------------------------

    @Test func aSmallBlockIsEnlargedWithItsContent() {
        var pool = BufferPool()
        var block = pool.take(holding: 10)
        block.append("abcdef")
        block.consume(2)
        let enlarged = pool.enlarge(block)
        #expect((enlarged.text, enlarged.capacity) == ("cdef", Limits.largeBlockBytes))
    }

    @Test func aLargeBlockIsCompactedOnlyWhereARoomForAReadIsMissing() {
        var pool = BufferPool()
        var block = pool.takeLarge()
        fill(&block, Limits.largeBlockBytes - Limits.readBytes)
        block.consume(100)
        block = pool.enlarge(block)
        #expect(block.room == Limits.readBytes, "there is room enough")
        block.append(0x61)
        block = pool.enlarge(block)
        #expect(block.room == Limits.readBytes + 99)
    }

    @Test func nothingIsParkedWhereNothingWaits() {
        var pool = BufferPool()
        let isParked = pool.park(pool.takeLarge()) != nil
        #expect(!isParked)
    }

    @Test(arguments: [
        (1, Limits.smallBlockBytes), (Limits.smallBlockBytes / 2, Limits.smallBlockBytes),
        (Limits.smallBlockBytes / 2 + 1, Limits.largeBlockBytes),
    ])
    func whatWaitsIsParkedInTheSmallestBlock(count: Int, capacity: Int) {
        var pool = BufferPool()
        var block = pool.takeLarge()
        fill(&block, count)
        guard let parked = pool.park(block) else {
            Issue.record("what waits is gone")
            return
        }
        #expect((parked.count, parked.capacity) == (count, capacity))
    }

    @Test func whatIsParkedAlreadyStaysWhereItIs() {
        var pool = BufferPool()
        var block = pool.take(holding: 1)
        block.append("abc")
        guard let parked = pool.park(block) else {
            Issue.record("what waits is gone")
            return
        }
        #expect((parked.text, parked.capacity) == ("abc", Limits.smallBlockBytes))
    }

    private func fill(_ block: inout ByteBuffer, _ count: Int) {
        for _ in 0..<count { block.append(0x78) }
    }
}
