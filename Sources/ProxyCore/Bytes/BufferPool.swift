/// A worker's blocks of two sizes. The block that was given back last is taken first, so that the busy ones stay in the
/// processor's cache.
struct BufferPool: ~Copyable {
    private var small = BlockStack(blockBytes: Limits.smallBlockBytes)
    private var large = BlockStack(blockBytes: Limits.largeBlockBytes)

    mutating func takeLarge() -> ByteBuffer { large.take() }

    /// A block that holds at least `count` bytes, of the smaller size where that suffices.
    mutating func take(holding count: Int) -> ByteBuffer {
        precondition(count <= Limits.largeBlockBytes)
        return count <= Limits.smallBlockBytes ? small.take() : large.take()
    }

    mutating func give(_ block: consuming ByteBuffer) {
        switch block.capacity {
        case Limits.largeBlockBytes: large.give(block)
        case Limits.smallBlockBytes: small.give(block)
        default: break
        }
    }

    mutating func give(_ block: consuming ByteBuffer?) {
        if let block { give(block) }
    }

    /// The same content in a block that has room for a read.
    mutating func enlarge(_ block: consuming ByteBuffer) -> ByteBuffer {
        if block.capacity == Limits.largeBlockBytes {
            if block.room < Limits.readBytes { block.compact() }
            return block
        }
        var enlarged = large.take()
        enlarged.append(block.bytes)
        give(block)
        return enlarged
    }

    /// What has to wait goes into the smallest block that holds it, so that many slow peers do not hold large blocks.
    mutating func park(_ block: consuming ByteBuffer) -> ByteBuffer? {
        if block.isEmpty {
            give(block)
            return nil
        }
        guard block.count <= Limits.smallBlockBytes / 2, block.capacity == Limits.largeBlockBytes else { return block }
        var parked = small.take()
        parked.append(block.bytes)
        large.give(block)
        return parked
    }
}

/// Free blocks of one size, last in, first out.
@safe
private struct BlockStack: ~Copyable {
    private let slots: UnsafeMutablePointer<ByteBuffer>
    private let blockBytes: Int
    private var count = 0

    init(blockBytes: Int) {
        self.blockBytes = blockBytes
        unsafe slots = .allocate(capacity: Limits.pooledBlocksMax)
    }

    deinit {
        unsafe slots.deinitialize(count: count)
        unsafe slots.deallocate()
    }

    mutating func take() -> ByteBuffer {
        guard count > 0 else { return ByteBuffer(capacity: blockBytes) }
        count -= 1
        var block = unsafe (slots + count).move()
        block.reset()
        return block
    }

    mutating func give(_ block: consuming ByteBuffer) {
        guard count < Limits.pooledBlocksMax else { return }
        unsafe (slots + count).initialize(to: block)
        count += 1
    }
}
