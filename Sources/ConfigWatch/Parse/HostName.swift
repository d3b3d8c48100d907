/// Whether `text` can be asked of a name server as a host's name: at most 253 bytes without the trailing dot and 63 in
/// each label (RFC 1035 section 2.3.4), made of letters, digits and hyphens, with no hyphen at a label's ends
/// (RFC 1123 section 2.1). Underscores are allowed, because container names are full of them.
///
/// A last label of digits alone is refused: it is an IPv4 address gone wrong, and no top-level domain (RFC 3696
/// section 2).
func isHostName(_ text: Substring) -> Bool {
    let name = text.last == "." ? text.dropLast() : text
    guard (1...253).contains(name.utf8.count) else { return false }
    let labels = name.split(separator: ".", omittingEmptySubsequences: false)
    guard let last = labels.last, !last.allSatisfy(isDigit) else { return false }
    return labels.allSatisfy(isLabel)
}

private func isLabel(_ text: Substring) -> Bool {
    guard (1...63).contains(text.utf8.count), text.first != "-", text.last != "-" else { return false }
    return text.utf8.allSatisfy { isLetterOrDigit($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") }
}
