import ProxyCore

// What stands in the heads of messages.

extension Parse {
    /// A field's name (RFC 9110 section 5.1).
    static func fieldName(_ text: String) throws(Rejection) -> String {
        guard isToken(text) else {
            throw Rejection("is no field's name; use letters, digits and hyphens, such as X-Tenant")
        }
        return text
    }

    /// The name of a field that may be changed. Those that say where a message ends, or what becomes of its connection, are
    /// written by whoever sends it (RFC 9110 section 7.6.1).
    static func changeableField(_ text: String) throws(Rejection) -> String {
        guard !framing.contains(text.lowercased()) else {
            throw Rejection("cannot be changed: it belongs to the connection, and is written for each message")
        }
        return try fieldName(text)
    }

    private static let framing = [
        "connection", "content-length", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding",
        "upgrade",
    ]

    /// RFC 9110 section 8.3.1, with its parameters.
    static func mediaType(_ text: String) throws(Rejection) -> String {
        let parts = text.prefix { $0 != ";" }.split(separator: "/", omittingEmptySubsequences: false)
        let isVisible = text.utf8.allSatisfy { (0x20..<0x7F).contains($0) }
        guard parts.count == 2, parts.allSatisfy({ isToken($0) || $0 == "*" }), isVisible,
            text.utf8.count <= Bounds.nameBytesMax
        else { throw Rejection("is no media type; use TYPE/SUBTYPE, such as text/plain or application/json") }
        return text
    }

    /// `https://shop.test`, with a port where there is one; `*` for any; `null` as browsers send it.
    static func origin(_ text: String) throws(Rejection) -> String {
        if text == "*" || text == "null" { return text }
        let wrong = Rejection("is no origin; use SCHEME://HOST, such as https://shop.test, or * for any")
        guard let mark = text.range(of: "://") else { throw wrong }
        let scheme = text[..<mark.lowerBound]
        guard !scheme.isEmpty, scheme.utf8.allSatisfy({ isLetterOrDigit($0) || "+-.".utf8.contains($0) }) else {
            throw wrong
        }
        do {
            _ = try host(String(text[mark.upperBound...]))
        } catch {
            throw wrong
        }
        return text.lowercased()
    }

    /// RFC 9110 section 9.1; methods are written in capitals.
    static func method(_ text: String) throws(Rejection) -> String {
        guard isToken(text) else { throw Rejection("is no method; use one such as GET") }
        guard text == text.uppercased() else {
            throw Rejection("is written in capitals where it is used; use \(text.uppercased())")
        }
        return text
    }

    static func coding(_ text: String) throws(Rejection) -> CompressionSettings.Coding {
        switch text {
        case "zstd": return .zstd
        case "brotli", "br": return .brotli
        case "gzip": return .gzip
        default: throw Rejection("is no coding; use zstd, brotli or gzip")
        }
    }

    /// A path as a person writes it: letters beyond ASCII and blanks are percent-encoded.
    static func plainPath(_ text: String) throws(Rejection) -> String {
        guard text.first == "/" else { throw Rejection("does not begin with /; use a path such as /api") }
        var path = ""
        for byte in text.utf8 {
            if byte > 0x7F || byte == UInt8(ascii: " ") {
                path += "%" + String(byte, radix: 16, uppercase: true)
            } else {
                path.unicodeScalars.append(Unicode.Scalar(byte))
            }
        }
        guard isPath(path[...]) else {
            throw Rejection("has a character that no path can have; use no query, and percent-encode what is left")
        }
        return path
    }

    /// A name within a directory.
    static func fileName(_ text: String) throws(Rejection) -> String {
        guard !text.isEmpty, !text.contains("/"), text != ".", text != "..", !text.utf8.contains(0) else {
            throw Rejection("is no file's name; use one without slashes, such as index.html")
        }
        return text
    }
}

extension String {
    /// The first place of `part`.
    fileprivate func range(of part: String) -> Range<String.Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(part) { return start..<index(start, offsetBy: part.count) }
            start = index(after: start)
        }
        return nil
    }
}
