import ProxyCore

// Values that are one word out of few.

extension Parse {
    static func onOrOff(_ text: String) throws(Rejection) -> Bool {
        switch text {
        case "on": return true
        case "off": return false
        default: throw Rejection("is neither; use on or off")
        }
    }

    static func logLevel(_ text: String) throws(Rejection) -> LogLevel { try word(text, "log level") }

    static func ipFamily(_ text: String) throws(Rejection) -> IPFamily { try word(text, "IP family") }

    /// A policy's name, or its short form: `rr`, `lc`.
    static func policy(_ text: String) throws(Rejection) -> Policy {
        switch text {
        case "rr": .roundRobin
        case "lc": .leastConnections
        default: try word(text, "policy")
        }
    }

    /// The case that is written `text`. `kind` is what the hint says that it is none of.
    private static func word<Word: CaseIterable & RawRepresentable<String>>(
        _ text: String, _ kind: String
    ) throws(Rejection) -> Word {
        guard let word = Word(rawValue: text) else { throw Rejection("is no \(kind); use \(wordList(Word.self))") }
        return word
    }
}

/// `one, two or three`, for every case.
package func wordList<Word: CaseIterable & RawRepresentable<String>>(_: Word.Type) -> String {
    alternatives(Word.allCases.map(\.rawValue))
}

/// As `Parse.onOrOff` reads it.
package func onOrOffText(_ isOn: Bool) -> String { isOn ? "on" : "off" }
