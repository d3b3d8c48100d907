import CLinux
import Synchronization

/// A directory of files as a route serves it, compiled from its `FileSettings`.
final class FileTree: Sendable {
    /// Tells it from every other that this process has had.
    let number: Int
    /// The path of the directory, with a zero byte at its end.
    let root: [UInt8]
    /// Names of files that stand for a directory.
    let index: [[UInt8]]
    let hasCodedSiblings: Bool
    let hidesDotFiles: Bool
    let types: ContentTypes
    let missing: Missing
    /// The route has taken a prefix off the path, or put another in its place.
    let isPrefixReplaced: Bool

    /// What becomes of a request that names no file.
    enum Missing {
        case status(Int)
        /// A path below the directory.
        case file([UInt8])
        case forward
    }

    private static let count = Atomic<Int>(0)

    init(_ settings: FileSettings, rewrite: PathRewrite? = nil) {
        number = Self.count.wrappingAdd(1, ordering: .relaxed).newValue
        root = Array(settings.root.utf8) + [0]
        index = settings.index.map { Array($0.utf8.prefix(Limits.fileNameBytesMax)) }
        hasCodedSiblings = settings.precompressed
        hidesDotFiles = settings.hidesDotFiles
        types = ContentTypes(settings.contentTypes)
        missing =
            switch settings.missing {
            case .status(let status): .status(status)
            case .file(let path): .file(Array(path.utf8.drop { $0 == ASCII.slash }.prefix(Limits.filePathBytesMax)))
            case .forward: .forward
            }
        isPrefixReplaced =
            switch rewrite {
            case .stripPrefix, .replacePrefix: true
            case .path, .regex, nil: false
            }
    }

    var forwardsMissing: Bool {
        if case .forward = missing { return true }
        return false
    }
}

/// How files are opened below a directory, so that nothing leads out of it: neither `..` nor a symbolic link.
package enum FileOpening {
    /// The kernel sees to it itself (openat2(2)). Where it cannot, because it is older than Linux 5.6 or a seccomp filter
    /// forbids the call, paths are walked name by name, and symbolic links are refused altogether.
    package static let followsLinks: Bool = {
        let descriptor = unsafe clx_open_beneath(AT_FDCWD, ".")
        if descriptor >= 0 { _ = clx_close(descriptor) }
        return descriptor != -ENOSYS && descriptor != -EPERM
    }()

    enum Outcome {
        /// It is the caller's to close.
        case file(descriptor: Int32, clx_file)
        case directory
        /// Nothing of that name is to be had, or nothing that is a file.
        case missing
        case forbidden
        case outOfDescriptors
        case failed
    }

    /// Opens a regular file.
    ///
    /// - Parameters:
    ///   - root: of `clx_open_root`.
    ///   - path: relative, with a zero byte at its end.
    static func open(_ root: Int32, _ path: RawSpan, followsLinks: Bool = Self.followsLinks) -> Outcome {
        let descriptor = unsafe path.withUnsafeBytes { memory in
            guard let text = unsafe memory.baseAddress?.assumingMemoryBound(to: CChar.self) else { return -ENOENT }
            guard followsLinks else { return unsafe clx_open_stepwise(root, text) }
            // A rename elsewhere in the tree may disturb the walk; it is then to be made again.
            var descriptor = unsafe clx_open_beneath(root, text)
            for _ in 0..<3 where descriptor == -EAGAIN { descriptor = unsafe clx_open_beneath(root, text) }
            return descriptor
        }
        guard descriptor >= 0 else { return outcome(ofError: -descriptor) }
        var status = clx_file()
        let isKnown = unsafe clx_file_status(descriptor, &status) == 0
        if isKnown, status.is_regular != 0 { return .file(descriptor: descriptor, status) }
        _ = clx_close(descriptor)
        if !isKnown { return .failed }
        return status.is_directory != 0 ? .directory : .missing
    }

    private static func outcome(ofError code: Int32) -> Outcome {
        switch code {
        // EXDEV and ELOOP: it would lead out of the directory. ENXIO, ENODEV: a socket, or a device that is none.
        case ENOENT, ENOTDIR, ENAMETOOLONG, EXDEV, ELOOP, ENXIO, ENODEV, EINVAL: .missing
        case EACCES, EPERM: .forbidden
        case EMFILE, ENFILE: .outOfDescriptors
        default: .failed
        }
    }
}
