import Glibc
import Testing

/// A directory for one test, which goes with everything in it.
final class TemporaryDirectory {
    let path: String

    init() throws {
        var template = Array("/tmp/balancer-test-XXXXXX".utf8CString)
        try #require(unsafe mkdtemp(&template) != nil)
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { _ = unsafe system("rm -rf '\(path)'") }

    /// Writes a file in place; the directories above it are made.
    ///
    /// - Parameter modified: the date that it gets, in seconds since 1970.
    func write(_ name: String, _ content: String, modified: Int? = nil) {
        let parts = name.split(separator: "/")
        for count in 1..<max(1, parts.count) {
            _ = unsafe mkdir("\(path)/\(parts[..<count].joined(separator: "/"))", 0o755)
        }
        let file = unsafe open("\(path)/\(name)", O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        let bytes = Array(content.utf8)
        guard file >= 0, unsafe Glibc.write(file, bytes, bytes.count) == bytes.count else {
            Issue.record("cannot write \(name)")
            return
        }
        if let modified {
            let times = [timespec(tv_sec: modified, tv_nsec: 0), timespec(tv_sec: modified, tv_nsec: 0)]
            _ = unsafe futimens(file, times)
        }
        close(file)
    }

    /// Puts another file in the place of one.
    func replace(_ name: String, _ content: String) {
        write(name + ".new", content)
        _ = unsafe rename("\(path)/\(name).new", "\(path)/\(name)")
    }

    func link(_ name: String, to target: String) { _ = unsafe symlink(target, "\(path)/\(name)") }
}
