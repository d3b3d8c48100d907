import CLinux
import Glibc
import ProxyCore

/// Reads files and directories, with a bound. Nothing is ever written.
enum FileAccess {
    /// The file's bytes, or why they cannot be had, as the rest of a sentence.
    static func contents(of path: String, bytesMax: Int) throws(Rejection) -> [UInt8] {
        // O_NONBLOCK: a FIFO that nobody writes must not hold anything up.
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw Rejection("cannot be read (\(reason(errno)))") }
        defer { _ = clx_close(descriptor) }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe part.withUnsafeMutableBytes { unsafe clx_read(descriptor, $0.baseAddress, $0.count) }
            guard count >= 0 else { throw Rejection("cannot be read (\(reason(Int32(-count))))") }
            guard count > 0 else { return bytes }
            bytes += part[..<count]
            guard bytes.count <= bytesMax else { throw Rejection("is larger than \(sizeText(bytesMax))") }
        }
    }

    enum Kind { case file, directory }

    /// What `path` leads to, through symbolic links; nil for nothing.
    static func kind(of path: String) -> Kind? {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return nil }
        return status.st_mode & S_IFMT == S_IFDIR ? .directory : .file
    }

    /// Which file `path` leads to, so that one can be told from another whatever they are called.
    static func identity(of path: String) -> String {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return path }
        return "\(status.st_dev):\(status.st_ino)"
    }

    /// The names of the YAML files in a directory, sorted; those that begin with a dot are not meant.
    static func yamlFiles(in directory: String) throws(Rejection) -> [String] {
        guard let stream = unsafe opendir(directory) else { throw Rejection("cannot be read (\(reason(errno)))") }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
                unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if isYAML(name) { names.append(name) }
        }
        return names.sorted()
    }

    /// Whether a file with this name is read where its directory is included.
    static func isYAML(_ name: String) -> Bool {
        (name.hasSuffix(".yaml") || name.hasSuffix(".yml")) && !name.hasPrefix(".")
    }

    /// `path` seen from `directory`.
    static func absolute(_ path: String, in directory: String) -> String {
        if path.hasPrefix("/") { return path }
        var path = path[...]
        while path.hasPrefix("./") { path = path.dropFirst(2).drop { $0 == "/" } }
        if path.isEmpty || path == "." { return directory }
        return directory.hasSuffix("/") ? directory + path : "\(directory)/\(path)"
    }

    /// The directory that `path` stands in.
    static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// Where the process is (getcwd(3)).
    static func workingDirectory() -> String {
        guard let path = unsafe getcwd(nil, 0) else { return "/" }
        defer { unsafe free(path) }
        return unsafe String(cString: path)
    }

    private static func reason(_ code: Int32) -> String { SystemError(call: "open", code: code).reason }
}
