/// Puts bytes into a content coding (RFC 9110 section 8.4), a step at a time: gzip, brotli or zstd behind one face.
///
/// What an encoder holds lies in memory of its library, of bounded size (`bytesMax`). One step takes at most
/// `Limits.readBytes`, so that it is a matter of a millisecond or two.
enum Encoder: ~Copyable {
    case gzip(GzipEncoder)
    case brotli(BrotliEncoder)
    case zstd(ZstdEncoder)

    /// What follows the input of a step.
    enum Operation: UInt8 {
        /// More input. The encoder may keep what it has to find better matches.
        case goOn
        /// Nothing for now: what was put in so far can be decoded from what has come out.
        case flush
        /// Nothing any more.
        case finish
    }

    /// What a step has done.
    struct Progress: Equatable {
        /// Bytes of the input that were taken.
        var taken: Int
        /// The whole input was taken, and what the operation asks for has come out. Otherwise the same operation is to go
        /// on, with the rest of the input and room for output.
        var isDone: Bool
    }

    /// A step is given at least this much room: zlib repeats the end of a flush where it finds less than 6 bytes.
    static let roomMin = 64

    /// - Parameter level: 1 to 9.
    /// - Returns: nil where no memory can be had.
    static func make(_ coding: CompressionSettings.Coding, level: Int) -> Encoder? {
        switch coding {
        case .gzip:
            guard let encoder = GzipEncoder(level: level) else { return nil }
            return .gzip(encoder)
        case .brotli:
            guard let encoder = BrotliEncoder(level: level) else { return nil }
            return .brotli(encoder)
        case .zstd:
            guard let encoder = ZstdEncoder(level: level) else { return nil }
            return .zstd(encoder)
        }
    }

    /// What an encoder may take of memory.
    static func bytesMax(_ coding: CompressionSettings.Coding) -> Int {
        switch coding {
        case .gzip: GzipEncoder.bytesMax
        case .brotli: BrotliEncoder.bytesMax
        case .zstd: ZstdEncoder.bytesMax
        }
    }

    var coding: CompressionSettings.Coding {
        switch self {
        case .gzip: .gzip
        case .brotli: .brotli
        case .zstd: .zstd
        }
    }

    /// One step.
    ///
    /// - Parameter limit: the most that is appended to `out`, which has room for `roomMin` at least.
    /// - Returns: nil where the library has failed, after which the encoder is of no use.
    func encode(
        _ input: RawSpan, _ operation: Operation, into out: inout ByteBuffer, atMost limit: Int = .max
    ) -> Progress? {
        switch self {
        case .gzip(let encoder): encoder.encode(input, operation, into: &out, atMost: limit)
        case .brotli(let encoder): encoder.encode(input, operation, into: &out, atMost: limit)
        case .zstd(let encoder): encoder.encode(input, operation, into: &out, atMost: limit)
        }
    }

    /// Makes the encoder as good as new, at this level.
    ///
    /// - Returns: false where it cannot be used again.
    func reset(level: Int) -> Bool {
        switch self {
        case .gzip(let encoder): encoder.reset(level: level)
        case .brotli: false
        case .zstd(let encoder): encoder.reset(level: level)
        }
    }
}
