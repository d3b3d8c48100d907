/// What was set, as text that nobody has judged yet, and where each text came from.
package struct Options: Equatable, Sendable {
    /// The values of one option. They come from one place: a flag hides the environment.
    struct Given: Equatable, Sendable {
        /// What a person would look for to correct it: `--policy`, `BALANCER_POLICY`.
        let origin: String
        let texts: [String]
    }

    private var given: [OptionName: Given] = [:]

    /// - Parameters:
    ///   - flags: The values of each option on the command line, in order. No values are no option.
    ///   - environment: The process's environment (environ(7)). A repeatable option takes several values from one
    ///     variable, between commas and white space. Variables that are empty or blank count as unset.
    package init(flags: [OptionName: [String]], environment: [String: String] = [:]) {
        for option in OptionName.allCases {
            if let texts = flags[option], !texts.isEmpty {
                given[option] = Given(origin: option.flag, texts: texts)
                continue
            }
            let variable = environment[option.environmentVariable] ?? ""
            let texts = option.isRepeatable ? Self.list(in: variable) : Self.word(in: variable)
            if !texts.isEmpty { given[option] = Given(origin: option.environmentVariable, texts: texts) }
        }
    }

    /// What stands between commas and white space. A role, such as `weight=3` or `backup`, is no value of its own but
    /// belongs to the upstream before it.
    private static func list(in variable: String) -> [String] {
        var texts: [String] = []
        for piece in variable.split(whereSeparator: { $0 == "," || $0.isWhitespace }) {
            if Parse.isRole(piece), let last = texts.indices.last {
                texts[last] += ",\(piece)"
            } else {
                texts.append(String(piece))
            }
        }
        return texts
    }

    /// All of it but the white space around it; nothing where there is nothing else.
    private static func word(in variable: String) -> [String] {
        guard let first = variable.firstIndex(where: { !$0.isWhitespace }),
            let last = variable.lastIndex(where: { !$0.isWhitespace })
        else { return [] }
        return [String(variable[first...last])]
    }

    func isGiven(_ option: OptionName) -> Bool { given[option] != nil }

    /// The error for a value that no parser could refuse: it takes the system, or other values, to see what is wrong.
    ///
    /// - Parameters:
    ///   - text: The value at fault; nil for the last one of `option`.
    ///   - hint: As `ConfigError.hint`.
    package func error(about option: OptionName, text: String? = nil, hint: String) -> ConfigError {
        let given = given[option]
        let value = option.isSecret ? nil : text ?? given?.texts.last
        return ConfigError(option: given?.origin ?? option.flag, value: value, hint: hint)
    }

    /// Every value of `option`, parsed, in order; empty where it was not set.
    ///
    /// - Throws: The first value that `parse` rejects, with the place it came from.
    func all<Value>(
        _ option: OptionName, _ parse: (String) throws(Rejection) -> Value
    ) throws(ConfigError) -> [Value] {
        guard let given = given[option] else { return [] }
        var values: [Value] = []
        for text in given.texts {
            do {
                values.append(try parse(text))
            } catch {
                throw self.error(about: option, text: text, hint: error.hint)
            }
        }
        return values
    }

    /// Puts the value of `option` into `field`, which stays as it is where the option was not set. Of several flags,
    /// the last counts.
    ///
    /// - Throws: As `all`.
    func read<Value>(
        _ option: OptionName, as parse: (String) throws(Rejection) -> Value, into field: inout Value
    ) throws(ConfigError) {
        if let value = try all(option, parse).last { field = value }
    }
}
