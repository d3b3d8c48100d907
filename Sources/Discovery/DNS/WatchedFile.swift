import CLinux
import Glibc

/// A small text file that others rewrite. It is looked at by stat(2) and not through inotify(7), because a container
/// engine mounts `resolv.conf` and `hosts` as files, whose directory says nothing of their change.
struct WatchedFile {
    private struct Stamp: Equatable {
        var device: UInt64 = 0
        var inode: UInt64 = 0
        var bytes: Int64 = -1
        /// The change time: unlike the modification time, nobody can set it back.
        var changedSeconds = 0
        var changedNanoseconds = 0
    }

    let path: String
    private var stamp: Stamp?

    init(path: String) { self.path = path }

    /// The text where the file is new or has changed since the last call, else nil. A file that is absent or cannot be
    /// read has the text "". Of a text beyond the limit, whole lines from its beginning are taken.
    mutating func textIfChanged() -> String? {
        let seen = readStamp()
        guard seen != stamp else { return nil }
        // The stamp is older than the text: a change in between is found the next time.
        stamp = seen
        return readText()
    }

    private func readStamp() -> Stamp {
        var info = stat()
        guard unsafe stat(path, &info) == 0 else { return Stamp() }
        return Stamp(
            device: UInt64(info.st_dev), inode: UInt64(info.st_ino), bytes: Int64(info.st_size),
            changedSeconds: info.st_ctim.tv_sec, changedNanoseconds: info.st_ctim.tv_nsec)
    }

    private func readText() -> String {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return "" }
        defer { _ = clx_close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: Limits.fileBytesMax)
        var count = 0
        while count < bytes.count {
            let read = unsafe bytes.withUnsafeMutableBytes { buffer in
                unsafe clx_read(descriptor, buffer.baseAddress! + count, buffer.count - count)
            }
            guard read > 0 else { break }
            count += read
        }
        let isCut = count == bytes.count
        let lines = bytes[..<(isCut ? bytes.lastIndex(of: UInt8(ascii: "\n")) ?? 0 : count)]
        return String(decoding: lines, as: UTF8.self)
    }
}
