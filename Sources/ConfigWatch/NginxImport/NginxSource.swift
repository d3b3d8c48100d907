import Glibc

extension NginxImport {
    /// Imports the file at `path`, with what it includes.
    package init(path: String) throws(NginxSyntaxError) {
        let directory = FileAccess.parent(of: path)
        guard let text = Self.text(of: path) else {
            throw NginxSyntaxError(place: NginxPlace(file: path, line: 1), reason: "cannot be read, or is too large")
        }
        try self.init(text, name: path, files: NginxFiles { Self.files(matching: $0, from: directory) })
    }

    /// nginx sees paths from where its own configuration is, which is often `/etc/nginx` of an image: then they are looked for
    /// beside the file that is imported, and above it.
    private static func files(matching pattern: String, from directory: String) -> [NginxFiles.File] {
        let relative = pattern.removing(prefix: "/etc/nginx/") ?? pattern
        var candidates = pattern.hasPrefix("/") ? [pattern] : []
        if !relative.hasPrefix("/") {
            candidates += ["\(directory)/\(relative)", "\(directory)/../\(relative)"]
            // `conf.d/x.conf` where the file stands in conf.d itself.
            if let name = relative.split(separator: "/").last { candidates.append("\(directory)/\(name)") }
        }
        for candidate in candidates {
            let found = paths(matching: candidate).compactMap { path in
                text(of: path).map { NginxFiles.File(name: path, text: $0) }
            }
            if !found.isEmpty { return found }
        }
        return []
    }

    private static func text(of path: String) -> String? {
        guard FileAccess.kind(of: path) == .file else { return nil }
        let bytes = try? FileAccess.contents(of: path, bytesMax: NginxBounds.fileBytesMax)
        return bytes.map { String(decoding: $0, as: UTF8.self) }
    }

    /// glob(3), sorted.
    private static func paths(matching pattern: String) -> [String] {
        var found = unsafe glob_t()
        defer { unsafe globfree(&found) }
        guard unsafe glob(pattern, GLOB_NOSORT, nil, &found) == 0 else { return [] }
        var paths: [String] = []
        for index in 0..<min(Int(unsafe found.gl_pathc), NginxBounds.filesMax) {
            if let path = unsafe found.gl_pathv[index] { paths.append(unsafe String(cString: path)) }
        }
        return paths.sorted()
    }
}
