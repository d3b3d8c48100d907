extension Parse {
    /// `stdout`, `stderr`, `off`, or the path of a file.
    static func accessLog(_ text: String) throws(Rejection) -> AccessLogTarget {
        switch text {
        case "stdout": return .stdout
        case "stderr": return .stderr
        case "off": return .off
        default:
            guard !text.isEmpty, !text.hasSuffix("/"), !text.utf8.contains(0) else {
                throw Rejection("is no place for a log; use stdout, stderr, off or a file's path")
            }
            return .file(text)
        }
    }
}
