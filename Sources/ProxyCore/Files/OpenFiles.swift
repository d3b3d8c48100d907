import CLinux

/// The files that a worker has open. Each is kept for a second, so that a file that many ask for costs no open(2) for each
/// of them, and a changed one is noticed soon. What is missing is not remembered: that is looked for anew each time.
struct OpenFiles: ~Copyable {
    /// How long a file serves new requests without a look at what its path names by now; the same goes for the root.
    private static let keptMilliseconds: Milliseconds = 1_000

    enum Outcome: Equatable {
        /// A place in this table.
        case file(Int)
        case directory
        case missing
        case forbidden
        case outOfDescriptors
        case failed
    }

    private struct Root {
        let tree: Int
        let descriptor: Int32
        let opened: Instant
    }

    private var files: Slab<OpenFile>
    /// The first file of each chain, by hash.
    private var buckets = [Int32](repeating: -1, count: 2 * Limits.openFilesMax)
    /// Kept files in the order in which they were opened, and so in that in which they go.
    private var oldest: Int32 = -1
    private var newest: Int32 = -1
    private var kept = 0
    private var roots: [Root] = []
    /// Descriptors of roots and files.
    private(set) var descriptorsOpen = 0

    /// - Parameter answersMax: answers that may be sent from files at a time.
    init(answersMax: Int) { files = Slab(capacity: answersMax + Limits.openFilesMax + 1) }

    deinit {
        for place in 0..<files.highWater { files[place].close() }
        for root in roots { _ = clx_close(root.descriptor) }
    }

    subscript(place: Int) -> OpenFile { @inline(__always) _read { yield files[place] } }

    /// Something is kept that is to be closed in a while.
    var isKeeping: Bool { oldest >= 0 || !roots.isEmpty }

    // ---- open --------------------------------------------------------------------------------------------------------

    /// Finds the file that `path` names in `tree`: that of a directory where it ends in a slash.
    ///
    /// - Parameter seconds: the present, since 1970.
    mutating func open(_ tree: FileTree, _ path: inout FilePath, _ now: Instant, seconds: Int64) -> Outcome {
        let hash = KeyHash.mix(KeyHash.of(path.bytes, 0..<path.count), UInt64(truncatingIfNeeded: tree.number))
        if let place = find(tree.number, path, hash, now) { return .file(place) }
        guard let root = root(of: tree, now) else { return .missing }
        guard path.isDirectory else { return open(tree, root, &path, name: [], hash, now, seconds) }
        for name in tree.index {
            let outcome = open(tree, root, &path, name: name, hash, now, seconds)
            guard outcome == .missing || outcome == .directory else { return outcome }
        }
        return .missing
    }

    @inline(__always)
    private func find(_ tree: Int, _ path: borrowing FilePath, _ hash: UInt64, _ now: Instant) -> Int? {
        var place = Int(buckets[bucket(hash)])
        while place >= 0 {
            if files[place].hash == hash, files[place].tree == tree, now - files[place].opened < Self.keptMilliseconds,
                files[place].path.bytes.equals(path.bytes)
            {
                return place
            }
            place = Int(files[place].nextInBucket)
        }
        return nil
    }

    /// The directory is opened anew each second, because another may have taken its name.
    private mutating func root(of tree: FileTree, _ now: Instant) -> Int32? {
        let known = roots.firstIndex { $0.tree == tree.number }
        if let known {
            if now - roots[known].opened < Self.keptMilliseconds { return roots[known].descriptor }
            close(root: known)
        }
        let descriptor = unsafe tree.root.withUnsafeBufferPointer { memory in
            unsafe memory.withMemoryRebound(to: CChar.self) { unsafe clx_open_root($0.baseAddress) }
        }
        guard descriptor >= 0 else { return nil }
        roots.append(Root(tree: tree.number, descriptor: descriptor, opened: now))
        descriptorsOpen += 1
        return descriptor
    }

    /// Opens a file and its coded siblings, and keeps them.
    private mutating func open(
        _ tree: FileTree, _ root: Int32, _ path: inout FilePath, name: [UInt8], _ hash: UInt64, _ now: Instant,
        _ seconds: Int64
    ) -> Outcome {
        let descriptor: Int32
        let status: clx_file
        switch path.withSuffix(name, { FileOpening.open(root, $0) }) {
        case .file(let opened, let found): (descriptor, status) = (opened, found)
        case .directory: return .directory
        case .missing: return .missing
        case .forbidden: return .forbidden
        case .outOfDescriptors: return .outOfDescriptors
        case .failed: return .failed
        }
        let type = path.withSuffix(name) { tree.types.type(of: $0.text(0..<$0.byteCount - 1)) }
        let mayHaveSiblings = tree.hasCodedSiblings && !ContentTypes.isPacked(type)
        var file = OpenFile(type: Array(type.utf8.prefix(Limits.contentTypeBytesMax)), siblings: mayHaveSiblings)
        var varies = false
        if mayHaveSiblings {
            for coding in [ContentCoding.brotli, .zstd, .gzip] {
                guard
                    case .file(let sibling, let found) = path.withSuffix(
                        name + coding.suffix, { FileOpening.open(root, $0) })
                else { continue }
                // One that is older was made of other content. Tools that copy the date may leave out its fraction.
                guard found.modified_seconds >= status.modified_seconds else {
                    _ = clx_close(sibling)
                    continue
                }
                file.add(coding, sibling, found, varies: true, now: seconds)
                varies = true
            }
        }
        file.add(.identity, descriptor, status, varies: varies, now: seconds)
        file.tree = tree.number
        file.path = ByteBuffer(capacity: max(1, path.count))
        file.path.append(path.bytes)
        file.hash = hash
        file.opened = now
        return keep(file)
    }

    // ---- keep --------------------------------------------------------------------------------------------------------

    private func bucket(_ hash: UInt64) -> Int { Int(truncatingIfNeeded: hash) & (2 * Limits.openFilesMax - 1) }

    private mutating func keep(_ file: consuming OpenFile) -> Outcome {
        if kept >= Limits.openFilesMax { dropOldest() }
        let bucket = bucket(file.hash)
        let descriptors = file.descriptors
        file.isKept = true
        file.nextInBucket = buckets[bucket]
        guard let place = files.insert(file) else { return .outOfDescriptors }
        descriptorsOpen += descriptors
        buckets[bucket] = Int32(place)
        if newest >= 0 { files[Int(newest)].newer = Int32(place) } else { oldest = Int32(place) }
        newest = Int32(place)
        kept += 1
        return .file(place)
    }

    /// The file that was opened first can be found no more. It closes when nobody is being sent it.
    private mutating func dropOldest() {
        let place = Int(oldest)
        let bucket = bucket(files[place].hash)
        if buckets[bucket] == Int32(place) {
            buckets[bucket] = files[place].nextInBucket
        } else {
            var before = Int(buckets[bucket])
            while Int(files[before].nextInBucket) != place { before = Int(files[before].nextInBucket) }
            files[before].nextInBucket = files[place].nextInBucket
        }
        oldest = files[place].newer
        if oldest < 0 { newest = -1 }
        files[place].isKept = false
        kept -= 1
        closeIfUnused(place)
    }

    /// Somebody is sent the file over more than this turn.
    mutating func use(_ place: Int) { files[place].users += 1 }

    mutating func letGo(_ place: Int) {
        files[place].users -= 1
        closeIfUnused(place)
    }

    private mutating func closeIfUnused(_ place: Int) {
        guard !files[place].isKept, files[place].users == 0 else { return }
        let file = files.remove(place)
        descriptorsOpen -= file.descriptors
        file.close()
    }

    private mutating func close(root index: Int) {
        _ = clx_close(roots[index].descriptor)
        descriptorsOpen -= 1
        roots.remove(at: index)
    }

    /// Closes what has been kept for its time.
    mutating func trim(_ now: Instant) {
        guard isKeeping else { return }
        while oldest >= 0, now - files[Int(oldest)].opened >= Self.keptMilliseconds { dropOldest() }
        for index in roots.indices.reversed() where now - roots[index].opened >= Self.keptMilliseconds {
            close(root: index)
        }
    }

    /// Closes whatever nobody is being sent: descriptors are short, or a file has turned out to be another by now.
    mutating func dropAll() { while oldest >= 0 { dropOldest() } }
}

extension ContentCoding {
    /// What the names of files in this coding have behind them.
    fileprivate var suffix: [UInt8] {
        switch self {
        case .identity: []
        case .brotli: Array(".br".utf8)
        case .zstd: Array(".zst".utf8)
        case .gzip: Array(".gz".utf8)
        }
    }
}
