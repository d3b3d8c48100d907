/// Which answers of a route go out in a content coding.
struct CompressionRule: Sendable {
    /// In the order of our preference.
    let codings: [CompressionSettings.Coding]
    let level: Int
    private let bytesMin: Int
    private let types: [MediaType]

    /// A media type, or all of a kind.
    private struct MediaType: Sendable {
        /// In lower case; of `text/*` it is `text/`.
        let text: [UInt8]
        let isWhole: Bool

        func covers(_ bytes: RawSpan, _ type: Range<Int>) -> Bool {
            guard isWhole ? type.count == text.count : type.count > text.count else { return false }
            for offset in text.indices {
                let byte = bytes.byte(type.lowerBound + offset)
                let isUpper = byte &- 0x41 < 26
                guard (isUpper ? byte | 0x20 : byte) == text[offset] else { return false }
            }
            return true
        }
    }

    /// What is to become of an answer.
    enum Verdict: Equatable {
        /// It goes out as it is.
        case leave
        /// It goes out in a coding that its client accepts.
        case encode(flushesAlways: Bool)
    }

    init(_ settings: CompressionSettings) {
        codings = settings.codings
        level = min(max(settings.level, 1), 9)
        // Nothing becomes shorter by a coding.
        bytesMin = max(settings.bytesMin, 1)
        types = settings.types.map { type in
            let text = Array(type.lowercased().utf8)
            if type == "*/*" || type == "*" { return MediaType(text: [], isWhole: false) }
            guard type.hasSuffix("/*") else { return MediaType(text: text, isWhole: true) }
            return MediaType(text: text.dropLast(), isWhole: false)
        }
    }

    /// Whether an answer of our own goes out in a coding: we know all that there is to know of it.
    ///
    /// - Parameter type: the value of its Content-Type field.
    func covers(status: Int, type: RawSpan, length: Int) -> Bool {
        Self.hasContent(status) && length >= bytesMin && covers(type, mediaType(type, 0..<type.byteCount))
    }

    /// Judges an answer of an upstream by its head.
    ///
    /// Left alone is what has no content or only a part of it (RFC 9110 section 15.3.7), is coded already, may not be
    /// transformed (RFC 9111 section 5.2.2.6), carries a digest of its content (RFC 9530), is too short, or is of a kind
    /// that is compact by itself.
    func verdict(_ head: borrowing ResponseHead, _ bytes: RawSpan) -> Verdict {
        guard Self.hasContent(head.status) else { return .leave }
        if let length = head.framing.contentLength, length < bytesMin { return .leave }
        var type: Range<Int>?
        for index in 0..<head.fields.count {
            let line = head.fields[index]
            guard line.name == .other else { continue }
            let name = line.nameRange
            switch name.count {
            case 6: if bytes.equals(name, ignoringCase: "digest") { return .leave }
            case 11:
                if bytes.equals(name, ignoringCase: "content-md5") || bytes.equals(name, ignoringCase: "repr-digest") {
                    return .leave
                }
            case 12: if bytes.equals(name, ignoringCase: "content-type") { type = line.value }
            case 13:
                if bytes.equals(name, ignoringCase: "cache-control"), forbidsTransforming(bytes, line.value) {
                    return .leave
                }
            case 14: if bytes.equals(name, ignoringCase: "content-digest") { return .leave }
            case 16:
                if bytes.equals(name, ignoringCase: "content-encoding"),
                    !bytes.equals(line.value, ignoringCase: "identity")
                {
                    return .leave
                }
            default: break
            }
        }
        guard let type = type.map({ mediaType(bytes, $0) }), covers(bytes, type) else { return .leave }
        return .encode(flushesAlways: bytes.equals(type, ignoringCase: "text/event-stream"))
    }

    /// Answers of this status have content, and the whole of it.
    private static func hasContent(_ status: Int) -> Bool {
        switch status {
        case ..<200, 204, 205, 206, 304: false
        default: true
        }
    }

    private func forbidsTransforming(_ bytes: RawSpan, _ value: Range<Int>) -> Bool {
        !bytes.forEachListElement(in: value) { !bytes.equals($0, ignoringCase: "no-transform") }
    }

    /// `value` without its parameters.
    private func mediaType(_ bytes: RawSpan, _ value: Range<Int>) -> Range<Int> {
        let end = value.first { bytes.byte($0) == ASCII.semicolon } ?? value.upperBound
        return bytes.trimmingBlanks(value.lowerBound..<end)
    }

    private func covers(_ bytes: RawSpan, _ type: Range<Int>) -> Bool {
        for index in types.indices where types[index].covers(bytes, type) { return true }
        return false
    }
}
