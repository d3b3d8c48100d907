/// A worker's encoders: so many that their memory stays within `Limits.encoderBytesMax`, and a few that wait to be used
/// again, because an encoder is expensive to make.
struct EncoderPool: ~Copyable {
    private var gzip = IdleEncoders()
    private var zstd = IdleEncoders()
    /// What those in use may take.
    private var bytesInUse = 0

    /// An encoder for one answer.
    ///
    /// - Returns: nil where there is no memory for one: the answer then goes out in another coding, or as it is.
    mutating func take(_ coding: CompressionSettings.Coding, level: Int) -> Encoder? {
        let bytes = Encoder.bytesMax(coding)
        guard bytesInUse + bytes <= Limits.encoderBytesMax else { return nil }
        let idle: Encoder? =
            switch coding {
            case .gzip: gzip.take()
            case .zstd: zstd.take()
            case .brotli: nil
            }
        if let idle, idle.reset(level: level) {
            bytesInUse += bytes
            return idle
        }
        guard let made = Encoder.make(coding, level: level) else { return nil }
        bytesInUse += bytes
        return made
    }

    /// Takes an encoder back, whatever state it is in.
    mutating func give(_ encoder: consuming Encoder) {
        let coding = encoder.coding
        bytesInUse -= Encoder.bytesMax(coding)
        switch coding {
        case .gzip: gzip.give(encoder)
        case .zstd: zstd.give(encoder)
        case .brotli: break
        }
    }
}

/// Encoders of one coding that nobody uses, last in, first out.
@safe
private struct IdleEncoders: ~Copyable {
    private static let countMax = 8

    private let places: UnsafeMutablePointer<Encoder>
    private var count = 0

    init() { unsafe places = .allocate(capacity: Self.countMax) }

    deinit {
        unsafe places.deinitialize(count: count)
        unsafe places.deallocate()
    }

    mutating func take() -> Encoder? {
        guard count > 0 else { return nil }
        count -= 1
        return unsafe (places + count).move()
    }

    mutating func give(_ encoder: consuming Encoder) {
        guard count < Self.countMax else { return }
        unsafe (places + count).initialize(to: encoder)
        count += 1
    }
}
