/// A JSON value (RFC 8259) to be written.
package indirect enum JSON: Sendable {
    case null
    case bool(Bool)
    /// As it is to be written.
    case number(String)
    case string(String)
    case array([JSON])
    case object([Member])

    package struct Member: Sendable {
        let name: String
        let value: JSON

        package init(_ name: String, _ value: JSON) {
            self.name = name
            self.value = value
        }
    }

    package static func number(_ number: Int) -> JSON { .number("\(number)") }
    package static func strings(_ texts: [String]) -> JSON { .array(texts.map { .string($0) }) }

    /// On one line, without blanks.
    var compact: String {
        var text = ""
        write(to: &text, indent: nil)
        return text
    }

    /// A line for each value, indented by two blanks.
    package var pretty: String {
        var text = ""
        write(to: &text, indent: 0)
        return text
    }

    private func write(to text: inout String, indent: Int?) {
        switch self {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .number(let number): text += number
        case .string(let string): text += Self.quoted(string)
        case .array(let values):
            let isShort = values.allSatisfy(\.isSimple)
            Self.write("[", values, "]", to: &text, indent: isShort ? nil : indent, between: isShort && indent != nil) {
                value, text, indent in value.write(to: &text, indent: indent)
            }
        case .object(let members):
            Self.write("{", members, "}", to: &text, indent: indent, between: false) { member, text, inner in
                text += Self.quoted(member.name) + (indent == nil ? ":" : ": ")
                member.value.write(to: &text, indent: inner)
            }
        }
    }

    private var isSimple: Bool {
        switch self {
        case .array, .object: false
        default: true
        }
    }

    private static func write<Value>(
        _ open: String, _ values: [Value], _ close: String, to text: inout String, indent: Int?, between blank: Bool,
        _ write: (Value, inout String, Int?) -> Void
    ) {
        text += open
        for (index, value) in values.enumerated() {
            if index > 0 { text += blank ? ", " : "," }
            if let indent { text += "\n" + String(repeating: "  ", count: indent + 1) }
            write(value, &text, indent.map { $0 + 1 })
        }
        if let indent, !values.isEmpty { text += "\n" + String(repeating: "  ", count: indent) }
        text += close
    }

    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "\t": quoted += "\\t"
            default:
                if scalar.value < 0x20 {
                    let digits = String(scalar.value, radix: 16)
                    quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                } else {
                    quoted.unicodeScalars.append(scalar)
                }
            }
        }
        return quoted + "\""
    }
}

extension JSON {
    /// What a document says, as JSON: plain texts are null, a truth value or a number where they look like one.
    init(_ element: Element) {
        switch element.content {
        case .scalar(let scalar):
            if element.isNull {
                self = .null
            } else if let truth = element.truth {
                self = .bool(truth)
            } else {
                self = scalar.isPlain && Self.isNumber(scalar.text) ? .number(scalar.text) : .string(scalar.text)
            }
        case .list(let elements): self = .array(elements.map { JSON($0) })
        case .mapping(let entries): self = .object(entries.map { Member($0.name, JSON($0.value)) })
        }
    }

    /// RFC 8259 section 6.
    static func isNumber(_ text: String) -> Bool {
        var rest = text.utf8[...]
        func digits() -> Int {
            let count = rest.prefix { (0x30...0x39).contains($0) }.count
            rest = rest.dropFirst(count)
            return count
        }
        if rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
        let leadsWithZero = rest.first == UInt8(ascii: "0")
        let whole = digits()
        guard whole > 0, whole == 1 || !leadsWithZero else { return false }
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            guard digits() > 0 else { return false }
        }
        if rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") {
            rest = rest.dropFirst()
            if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
            guard digits() > 0 else { return false }
        }
        return rest.isEmpty
    }
}
