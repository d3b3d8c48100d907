/// What becomes of the head of an answer where its route speaks CORS for it or puts bodies into a content coding.
struct AnswerEdits {
    /// What the body is put into on its way; nil for nothing.
    var coding: CompressionSettings.Coding?
    /// Another client gets it in another coding, or in none.
    var variesByCoding = false
    /// The fields of the CORS protocol are ours.
    var hidesCORS = false

    var isNone: Bool { !variesByCoding && !hidesCORS }

    /// Whether a line of the upstream's goes. Those that only change come again with `write`.
    func drops(_ bytes: RawSpan, _ name: Range<Int>) -> Bool {
        if hidesCORS, CORSRule.isOurs(bytes, name) { return true }
        guard variesByCoding else { return false }
        switch name.count {
        case 4:
            return bytes.equals(name, ignoringCase: "vary") || coding != nil && bytes.equals(name, ignoringCase: "etag")
        // A part of the coded body cannot be asked for.
        case 13: return coding != nil && bytes.equals(name, ignoringCase: "accept-ranges")
        case 14: return coding != nil && bytes.equals(name, ignoringCase: "content-length")
        // It says "identity", if anything.
        case 16: return coding != nil && bytes.equals(name, ignoringCase: "content-encoding")
        default: return false
        }
    }

    /// Appends the lines that come, without those that `changes` takes out.
    func write(
        _ head: borrowing ResponseHead, _ bytes: RawSpan, _ changes: FieldChanges?, to out: inout ByteBuffer
    ) {
        guard variesByCoding else { return }
        writeVary(head, bytes, changes, to: &out)
        guard let coding else { return }
        Self.write(coding, to: &out)
        for index in 0..<head.fields.count where bytes.equals(head.fields[index].nameRange, ignoringCase: "etag") {
            if changes?.drop(bytes, head.fields[index].nameRange) ?? false { continue }
            // What we make is alike in meaning only, and differs from time to time (RFC 9110 section 8.8.1).
            let tag = head.fields[index].value
            let isWeak = tag.count >= 2 && bytes.equals(tag.lowerBound..<tag.lowerBound + 2, "W/")
            out.append(isWeak ? "ETag: " : "ETag: W/")
            out.append(bytes.extracting(tag))
            out.append("\r\n")
        }
    }

    /// Appends the lines that come to the head of an answer of our own, which says nothing of codings and lengths yet.
    ///
    /// - Parameter withBody: it follows, in chunks.
    func writeOwn(withBody: Bool, to out: inout ByteBuffer) {
        guard variesByCoding else { return }
        out.append("Vary: Accept-Encoding\r\n")
        guard let coding else { return }
        Self.write(coding, to: &out)
        if withBody { out.append("Transfer-Encoding: chunked\r\n") }
    }

    private static func write(_ coding: CompressionSettings.Coding, to out: inout ByteBuffer) {
        out.append("Content-Encoding: ")
        out.append(coding.asContentCoding.name)
        out.append("\r\n")
    }

    /// All that the answer varies by, in one line: there are caches that look at one only.
    private func writeVary(
        _ head: borrowing ResponseHead, _ bytes: RawSpan, _ changes: FieldChanges?, to out: inout ByteBuffer
    ) {
        out.append("Vary: ")
        var isNamed = false
        for index in 0..<head.fields.count where bytes.equals(head.fields[index].nameRange, ignoringCase: "vary") {
            let value = head.fields[index].value
            if value.isEmpty || changes?.drop(bytes, head.fields[index].nameRange) ?? false { continue }
            out.append(bytes.extracting(value))
            let isOther = bytes.forEachListElement(in: value) { element in
                !bytes.equals(element, "*") && !bytes.equals(element, ignoringCase: "accept-encoding")
            }
            if !isOther { isNamed = true }
            out.append(", ")
        }
        if isNamed {
            // The last value needs no comma behind it.
            out.truncate(to: out.count - 2)
        } else {
            out.append("Accept-Encoding")
        }
        out.append("\r\n")
    }
}
