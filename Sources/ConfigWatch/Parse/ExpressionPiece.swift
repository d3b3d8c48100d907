extension Parse {
    /// A character of an expression, or what stands for one: `a`, `\d`, `\x20`, `[:alpha:]`.
    struct ExpressionPiece: Equatable {
        enum Place {
            case outside, inClass, inComment
        }

        let text: String
        let place: Place

        /// Of a character that stands for itself, and that paths have only percent-encoded.
        var bytesInNoPath: [UInt8]? {
            let scalars = text.unicodeScalars
            guard let scalar = scalars.last, scalars.count == 1 || (scalars.count == 2 && scalars.first == "\\"),
                scalar.value <= 0x20 || scalar.value >= 0x7F
            else { return nil }
            return Array(String(scalar).utf8)
        }
    }

    /// All of `pattern` in pieces, as far as one has to know what is a class (pcre2pattern(3)).
    static func pieces(ofExpression pattern: String) -> [ExpressionPiece] {
        var pieces: [ExpressionPiece] = []
        var rest = pattern.unicodeScalars[...]
        var place = ExpressionPiece.Place.outside
        func take(_ count: Int) {
            pieces.append(ExpressionPiece(text: String(rest.prefix(count)), place: place))
            rest = rest.dropFirst(count)
        }
        while let first = rest.first {
            if first == "\\" {
                take(escapeCount(rest))
            } else if place == .inClass {
                if first == "[", let count = namedClassCount(rest) {
                    take(count)
                } else {
                    take(1)
                    if first == "]" { place = .outside }
                }
            } else if first == "[" {
                place = .inClass
                take(1)
                if rest.first == "^" { take(1) }
                // The first one is a member.
                if rest.first == "]" { take(1) }
            } else if rest.starts(with: "(?#".unicodeScalars) {
                place = .inComment
                take(rest.firstIndex(of: ")").map { rest.distance(from: rest.startIndex, to: $0) + 1 } ?? rest.count)
                place = .outside
            } else {
                take(1)
            }
        }
        return pieces
    }

    /// Whether all that is no operator stands for itself: there is neither `(?x)`, which skips blanks, nor `\Q`.
    static func isPlain(expression pattern: String) -> Bool {
        if pattern.contains("\\Q") { return false }
        return !pattern.split(separator: "(?", omittingEmptySubsequences: false).dropFirst().contains { piece in
            let flags = piece.prefix { $0.isLetter || $0 == "-" || $0 == "^" }
            let end = piece[flags.endIndex...].first
            return flags.prefix { $0 != "-" }.contains("x") && (end == ")" || end == ":")
        }
    }

    /// `%C3`
    static func escape(_ byte: UInt8) -> String {
        "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
    }

    /// `\d`, `\x20`, `\x{20}`
    private static func escapeCount(_ rest: Substring.UnicodeScalarView) -> Int {
        let behind = rest.dropFirst(2)
        guard rest.dropFirst().first == "x" else { return min(2, rest.count) }
        if behind.first == "{", let end = behind.firstIndex(of: "}") {
            return 3 + behind.distance(from: behind.startIndex, to: end)
        }
        return 2 + behind.prefix(2).prefix { $0.properties.isASCIIHexDigit }.count
    }

    /// `[:alpha:]` in a class.
    private static func namedClassCount(_ rest: Substring.UnicodeScalarView) -> Int? {
        guard rest.dropFirst().first == ":" else { return nil }
        let name = rest.dropFirst(2).prefix { $0.properties.isAlphabetic || $0 == "^" }
        let count = name.count + 4
        return rest.dropFirst(2 + name.count).starts(with: ":]".unicodeScalars) ? count : nil
    }
}
