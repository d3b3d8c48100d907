/// Why a configuration cannot be used, as one line for the person who wrote it.
package struct ConfigError: Error, Equatable, CustomStringConvertible {
    /// Where the mistake stands: a flag or an environment variable.
    package let option: String
    /// The text that is wrong; nil where one is missing.
    package let value: String?
    /// The rest of the sentence: what is wrong, and what would be right.
    package let hint: String

    package init(option: String, value: String?, hint: String) {
        self.option = option
        self.value = value
        self.hint = hint
    }

    /// `--ip-family: "v6" is no IP family; use any, ipv4 or ipv6`
    package var description: String {
        guard let value else { return "\(option): \(hint)" }
        return "\(option): \"\(printable(value))\" \(hint)"
    }
}

/// A text that is no value of its kind. The hint is the rest of the sentence that the text begins.
struct Rejection: Error, Equatable {
    let hint: String
    /// Which character of the text is at fault, counted from 0 in Unicode scalars; nil for the whole.
    let offset: Int?

    init(_ hint: String, at offset: Int? = nil) {
        self.hint = hint
        self.offset = offset
    }
}

/// `text` with its control characters as `\xHH`, so that it stays on one line and leaves the terminal alone.
package func printable(_ text: String) -> String {
    var line = ""
    for scalar in text.unicodeScalars {
        if scalar.properties.generalCategory == .control {
            let digits = String(scalar.value, radix: 16)
            line += "\\x" + (digits.count == 1 ? "0" : "") + digits
        } else {
            line.unicodeScalars.append(scalar)
        }
    }
    return line
}
