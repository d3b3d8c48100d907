import CLinux

/// A file that is open for requests, with its coded siblings, as it was when it was opened.
struct OpenFile: ~Copyable, Vacatable {
    /// The file itself, or a sibling that holds the same content in a coding.
    struct Representation {
        /// -1 where there is none.
        private(set) var descriptor: Int32 = -1
        private(set) var size = 0
        /// As it was when it was opened.
        private var status = clx_file()
        fileprivate(set) var validators = Validators(
            tag: EntityTag(size: 0, hash: 0, coding: .identity, isWeak: true), modified: 0)
        /// Where in `lines` those stand that every answer with this representation has.
        fileprivate(set) var lines = 0..<0
        /// The last of them: the ones that a 304 has too.
        fileprivate(set) var validatorLines = 0..<0

        /// None, as of a file of that size.
        init(size: Int = 0) { self.size = size }

        fileprivate init(_ descriptor: Int32, _ status: clx_file) {
            self.descriptor = descriptor
            self.status = status
            size = Int(status.size)
        }

        /// Nobody has written to it since it was opened.
        var isUnchanged: Bool {
            var present = clx_file()
            return unsafe clx_file_status(descriptor, &present) == 0 && present.size == status.size
                && present.modified_seconds == status.modified_seconds
                && present.modified_nanoseconds == status.modified_nanoseconds
                && present.changed_seconds == status.changed_seconds
                && present.changed_nanoseconds == status.changed_nanoseconds
        }

        /// Appends a part of the content, in one pread(2).
        ///
        /// - Returns: false where it is not there.
        func read(_ range: Range<Int>, to out: inout ByteBuffer) -> Bool {
            let count = unsafe out.fill(atMost: range.count) { memory, room in
                unsafe clx_read_at(descriptor, memory, room, Int64(range.lowerBound))
            }
            return count == range.count
        }
    }

    /// What it was asked for: the tree's number, and the path in it.
    var tree = -1
    var path = ByteBuffer()
    var hash: UInt64 = 0
    var opened = Instant(microseconds: 0)
    /// Answers that are being sent from it.
    var users = 0
    /// It can be found; otherwise it goes with its last user.
    var isKept = false
    var nextInBucket: Int32 = -1
    /// The one that was opened after it.
    var newer: Int32 = -1

    private(set) var type: [UInt8] = []
    private(set) var hasSiblings = false
    private var lines = ByteBuffer()
    private var representations = InlineArray<4, Representation>(repeating: Representation())

    static func makeVacant() -> OpenFile { OpenFile() }

    private init() {}

    /// What the lines of one representation take at most, besides those of a fixed text.
    private static let linesBytesMax = 256

    /// - Parameters:
    ///   - type: its content type.
    ///   - siblings: some may exist, so that answers depend on what the client accepts.
    init(type: [UInt8], siblings: Bool) {
        self.type = type
        lines = ByteBuffer(capacity: (siblings ? ContentCoding.allCases.count : 1) * Self.linesBytesMax)
    }

    /// Adds a representation; the file itself comes last, when it is known whether there are others.
    ///
    /// - Parameter now: seconds since 1970.
    mutating func add(_ coding: ContentCoding, _ descriptor: Int32, _ status: clx_file, varies: Bool, now: Int64) {
        var representation = Representation(descriptor, status)
        // No later than the answer's Date (RFC 9110 section 8.8.2.1).
        let modified = max(0, min(status.modified_seconds, now))
        representation.validators = Validators(tag: EntityTag(status, coding, now: now), modified: modified)
        if coding != .identity { hasSiblings = true }
        let start = lines.count
        lines.append("Accept-Ranges: bytes\r\n")
        if coding != .identity {
            lines.append("Content-Encoding: ")
            lines.append(coding.name)
            lines.append("\r\n")
        }
        let validatorsStart = lines.count
        if varies { lines.append("Vary: Accept-Encoding\r\n") }
        representation.validators.write(to: &lines)
        representation.lines = start..<lines.count
        representation.validatorLines = validatorsStart..<lines.count
        representations[Int(coding.rawValue)] = representation
    }

    subscript(coding: ContentCoding) -> Representation { representations[Int(coding.rawValue)] }

    func has(_ coding: ContentCoding) -> Bool { representations[Int(coding.rawValue)].descriptor >= 0 }

    /// The representation for a client: of those that it wants most, the one with the fewest bytes.
    func best(for codings: AcceptedCodings) -> ContentCoding {
        var best = ContentCoding.identity
        guard hasSiblings else { return best }
        for coding in [ContentCoding.brotli, .zstd, .gzip] where has(coding) && codings.weight(coding) > 0 {
            let (weight, bestWeight) = (codings.weight(coding), codings.weight(best))
            if weight > bestWeight || weight == bestWeight && self[coding].size < self[best].size { best = coding }
        }
        return best
    }

    func write(_ range: Range<Int>, to out: inout ByteBuffer) { out.append(lines.bytes.extracting(range)) }

    /// Descriptors that it holds.
    var descriptors: Int {
        var count = 0
        for coding in ContentCoding.allCases where has(coding) { count += 1 }
        return count
    }

    func close() {
        for coding in ContentCoding.allCases where has(coding) { _ = clx_close(self[coding].descriptor) }
    }
}

extension EntityTag {
    /// The tag for a file in this state.
    ///
    /// It is made of the size, of the inode, and of the times at which content and inode changed. The latter nobody can
    /// set, so a file that was put in the place of another with the same size and date, as builds that set all dates alike
    /// do it, has another tag. The price is that copies of one file on two machines have two tags. They are hashed, because
    /// inode numbers are nobody's business.
    ///
    /// A strong tag promises that not a byte has changed. But the file system's clock stands still for some milliseconds
    /// (two seconds on FAT), in which a file can change twice without its times telling; so the tag is weak until the last
    /// change is older than that.
    fileprivate init(_ status: clx_file, _ coding: ContentCoding, now: Int64) {
        let modified = status.modified_seconds &* 1_000_000_000 &+ status.modified_nanoseconds
        let changed = status.changed_seconds &* 1_000_000_000 &+ status.changed_nanoseconds
        let times = KeyHash.mix(UInt64(bitPattern: modified), UInt64(bitPattern: changed))
        let latest = max(status.changed_seconds, status.modified_seconds)
        self.init(
            size: UInt64(bitPattern: status.size), hash: KeyHash.mix(times, status.inode), coding: coding,
            isWeak: latest + 2 >= now)
    }
}
