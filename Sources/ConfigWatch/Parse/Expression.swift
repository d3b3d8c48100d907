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
    }

    /// - Returns: those of no expression where there is none; nil where it is wrong, which was said elsewhere.
    static func groups(of pattern: String?, ignoresCase: Bool) -> Groups? {
        guard pattern != nil else { return Groups() }
        return nil
    }
}
