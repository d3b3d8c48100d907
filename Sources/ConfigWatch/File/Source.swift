/// One text of the configuration, and what it takes to point at a place in it.
final class Source: Sendable {
    /// As a person would write it: the file that was asked for, or what an `include` says, seen from where that stands.
    let name: String
    /// What relative paths in it are relative to.
    let directory: String
    let text: String
    /// Where each line begins and where its content ends, in bytes.
    private let lines: [Range<Int>]

    init(name: String, directory: String, text: String) {
        self.name = name
        self.directory = directory
        self.text = text
        lines = Self.lines(of: text)
    }

    /// - Parameter number: counted from 1.
    /// - Returns: the line without its end; empty where there is none.
    func line(_ number: Int) -> Substring {
        guard lines.indices.contains(number - 1) else { return "" }
        let range = lines[number - 1]
        let bytes = text.utf8
        return text[
            bytes.index(
                bytes.startIndex, offsetBy: range.lowerBound)..<bytes.index(
                    bytes.startIndex, offsetBy: range.upperBound)]
    }

    /// Lines end where YAML 1.1 says so, because that is how the parser counts: at LF, CR, CR LF, NEL, LS and PS.
    private static func lines(of text: String) -> [Range<Int>] {
        var lines: [Range<Int>] = []
        var start = 0
        var offset = 0
        var previous = Unicode.Scalar(0)
        for scalar in text.unicodeScalars {
            let end = offset + UTF8.width(scalar)
            switch scalar.value {
            case 0x0A where previous == "\r": start = end
            case 0x0A, 0x0D, 0x85, 0x2028, 0x2029:
                lines.append(start..<offset)
                start = end
            default: break
            }
            previous = scalar
            offset = end
        }
        return lines + [start..<offset]
    }
}

/// A place in a text; both are counted from 1, columns in Unicode scalars.
struct Place: Hashable, Sendable {
    let line: Int
    let column: Int
}
