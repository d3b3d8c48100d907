/// What a request head says.
struct RequestReading: Equatable {
    enum Framing: Equatable {
        case length(Int)
        case chunked
    }

    var method: [UInt8]
    /// In origin form or `*`.
    var target: [UInt8]
    /// The authority of an absolute form, else the Host.
    var host: [UInt8]?
    var framing: Framing
    var isHTTP10: Bool
    /// Bytes that the head takes.
    var length: Int
}

/// A slow and plain reading of RFC 9112, with this project's choices where it leaves one: what two parsers could read
/// differently is refused. Sizes are not looked at.
enum ReferenceRequestParser {
    /// nil where `bytes` do not begin with a valid and complete head that is served.
    static func read(_ bytes: [UInt8]) -> RequestReading? {
        var start = 0
        while bytes[start...].starts(with: [0x0D, 0x0A]) { start += 2 }
        guard start <= 8, let lines = lines(bytes[start...]), let requestLine = lines.first else { return nil }

        let words = requestLine.split(separator: 0x20, omittingEmptySubsequences: false).map { Array($0) }
        guard words.count == 3, Grammar.isToken(words[0]), words[0] != "CONNECT".bytes,
            words[2].count == 8, words[2].starts(with: "HTTP/1.".bytes), Grammar.digit.contains(words[2][7]),
            let form = form(of: words[1], isOptions: words[0] == "OPTIONS".bytes)
        else { return nil }
        let isHTTP10 = words[2][7] == UInt8(ascii: "0")

        var fields: [(name: [UInt8], value: [UInt8])] = []
        for line in lines.dropFirst() {
            guard let field = field(line) else { return nil }
            fields.append(field)
        }
        func values(_ name: String) -> [[UInt8]] { fields.filter { $0.name == name.bytes }.map(\.value) }

        let hosts = values("host")
        guard hosts.count == 1 || hosts.isEmpty && isHTTP10, hosts.allSatisfy(Grammar.isHostAndPort),
            values("connection").flatMap(Grammar.listElements).filter(isOtherOption).count <= 16,
            let framing = framing(values("content-length"), values("transfer-encoding"), isHTTP10: isHTTP10)
        else { return nil }
        return RequestReading(
            method: words[0], target: form.target, host: form.authority ?? hosts.first, framing: framing,
            isHTTP10: isHTTP10, length: start + lines.reduce(2) { $0 + $1.count + 2 })
    }

    /// The lines up to the first empty one, or nil where there is none.
    private static func lines(_ bytes: ArraySlice<UInt8>) -> [[UInt8]]? {
        var lines: [[UInt8]] = []
        var line: [UInt8] = []
        var rest = bytes
        while let byte = rest.first {
            if rest.starts(with: [0x0D, 0x0A]) {
                if line.isEmpty { return lines }
                lines.append(line)
                line = []
                rest = rest.dropFirst(2)
            } else {
                line.append(byte)
                rest = rest.dropFirst()
            }
        }
        return nil
    }

    private static func field(_ line: [UInt8]) -> (name: [UInt8], value: [UInt8])? {
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")), Grammar.isToken(line[..<colon]) else { return nil }
        let value = line[(colon + 1)...]
        return Grammar.isFieldValue(value) ? (Grammar.lowercased(line[..<colon]), Grammar.trimmed(value)) : nil
    }

    private static func form(of written: [UInt8], isOptions: Bool) -> (authority: [UInt8]?, target: [UInt8])? {
        guard !written.isEmpty, written.allSatisfy(Grammar.target.contains) else { return nil }
        if written.first == UInt8(ascii: "/") { return (nil, written) }
        if written == "*".bytes { return isOptions ? (nil, written) : nil }
        for scheme in ["http://", "https://"] where Grammar.lowercased(written).starts(with: scheme.bytes) {
            let rest = written.dropFirst(scheme.utf8.count)
            let authority = Array(rest.prefix { !"/?".utf8.contains($0) })
            let path = Array(rest.dropFirst(authority.count))
            // A host is named, with a port or without (RFC 9110 section 4.2.1).
            guard Grammar.isHostAndPort(authority), let first = authority.first, first != UInt8(ascii: ":") else {
                return nil
            }
            if path.isEmpty { return (authority, isOptions ? "*".bytes : "/".bytes) }
            return (authority, path.first == UInt8(ascii: "?") ? "/".bytes + path : path)
        }
        return nil
    }

    private static func isOtherOption(_ option: [UInt8]) -> Bool {
        Grammar.isToken(option)
            && !["close", "keep-alive", "upgrade"].map(\.bytes).contains(Grammar.lowercased(option))
    }

    private static func framing(_ lengths: [[UInt8]], _ codings: [[UInt8]], isHTTP10: Bool) -> RequestReading.Framing? {
        if !codings.isEmpty {
            let named = codings.map(Grammar.listElements)
            let isChunkedAlone = named.map { $0.map(Grammar.lowercased) } == [["chunked".bytes]]
            return isChunkedAlone && lengths.isEmpty && !isHTTP10 ? .chunked : nil
        }
        var numbers: Set<Int> = []
        for length in lengths {
            guard !length.isEmpty, length.allSatisfy(Grammar.digit.contains),
                let number = Int(String(decoding: length, as: UTF8.self)), number < 1_000_000_000_000_000_000
            else { return nil }
            numbers.insert(number)
        }
        return numbers.count <= 1 ? .length(numbers.first ?? 0) : nil
    }
}
