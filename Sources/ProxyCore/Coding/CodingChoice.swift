/// The content codings in which an answer may go to a client, the best first (RFC 9110 section 12.5.3).
struct CodingChoice: Equatable {
    /// Two bits for each place, from the lowest on: 0 for none, else a coding's number.
    private var places: UInt8 = 0

    init() {}

    var isEmpty: Bool { places == 0 }

    /// Takes the best one off.
    mutating func next() -> CompressionSettings.Coding? {
        let number = places & 3
        places >>= 2
        return CompressionSettings.Coding(number: number)
    }

    /// What `head` accepts of `offered`, by the client's preference, and among equals by the order of `offered`.
    ///
    /// Who sends no Accept-Encoding gets no coding: it may understand any, but most likely knows none. Where `identity` is
    /// named with a higher weight than a coding, that coding is not used.
    init(_ head: borrowing RequestHead, _ bytes: RawSpan, offered: [CompressionSettings.Coding]) {
        var accepted = AcceptedCodings()
        for index in 0..<head.fields.count {
            let line = head.fields[index]
            if bytes.equals(line.nameRange, ignoringCase: "accept-encoding") { accepted.note(bytes, line.value) }
        }
        var filled: UInt8 = 0
        while true {
            var best: CompressionSettings.Coding?
            var heaviest = 0
            for coding in offered where !contains(coding) {
                let weight = accepted.weight(coding.asContentCoding)
                if weight > heaviest, weight >= accepted.weight(.identity) { (best, heaviest) = (coding, weight) }
            }
            guard let best else { return }
            places |= best.number << filled
            filled += 2
        }
    }

    private func contains(_ coding: CompressionSettings.Coding) -> Bool {
        var rest = self
        while let next = rest.next() {
            if next == coding { return true }
        }
        return false
    }
}

extension CompressionSettings.Coding {
    var asContentCoding: ContentCoding {
        switch self {
        case .gzip: .gzip
        case .brotli: .brotli
        case .zstd: .zstd
        }
    }

    fileprivate var number: UInt8 {
        switch self {
        case .gzip: 1
        case .brotli: 2
        case .zstd: 3
        }
    }

    fileprivate init?(number: UInt8) {
        switch number {
        case 1: self = .gzip
        case 2: self = .brotli
        case 3: self = .zstd
        default: return nil
        }
    }
}
