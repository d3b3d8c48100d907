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
