/// A block of memory of fixed size and the part of it that is filled: `[start, end)`.
///
/// It is the one place where the data plane touches memory by address; everything else sees bounds-checked spans. The
/// block has one owner at a time, and freeing it twice or reading it after it was freed does not compile.
@safe
struct ByteBuffer: ~Copyable {
    private let base: UnsafeMutableRawPointer
    private let blockBytes: Int32
    private var start: Int32 = 0
    private var end: Int32 = 0

    init(capacity: Int) {
        precondition(capacity > 0)
        unsafe base = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
        blockBytes = Int32(capacity)
    }

    /// A buffer without a block, which holds nothing.
    init() {
        unsafe base = UnsafeMutableRawPointer(bitPattern: 16)!
        blockBytes = 0
    }

    deinit {
        if blockBytes > 0 { unsafe base.deallocate() }
    }

    /// Leaves a buffer without a block in its place.
    mutating func take() -> ByteBuffer {
        var taken = ByteBuffer()
        swap(&self, &taken)
        return taken
    }

    var capacity: Int { Int(blockBytes) }
    var count: Int { Int(end &- start) }
    var isEmpty: Bool { start == end }
    /// Bytes that can be appended.
    var room: Int { Int(blockBytes &- end) }

    /// The filled part.
    var bytes: RawSpan {
        @_lifetime(borrow self)
        get {
            let span = unsafe RawSpan(_unsafeStart: UnsafeRawPointer(base + Int(start)), byteCount: count)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// Forgets the content; the next byte goes `offset` bytes into the block.
    mutating func reset(startingAt offset: Int = 0) {
        precondition(offset >= 0 && offset <= capacity)
        start = Int32(offset)
        end = Int32(offset)
    }

    /// Takes `count` bytes off the front.
    mutating func consume(_ count: Int) {
        precondition(count >= 0 && count <= self.count)
        start &+= Int32(count)
        if start == end { reset() }
    }

    /// Takes the bytes after the first `count` off the end.
    mutating func truncate(to count: Int) {
        precondition(count >= 0 && count <= self.count)
        end = start &+ Int32(count)
    }

    /// Moves the content to the front of the block, so that all free room is behind it.
    mutating func compact() {
        guard start > 0 else { return }
        unsafe base.copyMemory(from: base + Int(start), byteCount: count)
        end = Int32(count)
        start = 0
    }

    mutating func append(_ byte: UInt8) {
        precondition(end < blockBytes)
        unsafe base.storeBytes(of: byte, toByteOffset: Int(end), as: UInt8.self)
        end &+= 1
    }

    /// Appends eight bytes, the first from the lowest bits.
    mutating func append(word: UInt64) {
        precondition(room >= 8)
        unsafe base.storeBytes(of: word.littleEndian, toByteOffset: Int(end), as: UInt64.self)
        end &+= 8
    }

    mutating func append(_ bytes: RawSpan) {
        let count = bytes.byteCount
        precondition(count <= room)
        unsafe bytes.withUnsafeBytes { source in
            guard let from = source.baseAddress else { return }
            unsafe (base + Int(end)).copyMemory(from: from, byteCount: count)
        }
        end &+= Int32(count)
    }

    mutating func append(_ text: StaticString) {
        let count = text.utf8CodeUnitCount
        precondition(count <= room)
        unsafe (base + Int(end)).copyMemory(from: text.utf8Start, byteCount: count)
        end &+= Int32(count)
    }

    /// Appends a decimal number.
    mutating func append(decimal number: Int) {
        precondition(number >= 0)
        var divisor = 1
        while number / divisor >= 10 { divisor *= 10 }
        var rest = number
        while divisor > 0 {
            append(ASCII.zero &+ UInt8(truncatingIfNeeded: rest / divisor))
            rest %= divisor
            divisor /= 10
        }
    }

    /// Writes bytes directly before the content, into room that `reset(startingAt:)` left there.
    mutating func prepend(_ byte: UInt8) {
        precondition(start > 0)
        start &-= 1
        unsafe base.storeBytes(of: byte, toByteOffset: Int(start), as: UInt8.self)
    }

    /// Lets `body` fill at most `limit` bytes of the free room. It answers how many it filled, or a negative number.
    mutating func fill(atMost limit: Int, _ body: (UnsafeMutableRawPointer, Int) -> Int) -> Int {
        let count = unsafe body(base + Int(end), min(limit, room))
        precondition(count <= min(limit, room))
        if count > 0 { end &+= Int32(count) }
        return count
    }
}
