/// A slow and plain reading of what paths are normalised to: text, in one step after the other.
enum ReferencePath {
    /// Nil where the path is refused.
    static func normalize(_ bytes: [UInt8]) -> [UInt8]? {
        if bytes == "*".bytes { return bytes }
        if bytes.isEmpty { return "/".bytes }
        guard bytes[0] == UInt8(ascii: "/"), let decoded = decode(bytes) else { return nil }
        var path = decoded
        while let place = path.indices.dropLast().first(where: { path[$0] == 0x2F && path[$0 + 1] == 0x2F }) {
            path.remove(at: place)
        }
        let segments = path.dropFirst().split(separator: 0x2F, omittingEmptySubsequences: false).map(Array.init)
        var result: [[UInt8]] = []
        for (index, segment) in segments.enumerated() {
            let isLast = index == segments.count - 1
            if segment == ".".bytes {
                if isLast { result.append([]) }
            } else if segment == "..".bytes {
                guard result.popLast() != nil else { return nil }
                if isLast { result.append([]) }
            } else if hidesDots(segment) {
                return nil
            } else {
                result.append(segment)
            }
        }
        return result.flatMap { "/".bytes + $0 }
    }

    private static func decode(_ bytes: [UInt8]) -> [UInt8]? {
        let literal = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:@!$&'()*+,=".bytes)
        var result: [UInt8] = []
        var rest = bytes[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                let isKept = literal.contains(byte) || byte == UInt8(ascii: "/") || byte == UInt8(ascii: ";")
                let digits = String(byte, radix: 16, uppercase: true)
                result += isKept ? [byte] : "%\(digits.count < 2 ? "0" : "")\(digits)".bytes
                continue
            }
            let digits = rest.prefix(2)
            guard digits.count == 2, digits.allSatisfy(Grammar.hexDigit.contains),
                let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16), value != 0
            else { return nil }
            rest = rest.dropFirst(2)
            result +=
                literal.contains(value)
                ? [value] : "%".bytes + String(decoding: digits, as: UTF8.self).uppercased().bytes
        }
        return result
    }

    /// A part of a segment is a dot segment, if it is read in another way.
    private static func hidesDots(_ segment: [UInt8]) -> Bool {
        var text = String(decoding: segment, as: UTF8.self)
        for separator in ["%2F", "%5C", "\\"] {
            text = text.split(separator: separator, omittingEmptySubsequences: false).joined(separator: "/")
        }
        text = text.split(separator: "%3B", omittingEmptySubsequences: false).joined(separator: ";")
        return text.split(separator: "/", omittingEmptySubsequences: false).contains { part in
            let name = part.split(separator: ";", omittingEmptySubsequences: false)[0]
            return name == "." || name == ".."
        }
    }
}
