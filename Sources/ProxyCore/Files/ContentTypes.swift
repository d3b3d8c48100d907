/// Content types of files by the extensions of their names.
struct ContentTypes: Sendable {
    private let own: [String: String]

    /// - Parameter own: types by extension (in lower case, without the dot) that come before the built-in ones; the empty
    ///   extension is that of names without one.
    init(_ own: [String: String]) { self.own = own }

    /// The type of a file of this name or path. Texts that say no charset are UTF-8.
    func type(of path: String) -> String {
        let suffix = Self.suffix(path)
        let type = own[suffix] ?? Self.builtIn[suffix] ?? "application/octet-stream"
        return type.hasPrefix("text/") && !type.lowercased().contains("charset=") ? type + "; charset=utf-8" : type
    }

    /// The content of such files does not get smaller by another coding, so nobody keeps a coded sibling of them.
    static func isPacked(_ type: String) -> Bool {
        type.hasPrefix("video/") || type.hasPrefix("audio/") || type.hasPrefix("font/woff") || packed.contains(type)
    }

    /// What stands behind the last dot of the name, in lower case; nothing for names that only begin with one.
    private static func suffix(_ path: String) -> String {
        let nameStart = path.utf8.lastIndex(of: ASCII.slash).map { path.utf8.index(after: $0) } ?? path.startIndex
        guard let dot = path.utf8[nameStart...].lastIndex(of: ASCII.point), dot > nameStart else { return "" }
        return path[path.utf8.index(after: dot)...].lowercased()
    }

    private static let packed: Set<String> = [
        "application/gzip", "application/java-archive", "application/vnd.rar", "application/x-7z-compressed",
        "application/x-bzip2", "application/x-xz", "application/zip", "application/zstd", "image/apng", "image/avif",
        "image/gif", "image/heic", "image/jpeg", "image/jxl", "image/png", "image/webp",
    ]

    /// Names of the IANA registry of media types, where it has one.
    private static let builtIn: [String: String] = [
        // Texts and programs of the web.
        "atom": "application/atom+xml", "cjs": "text/javascript", "css": "text/css", "csv": "text/csv",
        "htm": "text/html", "html": "text/html", "ics": "text/calendar", "js": "text/javascript",
        "json": "application/json", "jsonld": "application/ld+json", "map": "application/json",
        "markdown": "text/markdown", "md": "text/markdown", "mjs": "text/javascript", "rss": "application/rss+xml",
        "txt": "text/plain", "log": "text/plain", "vcf": "text/vcard", "vtt": "text/vtt", "wasm": "application/wasm",
        "webmanifest": "application/manifest+json", "xhtml": "application/xhtml+xml", "xml": "application/xml",
        "xsd": "application/xml", "xsl": "application/xml", "yaml": "application/yaml", "yml": "application/yaml",
        "geojson": "application/geo+json", "gpx": "application/gpx+xml", "kml": "application/vnd.google-earth.kml+xml",
        "toml": "application/toml",
        // Images.
        "apng": "image/apng", "avif": "image/avif", "bmp": "image/bmp", "gif": "image/gif", "heic": "image/heic",
        "ico": "image/vnd.microsoft.icon", "jpeg": "image/jpeg", "jpg": "image/jpeg", "jxl": "image/jxl",
        "png": "image/png", "svg": "image/svg+xml", "tif": "image/tiff", "tiff": "image/tiff", "webp": "image/webp",
        // Sound and moving images.
        "aac": "audio/aac", "avi": "video/x-msvideo", "flac": "audio/flac", "m3u8": "application/vnd.apple.mpegurl",
        "m4a": "audio/mp4", "m4s": "video/iso.segment", "m4v": "video/mp4", "mid": "audio/midi",
        "mkv": "video/matroska", "mov": "video/quicktime", "mp3": "audio/mpeg", "mp4": "video/mp4",
        "mpd": "application/dash+xml", "mpeg": "video/mpeg", "mpg": "video/mpeg", "oga": "audio/ogg",
        "ogg": "audio/ogg", "ogv": "video/ogg", "opus": "audio/ogg", "ts": "video/mp2t", "wav": "audio/wav",
        "weba": "audio/webm", "webm": "video/webm",
        // Fonts.
        "eot": "application/vnd.ms-fontobject", "otf": "font/otf", "ttc": "font/collection", "ttf": "font/ttf",
        "woff": "font/woff", "woff2": "font/woff2",
        // Documents.
        "doc": "application/msword", "epub": "application/epub+zip",
        "odp": "application/vnd.oasis.opendocument.presentation",
        "ods": "application/vnd.oasis.opendocument.spreadsheet", "odt": "application/vnd.oasis.opendocument.text",
        "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "pdf": "application/pdf",
        "ppt": "application/vnd.ms-powerpoint",
        "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "ps": "application/postscript", "rtf": "application/rtf", "xls": "application/vnd.ms-excel",
        "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        // Archives and packages.
        "7z": "application/x-7z-compressed", "apk": "application/vnd.android.package-archive",
        "br": "application/octet-stream", "bz2": "application/x-bzip2", "deb": "application/vnd.debian.binary-package",
        "gz": "application/gzip", "iso": "application/octet-stream", "jar": "application/java-archive",
        "rar": "application/vnd.rar", "rpm": "application/x-rpm", "tar": "application/x-tar", "tgz": "application/gzip",
        "xz": "application/x-xz", "zip": "application/zip", "zst": "application/zstd",
        // Keys and certificates.
        "crt": "application/x-x509-ca-cert", "der": "application/x-x509-ca-cert", "pem": "application/x-pem-file",
    ]
}
