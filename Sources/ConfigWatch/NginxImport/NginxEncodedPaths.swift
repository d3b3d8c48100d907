/// nginx matches expressions against decoded paths, and ours are matched against percent-encoded ones.
extension NginxExpression {
    /// The pattern that finds in percent-encoded paths what this finds in decoded ones.
    var ofEncodedPaths: String {
        guard Parse.isPlain(expression: pattern) else { return pattern }
        var text = ""
        var pieces = Parse.pieces(ofExpression: pattern)[...]
        while let piece = pieces.popFirst() {
            if piece.isBlanks, piece.place == .outside {
                text += "(?:%20|%0[9A-D])"
            } else if let bytes = piece.encodedBytes, piece.place == .outside {
                var escapes = bytes.map(Parse.escape)
                // Of several bytes, what repeats a character repeats the last one: patterns are bytes to nginx.
                if let next = pieces.first, next.place == .outside, ["?", "*", "+", "{"].contains(next.text) {
                    escapes.append("(?:\(escapes.removeLast()))")
                }
                text += escapes.joined()
            } else {
                text += piece.text
            }
        }
        return text
    }

    /// Whether it asks for characters that it does not find in percent-encoded paths.
    var losesCharacters: Bool {
        let isPlain = Parse.isPlain(expression: pattern)
        return Parse.pieces(ofExpression: pattern).contains { piece in
            guard piece.place == .inClass || (piece.place == .outside && !isPlain) else { return false }
            return piece.isBlanks || piece.encodedBytes != nil
        }
    }

    static let lossText =
        "its brackets find no blank or letter with an accent, as paths are percent-encoded here."
        + " What it refuses may be let in!"
}

extension Parse.ExpressionPiece {
    /// `\s` and the like.
    fileprivate var isBlanks: Bool { ["\\s", "\\h", "[:space:]", "[:blank:]"].contains(text) }

    /// Of a character that stands for itself, and in no path.
    fileprivate var encodedBytes: [UInt8]? {
        if let bytes = bytesInNoPath { return bytes }
        guard text.hasPrefix("\\") else { return nil }
        switch text.dropFirst() {
        case "t": return [9]
        case "n": return [10]
        case "r": return [13]
        case let code where code.hasPrefix("x"):
            guard let byte = UInt8(code.dropFirst().filter { $0.isHexDigit }, radix: 16) else { return nil }
            return byte <= 0x20 || byte >= 0x7F ? [byte] : nil
        default: return nil
        }
    }
}
