/// Reads one answer to a GET, however its bytes are cut, and keeps its status and the beginning of its body.
///
/// For those who ask seldom, such as health checks: it copies what it reads. Workers relay without it.
package struct ResponseReader: Sendable {
    package enum Progress: Equatable, Sendable {
        case reading
        /// The answer has ended, or all of the body that is kept is there.
        case complete
        /// It is no answer.
        case malformed
    }

    /// The status of the final answer, once its head is there.
    package private(set) var status: Int?
    /// Whether the answer's head leaves the connection open.
    package private(set) var keepsConnection = false
    package private(set) var body: [UInt8] = []
    private let bodyBytesMax: Int
    /// What came of the head, until it is whole.
    private var head: [UInt8] = []
    private var framing = BodyFraming.untilClose

    package init(bodyBytesMax: Int) { self.bodyBytesMax = bodyBytesMax }

    /// Takes what has arrived. Not to be called any more once it has answered something else than `reading`.
    package mutating func take(_ bytes: [UInt8]) -> Progress {
        guard status == nil else { return readBody(unsafe bytes.span.bytes) }
        head += bytes
        return readHead()
    }

    private mutating func readHead() -> Progress {
        while true {
            var parsed = ResponseHead()
            switch parsed.parse(unsafe head.span.bytes) {
            case .partial: return head.count <= Limits.headBytesMax ? .reading : .malformed
            case .refused: return .malformed
            case .complete(let length):
                let rest = Array(head[length...])
                head = []
                guard !parsed.isInterim else {
                    // Informational answers come first (RFC 9110 section 15.2); nobody has asked for a 101.
                    guard parsed.status != 101 else { return .malformed }
                    head = rest
                    continue
                }
                status = parsed.status
                keepsConnection = parsed.keepsConnection
                framing = parsed.body(toHead: false)
                return readBody(unsafe rest.span.bytes)
            }
        }
    }

    private mutating func readBody(_ bytes: RawSpan) -> Progress {
        var index = 0
        while index < bytes.byteCount, !framing.isFinished, body.count < bodyBytesMax {
            let start = index
            switch framing {
            case .chunked(var decoder):
                switch decoder.step(bytes, from: index) {
                case .malformed: return .malformed
                case .framing(let end): index = end
                case .data(let end):
                    index = end
                    keep(bytes, start..<end)
                }
                framing = .chunked(decoder)
            case .length(let remaining):
                index += min(remaining, bytes.byteCount - index)
                framing = .length(remaining - (index - start))
                keep(bytes, start..<index)
            case .untilClose:
                index = bytes.byteCount
                keep(bytes, start..<index)
            }
        }
        return framing.isFinished || body.count >= bodyBytesMax ? .complete : .reading
    }

    private mutating func keep(_ bytes: RawSpan, _ range: Range<Int>) {
        for index in range.prefix(bodyBytesMax - body.count) { body.append(bytes.byte(index)) }
    }
}
