/// Where a body ends (RFC 9112 section 6.3), and how much of it is still to come.
enum BodyFraming: Equatable {
    /// So many bytes are still to come.
    case length(Int)
    case chunked(ChunkedDecoder)
    /// The body ends where the connection does.
    case untilClose

    /// What a scan of bytes found.
    enum Scan: Equatable {
        /// The first so many bytes are part of the body; the rest belongs to what comes behind it.
        case body(Int)
        case malformed
    }

    /// Nothing more belongs to the body.
    var isFinished: Bool {
        switch self {
        case .length(let remaining): remaining == 0
        case .chunked(let decoder): decoder.isFinished
        case .untilClose: false
        }
    }

    /// Follows the body through `bytes` from `start` on.
    mutating func scan(_ bytes: RawSpan, from start: Int) -> Scan {
        let available = bytes.byteCount - start
        switch self {
        case .length(let remaining):
            let count = min(remaining, available)
            self = .length(remaining - count)
            return .body(count)
        case .untilClose:
            return .body(available)
        case .chunked(var decoder):
            var index = start
            while index < bytes.byteCount, !decoder.isFinished {
                switch decoder.step(bytes, from: index) {
                case .framing(let end), .data(let end): index = end
                case .malformed: return .malformed
                }
            }
            self = .chunked(decoder)
            return .body(index - start)
        }
    }
}
