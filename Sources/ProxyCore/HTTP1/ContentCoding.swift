/// How the content of an answer is coded (RFC 9110 section 8.4.1).
enum ContentCoding: UInt8, CaseIterable {
    case identity
    case brotli
    case zstd
    case gzip

    /// As Content-Encoding has it.
    var name: StaticString {
        switch self {
        case .identity: "identity"
        case .brotli: "br"
        case .zstd: "zstd"
        case .gzip: "gzip"
        }
    }
}

/// What a client says of content codings in its Accept-Encoding fields (RFC 9110 section 12.5.3): a weight for each, in
/// thousandths.
struct AcceptedCodings: Equatable {
    private static let unsaid: Int16 = -1

    private var brotli = Self.unsaid
    private var zstd = Self.unsaid
    private var gzip = Self.unsaid
    private var identity = Self.unsaid
    private var others = Self.unsaid

    /// A client that says nothing: it gets no coding, although it would have to take any.
    init() {}

    /// Takes in the value of one Accept-Encoding field. What cannot be understood says nothing.
    mutating func note(_ bytes: RawSpan, _ value: Range<Int>) {
        _ = bytes.forEachListElement(in: value) { element in
            var index = element.lowerBound
            while index < element.upperBound, ASCII.isToken(bytes.byte(index)) { index += 1 }
            let name = element.lowerBound..<index
            guard let weight = Self.weight(bytes, index..<element.upperBound) else { return true }
            if bytes.equals(name, ignoringCase: "gzip") || bytes.equals(name, ignoringCase: "x-gzip") {
                gzip = weight
            } else if bytes.equals(name, ignoringCase: "br") {
                brotli = weight
            } else if bytes.equals(name, ignoringCase: "zstd") {
                zstd = weight
            } else if bytes.equals(name, ignoringCase: "identity") {
                identity = weight
            } else if bytes.equals(name, "*") {
                others = weight
            }
            return true
        }
    }

    /// How much a coding is wanted: 0 for not at all, 1000 for most. Identity, which is always acceptable, has one only
    /// where it is named.
    func weight(_ coding: ContentCoding) -> Int {
        let said =
            switch coding {
            case .identity: max(0, identity)
            case .brotli: brotli
            case .zstd: zstd
            case .gzip: gzip
            }
        return Int(max(0, said == Self.unsaid ? others : said))
    }

    /// `[ OWS ";" OWS "q=" qvalue ]` (RFC 9110 section 12.4.2), 1000 where there is none.
    ///
    /// - Returns: nil for anything else.
    private static func weight(_ bytes: RawSpan, _ range: Range<Int>) -> Int16? {
        let parameter = bytes.trimmingBlanks(range)
        guard !parameter.isEmpty else { return 1000 }
        guard bytes.byte(parameter.lowerBound) == ASCII.semicolon else { return nil }
        let pair = bytes.trimmingBlanks(parameter.lowerBound + 1..<parameter.upperBound)
        guard pair.count >= 3, bytes.equals(pair.lowerBound..<pair.lowerBound + 2, ignoringCase: "q=") else {
            return nil
        }
        let whole = bytes.byte(pair.lowerBound + 2) &- ASCII.zero
        let decimals = pair.lowerBound + 3..<pair.upperBound
        guard whole <= 1, decimals.count <= 4 else { return nil }
        var weight = Int16(whole) * 1000
        guard let point = decimals.first else { return weight }
        guard bytes.byte(point) == ASCII.point else { return nil }
        var unit: Int16 = 100
        for index in decimals.dropFirst() {
            guard ASCII.isDigit(bytes.byte(index)) else { return nil }
            weight += Int16(bytes.byte(index) &- ASCII.zero) * unit
            unit /= 10
        }
        return weight <= 1000 ? weight : nil
    }
}
