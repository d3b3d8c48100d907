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
            let texts = Self.texts(of: environment[option.environmentVariable] ?? "", for: option)
            if !texts.isEmpty { given[option] = Given(origin: option.environmentVariable, texts: texts) }
        }
    }

    private static func texts(of variable: String, for option: OptionName) -> [String] {
        if option.isRepeatable {
            return variable.split { $0 == "," || $0.isWhitespace }.map { String($0) }
        }
        guard let first = variable.firstIndex(where: { !$0.isWhitespace }),
            let last = variable.lastIndex(where: { !$0.isWhitespace })
        else { return [] }
        return [String(variable[first...last])]
    }

    /// The error for a value that no parser could refuse, because only the system knows what is wrong with it.
    ///
    /// - Parameters:
    ///   - option: Of several values, the last is the one at fault.
    ///   - hint: As `ConfigError.hint`.
    package func error(about option: OptionName, hint: String) -> ConfigError {
        let given = given[option]
        return ConfigError(option: given?.origin ?? option.flag, value: given?.texts.last, hint: hint)
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
                throw ConfigError(option: given.origin, value: text, hint: error.hint)
            }
        }
        return values
    }

    /// The value of `option`, parsed; nil where it was not set. Of several flags, the last counts.
    ///
    /// - Throws: As `all`.
    func one<Value>(
        _ option: OptionName, _ parse: (String) throws(Rejection) -> Value
    ) throws(ConfigError) -> Value? {
        try all(option, parse).last
    }
}
