/// What can be said of a head without parsing it.
enum Lines {
    /// No NUL, and no CR or LF but as a CRLF.
    static func areClean(_ head: [UInt8]) -> Bool {
        for (index, byte) in head.enumerated() {
            switch byte {
            case 0x00: return false
            case 0x0D: if index + 1 == head.count || head[index + 1] != 0x0A { return false }
            case 0x0A: if index == 0 || head[index - 1] != 0x0D { return false }
            default: break
            }
        }
        return true
    }

    /// The field names, in lower case.
    static func names(in head: [UInt8]) -> [String] {
        head.split(separator: 0x0A).dropFirst().compactMap { line in
            line.firstIndex(of: UInt8(ascii: ":")).map {
                String(decoding: Grammar.lowercased(line[..<$0]), as: UTF8.self)
            }
        }
    }
}
