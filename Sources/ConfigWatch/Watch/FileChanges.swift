import ProxyCore

/// When files that change are to be read again: once after each burst of changes.
///
/// A value without clock: signs of a change and what the files look like go in, with their moment; what comes out is when
/// to look, and whether it was a change.
struct FileChanges {
    /// What has been noticed.
    enum Sign {
        /// A file was written or replaced.
        case change
        /// Something happened of which only a look at the files tells whether it matters.
        case hint
    }

    /// A burst is over when so long nothing has happened: an editor writes, sets permissions and renames within a few
    /// milliseconds.
    static let quietMilliseconds: Milliseconds = 50
    /// One that does not end is not waited for any longer than this.
    static let patienceMilliseconds: Milliseconds = 500

    /// What the files looked like before they were last read.
    private var stamps: [String: FileStamp] = [:]
    private var burst: (began: Instant, last: Instant)?
    private var isCertain = false

    /// The files are these from now on. What is new among them was read before it was watched, so it is read again.
    mutating func follow(_ next: [String: FileStamp], at now: Instant) {
        let hasNew = next.keys.contains { stamps[$0] == nil }
        stamps = next.merging(stamps) { $1 }.filter { next[$0.key] != nil }
        if hasNew { note(.change, at: now) }
    }

    mutating func note(_ sign: Sign, at now: Instant) {
        burst = (burst?.began ?? now, now)
        if sign == .change { isCertain = true }
    }

    /// When to look at the files; nil while nothing was noticed.
    var due: Instant? {
        burst.map { min($0.last + Self.quietMilliseconds, $0.began + Self.patienceMilliseconds) }
    }

    /// Looks at the files when that is due.
    ///
    /// - Returns: whether they are to be read again.
    mutating func settle(_ seen: [String: FileStamp], at now: Instant) -> Bool {
        guard let due, due <= now else { return false }
        defer {
            stamps = seen
            burst = nil
            isCertain = false
        }
        return isCertain || seen != stamps
    }

    /// Looks at the files though nothing was noticed: some changes cannot be, such as those in another mount namespace.
    mutating func compare(_ seen: [String: FileStamp], at now: Instant) {
        if burst == nil && seen != stamps { note(.change, at: now) }
    }
}
