import CLinux
import ProxyCore

/// A descriptor that reports changes of watched inodes (inotify(7)), and nothing else.
final class Inotify {
    struct Event {
        /// Events were lost.
        let isOverflow: Bool
        let watch: Int32
        /// The watch has ended with its inode.
        let isEnd: Bool
        /// Content was written, or something has come to this name.
        let isChange: Bool
        /// Of the directory's entry; empty where it is the watched inode's own event.
        let name: String
    }

    let descriptor: Int32

    /// - Throws: `SystemError` where the user has too many already.
    init() throws(SystemError) { descriptor = try SystemError.check(clx_inotify(), "inotify_init1") }

    deinit { _ = clx_close(descriptor) }

    private static let changes = UInt32(IN_MODIFY | IN_CLOSE_WRITE | IN_CREATE | IN_MOVED_TO)
    private static let others = UInt32(IN_ATTRIB | IN_MOVED_FROM | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF)

    /// Watches what is at `path` now: a file's content, or the entries of a directory.
    ///
    /// - Returns: the number of the watch, the same for the same inode; nil where there is nothing, or the user watches too
    ///   much.
    func watch(_ path: String) -> Int32? {
        let watch = unsafe clx_inotify_add(descriptor, path, Self.changes | Self.others)
        return watch < 0 ? nil : watch
    }

    func unwatch(_ watch: Int32) { _ = clx_inotify_remove(descriptor, watch) }

    /// The events that have come.
    func read() -> [Event] {
        var events: [Event] = []
        var buffer = [UInt64](repeating: 0, count: 2_048)
        while true {
            let count = unsafe buffer.withUnsafeMutableBytes { unsafe clx_read(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { return events }
            unsafe buffer.withUnsafeBytes { bytes in
                var offset = 0
                while offset < count, let base = bytes.baseAddress {
                    let event = unsafe clx_file_event_at(base, offset)
                    unsafe offset = event.end
                    unsafe events.append(Event(event))
                }
            }
        }
    }
}

extension Inotify.Event {
    fileprivate init(_ event: clx_file_event) {
        let mask = unsafe event.mask
        isOverflow = mask & UInt32(IN_Q_OVERFLOW) != 0
        watch = unsafe event.watch
        isEnd = mask & UInt32(IN_IGNORED) != 0
        isChange = mask & UInt32(IN_MODIFY | IN_CLOSE_WRITE | IN_CREATE | IN_MOVED_TO) != 0
        name = unsafe String(cString: event.name)
    }
}
