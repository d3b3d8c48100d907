/// What is wrong with a configuration file, or may be, at one place of it.
package struct Diagnostic: Error, Equatable, Sendable, CustomStringConvertible {
    package enum Severity: String, Sendable {
        case error
        case warning
    }

    package let severity: Severity
    /// The file, as it was named.
    package let file: String
    /// Counted from 1; 0 where it is the file as a whole.
    package let line: Int
    /// Counted from 1, in Unicode scalars; 0 where it is the line as a whole.
    package let column: Int
    /// What is wrong and what would be right, on one line.
    package let message: String
    /// The line at fault and a line with a mark below the place; empty where there is nothing to show.
    package let excerpt: String

    package init(
        _ severity: Severity, file: String, line: Int = 0, column: Int = 0, message: String, excerpt: String = ""
    ) {
        self.severity = severity
        self.file = file
        self.line = line
        self.column = column
        self.message = message
        self.excerpt = excerpt
    }

    init(_ severity: Severity, _ source: Source, _ place: Place, length: Int = 1, _ message: String) {
        self.init(
            severity, file: source.name, line: place.line, column: place.column, message: printable(message),
            excerpt: Excerpt.text(source, place, length: length))
    }

    package var description: String {
        let place = [line, column].prefix { $0 > 0 }.map { ":\($0)" }.joined()
        return "\(printable(file))\(place): \(severity.rawValue): \(message)" + (excerpt.isEmpty ? "" : "\n\(excerpt)")
    }
}

/// The lines below a message.
enum Excerpt {
    /// Longer lines are cut around the place.
    private static let widthMax = 160

    static func text(_ source: Source, _ place: Place, length: Int) -> String {
        let line = Array(Secrets.masked(source, line: place.line).unicodeScalars)
        guard !line.isEmpty else { return "" }
        let column = min(place.column - 1, line.count)
        let start = line.count <= widthMax ? 0 : max(0, min(column - widthMax / 4, line.count - widthMax))
        let shown = line[start..<min(line.count, start + widthMax)]
        let marks = max(1, min(length, start + shown.count - column))
        return visible(shown) + "\n" + String(repeating: " ", count: column - start) + "^"
            + String(repeating: "~", count: marks - 1)
    }

    /// One column for each scalar, so that the mark stands where it belongs.
    private static func visible(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
        var text = ""
        for scalar in scalars {
            text.unicodeScalars.append(scalar.properties.generalCategory == .control ? " " : scalar)
        }
        return text
    }
}
