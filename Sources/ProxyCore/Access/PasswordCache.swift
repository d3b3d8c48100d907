/// Credentials that were found right a while ago, so that a client's next requests need not wait again: their tags, of
/// which nothing can be told without the process's key.
struct PasswordCache {
    private struct Entry {
        var tag = CredentialKey.Tag(high: 0, low: 0)
        /// The moment at which it is worth nothing any more.
        var expires = Instant(microseconds: .min)
    }

    /// A tag may lie in any place of its row.
    private static let places = 4
    private static let rows = 256

    /// Empty until the first was found right.
    private var entries: [Entry] = []

    /// Whether the credentials with this tag were found right.
    func contains(_ tag: CredentialKey.Tag, _ now: Instant) -> Bool {
        guard !entries.isEmpty else { return false }
        let row = Self.row(of: tag)
        for place in row where entries[place].tag == tag && entries[place].expires > now { return true }
        return false
    }

    /// Notes that they are right. Where the row is full, that which would expire first goes.
    mutating func insert(_ tag: CredentialKey.Tag, _ now: Instant) {
        if entries.isEmpty { entries = Array(repeating: Entry(), count: Self.rows * Self.places) }
        var chosen = Self.row(of: tag).lowerBound
        for place in Self.row(of: tag) {
            if entries[place].tag == tag {
                chosen = place
                break
            }
            if entries[place].expires < entries[chosen].expires { chosen = place }
        }
        entries[chosen] = Entry(tag: tag, expires: now + Limits.passwordCacheMilliseconds)
    }

    private static func row(of tag: CredentialKey.Tag) -> Range<Int> {
        let first = Int(tag.low % UInt64(rows)) * places
        return first..<first + places
    }
}
