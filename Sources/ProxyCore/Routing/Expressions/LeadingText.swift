/// What every text that an expression matches begins with, as far as the pattern says so plainly: `/users/` of
/// `^/users/[0-9]+$`. Expressions are found by it, so that only few have to be tried for a request.
struct LeadingText: Equatable {
    /// Empty where nothing is known.
    var text: [UInt8] = []
    /// The expression matches whatever begins with `text`.
    var isAll = false

    /// It is read with caution: a pattern with anything unusual in it has no leading text.
    ///
    /// - Parameter pattern: one that compiles.
    init(pattern: String, ignoresCase: Bool) {
        let bytes = Array(pattern.utf8)
        if Self.matchesEverything.contains(pattern) {
            isAll = true
            return
        }
        guard !ignoresCase, bytes.first == UInt8(ascii: "^"), !Self.isUnusual(bytes) else { return }
        var index = 1
        while index < bytes.count {
            var length = 1
            var byte = bytes[index]
            if byte == ASCII.backslash, index + 1 < bytes.count, !Self.isWord(bytes[index + 1]) {
                byte = bytes[index + 1]
                length = 2
            } else if Self.isSpecial(byte) {
                break
            }
            // What is repeated may be absent.
            if index + length < bytes.count, Self.isQuantifier(bytes[index + length]) { break }
            text.append(byte)
            index += length
        }
        let rest = String(decoding: bytes[index...], as: UTF8.self)
        isAll = rest.isEmpty || Self.matchesEverything.contains("^" + rest)
    }

    private static let matchesEverything: Set<String> = [
        "", "^", "/", "^/", ".*", "^.*", "^.*$", ".*$", "(.*)", "^(.*)", "^(.*)$", "(.*)$", "^/.*", "^/.*$", "^/(.*)",
        "^/(.*)$",
    ]

    /// Alternatives outside of groups, settings, comments, quotations, and verbs change what the text before or behind
    /// them means.
    private static func isUnusual(_ bytes: [UInt8]) -> Bool {
        var depth = 0
        var isInClass = false
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            let next = index + 1 < bytes.count ? bytes[index + 1] : 0
            switch byte {
            case ASCII.backslash:
                // `\Q`, `\E`
                if next | 0x20 == UInt8(ascii: "q") || next == UInt8(ascii: "E") { return true }
                index += 1
            case ASCII.openBracket where !isInClass:
                isInClass = true
                // A bracket that comes first is a member.
                if next == UInt8(ascii: "^") { index += 1 }
                if index + 1 < bytes.count, bytes[index + 1] == ASCII.closeBracket { index += 1 }
            case ASCII.openBracket where next == ASCII.colon || next == ASCII.point || next == ASCII.equals: return true
            case ASCII.closeBracket: isInClass = false
            case UInt8(ascii: "(") where !isInClass:
                depth += 1
                if next == ASCII.asterisk { return true }
                if next == ASCII.questionMark {
                    guard index + 2 < bytes.count, Self.groupMarks.contains(bytes[index + 2]) else { return true }
                }
            case UInt8(ascii: ")") where !isInClass: depth -= 1
            case UInt8(ascii: "|") where !isInClass && depth == 0: return true
            default: break
            }
            index += 1
        }
        return false
    }

    /// `(?:`, `(?<name>`, `(?<=`, `(?P<`, `(?=`, `(?!`, `(?>`
    private static let groupMarks = Array(":<P=!>".utf8)

    private static func isWord(_ byte: UInt8) -> Bool {
        ASCII.isDigit(byte) || (byte | 0x20) &- 0x61 < 26 || byte >= 0x80
    }

    private static func isSpecial(_ byte: UInt8) -> Bool { Array("\\^$.[|()?*+{".utf8).contains(byte) }

    private static func isQuantifier(_ byte: UInt8) -> Bool { Array("?*+{".utf8).contains(byte) }
}
