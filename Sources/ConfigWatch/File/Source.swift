/// One text of the configuration, and what it takes to point at a place in it.
final class Source: Sendable {
    /// As a person would write it: the file that was asked for, or what an `include` says, seen from where that stands.
    let name: String
    /// What relative paths in it are relative to.
    let directory: String
    let text: String

    init(name: String, directory: String, text: String) {
        self.name = name
        self.directory = directory
        self.text = text
    }

    /// - Parameter number: counted from 1.
    /// - Returns: the line without its end; empty where there is none.
    func line(_ number: Int) -> Substring {
        let scalars = text.unicodeScalars
        var start = scalars.startIndex
        for _ in 1..<max(1, number) {
            guard let end = scalars[start...].firstIndex(where: Self.isBreak) else { return "" }
            start = Self.next(end, in: scalars)
        }
        let end = scalars[start...].firstIndex(where: Self.isBreak) ?? scalars.endIndex
        return text[start..<end]
    }

    /// What ends a line for YAML 1.1, which is how the parser counts.
    private static func isBreak(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x0A, 0x0D, 0x85, 0x2028, 0x2029: true
        default: false
        }
    }

    private static func next(_ end: String.Index, in scalars: String.UnicodeScalarView) -> String.Index {
        let next = scalars.index(after: end)
        let isPair = scalars[end] == "\r" && next < scalars.endIndex && scalars[next] == "\n"
        return isPair ? scalars.index(after: next) : next
    }
}

/// A place in a text; both are counted from 1, columns in Unicode scalars.
struct Place: Hashable, Sendable {
    let line: Int
    let column: Int
}
