import ProxyCore

/// Sizes and times as nginx writes them.
enum NginxValue {
    /// `10`, `10k`, `10m`, `1g`, in bytes.
    static func bytes(_ text: String) -> Int? {
        let digits = text.prefix(while: isDigit)
        guard !digits.isEmpty, let amount = Int(digits) else { return nil }
        let unit: Int
        switch text[digits.endIndex...].lowercased() {
        case "": unit = 1
        case "k": unit = 1 << 10
        case "m": unit = 1 << 20
        case "g": unit = 1 << 30
        default: return nil
        }
        let (bytes, overflows) = amount.multipliedReportingOverflow(by: unit)
        return overflows ? nil : bytes
    }

    /// `60`, `60s`, `500ms`, `1m30s`, `1d`; a number without a unit means seconds.
    static func milliseconds(_ text: String) -> Milliseconds? {
        var rest = text[...]
        var total: Milliseconds = 0
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix(while: isDigit)
            guard let amount = Int64(digits), amount < 1 << 31 else { return nil }
            rest = rest[digits.endIndex...]
            let name = rest.prefix { $0.isLetter }
            guard let unit = units[String(name)], total < 1 << 50 else { return nil }
            rest = rest[name.endIndex...]
            total += amount * unit
        }
        return total
    }

    private static let units: [String: Int64] = [
        "": 1_000, "ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000,
        "M": 2_592_000_000, "y": 31_536_000_000,
    ]

    /// A time as ours are written; nil where it is none or too long.
    static func duration(_ text: String) -> String? {
        guard let milliseconds = milliseconds(text), (1...Bounds.durationMillisecondsMax).contains(milliseconds) else {
            return nil
        }
        return durationText(milliseconds)
    }
}
