import CZlib

/// zlib's deflate in the gzip format (RFC 1952), with its whole window of 32 KiB.
@safe
struct GzipEncoder: ~Copyable {
    /// zconf.h: `(1 << (windowBits + 2)) + (1 << (memLevel + 9))`, and a few KiB for the state.
    static let bytesMax = 272 * 1024

    private static let windowBits: Int32 = 15
    /// Added to the window's bits, it asks for gzip's header and trailer.
    private static let gzipFormat: Int32 = 16
    private static let memoryLevel: Int32 = 8

    private let stream: UnsafeMutablePointer<z_stream>

    init?(level: Int) {
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        let code = unsafe deflateInit2_(
            stream, Int32(level), Z_DEFLATED, Self.windowBits + Self.gzipFormat, Self.memoryLevel, Z_DEFAULT_STRATEGY,
            ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard code == Z_OK else {
            unsafe stream.deallocate()
            return nil
        }
    }

    deinit {
        _ = unsafe deflateEnd(stream)
        unsafe stream.deallocate()
    }

    func reset(level: Int) -> Bool {
        guard unsafe deflateReset(stream) == Z_OK else { return false }
        // On a stream that has taken nothing yet this changes numbers only.
        return unsafe deflateParams(stream, Int32(level), Z_DEFAULT_STRATEGY) == Z_OK
    }

    func encode(
        _ input: RawSpan, _ operation: Encoder.Operation, into out: inout ByteBuffer, atMost limit: Int
    ) -> Encoder.Progress? {
        let flush =
            switch operation {
            case .goOn: Z_NO_FLUSH
            case .flush: Z_SYNC_FLUSH
            case .finish: Z_FINISH
            }
        var code = Z_OK
        var room = 0
        unsafe input.withUnsafeBytes { source in
            // zlib's declaration lacks a const; it only reads.
            let from = unsafe source.baseAddress?.assumingMemoryBound(to: UInt8.self)
            unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: from)
            unsafe stream.pointee.avail_in = UInt32(source.count)
            _ = unsafe out.fill(atMost: limit) { memory, count in
                unsafe stream.pointee.next_out = memory.assumingMemoryBound(to: UInt8.self)
                unsafe stream.pointee.avail_out = UInt32(count)
                code = unsafe deflate(stream, flush)
                room = unsafe Int(stream.pointee.avail_out)
                return count - room
            }
        }
        let left = unsafe Int(stream.pointee.avail_in)
        unsafe stream.pointee.next_in = nil
        unsafe stream.pointee.next_out = nil
        let taken = input.byteCount - left
        switch code {
        case Z_STREAM_END: return Encoder.Progress(taken: taken, isDone: true)
        // Z_BUF_ERROR says that nothing was left to do, which is no error (zlib.h).
        case Z_OK, Z_BUF_ERROR:
            let isDone =
                switch operation {
                case .goOn: left == 0
                case .flush: left == 0 && room > 0
                case .finish: false
                }
            return Encoder.Progress(taken: taken, isDone: isDone)
        default: return nil
        }
    }
}
