/// Cuts a text into the words and marks of nginx's configuration language, by the rules of `ngx_conf_read_token`.
struct NginxLexer {
    enum Token: Equatable {
        case word(String)
        case semicolon
        case open
        case close
        case end
    }

    private let bytes: [UInt8]
    private let file: String
    private var position = 0
    private var line = 1

    init(_ text: String, file: String) {
        bytes = Array(text.utf8)
        self.file = file
    }

    private var place: NginxPlace { NginxPlace(file: file, line: line) }

    /// The next token and where it begins.
    mutating func next() throws(NginxSyntaxError) -> (token: Token, place: NginxPlace) {
        skipBlanks()
        let start = place
        guard position < bytes.count else { return (.end, start) }
        switch bytes[position] {
        case UInt8(ascii: ";"):
            position += 1
            return (.semicolon, start)
        case UInt8(ascii: "{"):
            position += 1
            return (.open, start)
        case UInt8(ascii: "}"):
            position += 1
            return (.close, start)
        case UInt8(ascii: "\""), UInt8(ascii: "'"):
            return (.word(try quoted(from: start)), start)
        default:
            return (.word(try bare(from: start)), start)
        }
    }

    /// A `#` begins a comment only where a word could begin.
    private mutating func skipBlanks() {
        while position < bytes.count {
            if bytes[position] == UInt8(ascii: "#") {
                while position < bytes.count, bytes[position] != UInt8(ascii: "\n") { position += 1 }
            } else if Self.isBlank(bytes[position]) {
                step()
            } else {
                return
            }
        }
    }

    private mutating func step() {
        if bytes[position] == UInt8(ascii: "\n") { line += 1 }
        position += 1
    }

    private mutating func quoted(from start: NginxPlace) throws(NginxSyntaxError) -> String {
        let quote = bytes[position]
        position += 1
        var word: [UInt8] = []
        while position < bytes.count, bytes[position] != quote { takeByte(into: &word) }
        guard position < bytes.count else {
            throw NginxSyntaxError(place: start, reason: "a quoted text that begins here has no end")
        }
        position += 1
        if position < bytes.count, !Self.endsWord(bytes[position]), bytes[position] != UInt8(ascii: ")") {
            throw NginxSyntaxError(place: place, reason: "a quoted text is followed by something without a blank")
        }
        return try text(word, start)
    }

    /// A brace behind a `$` belongs to a variable, and a closing one within a word to the word.
    private mutating func bare(from start: NginxPlace) throws(NginxSyntaxError) -> String {
        var word: [UInt8] = []
        var isBehindDollar = false
        while position < bytes.count {
            let byte = bytes[position]
            if Self.endsWord(byte), !(isBehindDollar && byte == UInt8(ascii: "{")) { break }
            isBehindDollar = byte == UInt8(ascii: "$")
            takeByte(into: &word)
        }
        return try text(word, start)
    }

    /// One byte, or a backslash and what it escapes. nginx undoes only these escapes, and leaves others as they are.
    private mutating func takeByte(into word: inout [UInt8]) {
        guard bytes[position] == UInt8(ascii: "\\"), position + 1 < bytes.count else {
            word.append(bytes[position])
            return step()
        }
        position += 1
        switch bytes[position] {
        case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "\\"): word.append(bytes[position])
        case UInt8(ascii: "t"): word.append(UInt8(ascii: "\t"))
        case UInt8(ascii: "r"): word.append(UInt8(ascii: "\r"))
        case UInt8(ascii: "n"): word.append(UInt8(ascii: "\n"))
        default: word += [UInt8(ascii: "\\"), bytes[position]]
        }
        step()
    }

    private func text(_ word: [UInt8], _ start: NginxPlace) throws(NginxSyntaxError) -> String {
        guard word.count <= NginxBounds.wordBytesMax else {
            throw NginxSyntaxError(
                place: start, reason: "a word of more than \(NginxBounds.wordBytesMax) bytes; nginx takes none either")
        }
        return String(decoding: word, as: UTF8.self)
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\n")
            || byte == UInt8(ascii: "\r")
    }

    private static func endsWord(_ byte: UInt8) -> Bool {
        isBlank(byte) || byte == UInt8(ascii: ";") || byte == UInt8(ascii: "{")
    }
}

/// How much of a configuration is read. Nothing in use comes near; a file that is none should not take the memory.
enum NginxBounds {
    /// nginx reads through a buffer of this size, and refuses a longer word (`NGX_CONF_BUFFER`).
    static let wordBytesMax = 4_096
    static let nestingMax = 32
    /// Over all files.
    static let directivesMax = 50_000
    /// Of one file.
    static let fileBytesMax = 4 << 20
    /// Of one pattern.
    static let filesMax = 1_000
    /// Includes within includes.
    static let includesMax = 16
    /// Routes that one file becomes: conditions and prefixes by characters multiply locations.
    static let routesMax = 20_000
}
