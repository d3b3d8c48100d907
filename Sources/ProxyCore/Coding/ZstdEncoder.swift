import CZstd

/// Zstandard (RFC 8878), with a window of 128 KiB: far below the 8 MiB that every decoder for the Web has
/// (RFC 9659).
@safe
struct ZstdEncoder: ~Copyable {
    /// Measured with version 1.5.4: at most 1.4 MiB, at levels 3 and 4.
    static let bytesMax = 1_536 * 1024

    private static let windowBits: Int32 = 17
    /// Left alone, the tables of the higher levels take 13 MiB, for a hundredth of the output.
    private static let tableBits: Int32 = 16

    private let context: OpaquePointer

    init?(level: Int) {
        guard let context = unsafe ZSTD_createCCtx() else { return nil }
        guard unsafe Self.set(context, level: level) else {
            _ = unsafe ZSTD_freeCCtx(context)
            return nil
        }
        unsafe self.context = context
    }

    deinit { _ = unsafe ZSTD_freeCCtx(context) }

    func reset(level: Int) -> Bool {
        guard unsafe ZSTD_isError(ZSTD_CCtx_reset(context, ZSTD_reset_session_only)) == 0 else { return false }
        return unsafe Self.set(context, level: level)
    }

    private static func set(_ context: OpaquePointer, level: Int) -> Bool {
        for (parameter, value) in [
            (ZSTD_c_compressionLevel, Int32(level)), (ZSTD_c_windowLog, windowBits),
            (ZSTD_c_hashLog, tableBits), (ZSTD_c_chainLog, tableBits),
        ] {
            guard unsafe ZSTD_isError(ZSTD_CCtx_setParameter(context, parameter, value)) == 0 else { return false }
        }
        return true
    }

    func encode(
        _ input: RawSpan, _ operation: Encoder.Operation, into out: inout ByteBuffer, atMost limit: Int
    ) -> Encoder.Progress? {
        let directive =
            switch operation {
            case .goOn: ZSTD_e_continue
            case .flush: ZSTD_e_flush
            case .finish: ZSTD_e_end
            }
        var left = 0
        var taken = 0
        unsafe input.withUnsafeBytes { source in
            var from = unsafe ZSTD_inBuffer(src: source.baseAddress, size: source.count, pos: 0)
            _ = unsafe out.fill(atMost: limit) { memory, count in
                var to = unsafe ZSTD_outBuffer(dst: memory, size: count, pos: 0)
                left = unsafe ZSTD_compressStream2(context, &to, &from, directive)
                return unsafe to.pos
            }
            taken = unsafe from.pos
        }
        guard ZSTD_isError(left) == 0 else { return nil }
        let isDone = taken == input.byteCount && (operation == .goOn || left == 0)
        return Encoder.Progress(taken: taken, isDone: isDone)
    }
}
