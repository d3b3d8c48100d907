extension Parse {
    /// Whether `text` is made of what RFC 3986 section 3.3 allows in a path.
    static func isPath(_ text: Substring) -> Bool {
        var bytes = text.utf8[...]
        while let byte = bytes.popFirst() {
            if byte == UInt8(ascii: "%") {
                guard bytes.prefix(2).count(where: isHexDigit) == 2 else { return false }
            } else {
                guard isLetterOrDigit(byte) || pathMarks.contains(byte) else { return false }
            }
        }
        return true
    }

    private static let pathMarks = Array("/-._~!$&'()*+,;=:@".utf8)
}
