extension Parse {
    /// Any text that is not empty. The hint does not repeat it: it may be a secret.
    static func text(bytesMax: Int) -> (String) throws(Rejection) -> String {
        { (text) throws(Rejection) in
            guard (1...bytesMax).contains(text.utf8.count) else {
                throw Rejection("is empty or too long; use a text of 1 to \(bytesMax) bytes")
            }
            return text
        }
    }
}

/// Whether `text` can name a field or a cookie: a token (RFC 9110 section 5.6.2, RFC 6265 section 4.1.1) of bounded size.
func isToken(_ text: some StringProtocol) -> Bool {
    (1...Bounds.nameBytesMax).contains(text.utf8.count)
        && text.utf8.allSatisfy { isLetterOrDigit($0) || tokenMarks.contains($0) }
}

private let tokenMarks = Array("!#$%&'*+-.^_`|~".utf8)
