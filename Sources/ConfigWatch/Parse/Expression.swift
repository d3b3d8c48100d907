import ProxyCore

extension Parse {
    /// The groups that templates can name.
    struct Groups {
        var count = 0
        var names: [String] = []
    }

    /// - Parameter offset: Of the pattern in what a rejection is about.
    /// - Throws: what is wrong with an expression (pcre2pattern(3)), and where.
    static func checkExpression(_ pattern: String, ignoresCase: Bool = false, at offset: Int = 0) throws(Rejection) {
        do throws(RegularExpression.Mistake) {
            _ = try RegularExpression(pattern, ignoresCase: ignoresCase)
        } catch {
            let before = String(decoding: pattern.utf8.prefix(error.offset), as: UTF8.self)
            throw Rejection(
                "has a wrong expression: \(error.message)", at: offset + before.unicodeScalars.count)
        }
    }

    /// The same of an expression for paths, which are percent-encoded when they are compared.
    static func checkPathExpression(
        _ pattern: String, ignoresCase: Bool = false, at offset: Int = 0
    ) throws(Rejection) {
        try checkExpression(pattern, ignoresCase: ignoresCase, at: offset)
        guard isPlain(expression: pattern) else { return }
        var place = offset
        for piece in pieces(ofExpression: pattern) {
            if piece.place == .outside, let bytes = piece.bytesInNoPath {
                let name =
                    switch bytes[0] {
                    case 0x20: "a blank"
                    case ..<0x20, 0x7F: "a control character"
                    default: "\"\(String(decoding: bytes, as: UTF8.self))\""
                    }
                let escapes = bytes.map(escape).joined()
                throw Rejection(
                    "has \(name) in its expression, where paths are percent-encoded; write \(escapes) for it", at: place
                )
            }
            place += piece.text.unicodeScalars.count
        }
    }

    /// - Returns: those of no expression where there is none; nil where it is wrong, which was said elsewhere.
    static func groups(of pattern: String?, ignoresCase: Bool) -> Groups? {
        guard let pattern else { return Groups() }
        do {
            let expression = try RegularExpression(pattern, ignoresCase: ignoresCase)
            return Groups(count: expression.groupCount, names: expression.groupNames.map(\.name))
        } catch {
            return nil
        }
    }
}
