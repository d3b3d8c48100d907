/// What tells one state of a representation from another (RFC 9110 section 8.8).
struct Validators {
    var tag: EntityTag
    /// Seconds since 1970.
    var modified: Int64

    /// Appends the lines that tell a client of them.
    func write(to out: inout ByteBuffer) {
        out.append("Last-Modified: ")
        HTTPDate.write(modified, to: &out)
        out.append("\r\nETag: ")
        tag.write(to: &out)
        out.append("\r\n")
    }
}

/// What the conditions of a request make of it (RFC 9110 section 13.2.2).
enum Precondition {
    case proceed
    /// 304: what the client has is still right.
    case notModified
    /// 412: the client meant another state.
    case failed

    /// Evaluates the conditions of a GET or HEAD in the order of precedence.
    ///
    /// - Parameter now: seconds since 1970.
    static func evaluate(
        _ request: FileRequest, _ bytes: RawSpan, _ validators: Validators, now: Int64
    ) -> Precondition {
        guard !request.fields.isDisjoint(with: .conditions) else { return .proceed }
        if request.fields.contains(.ifMatch) {
            guard lists(request, bytes, "if-match", validators.tag, .strong) else { return .failed }
        } else if request.fields.contains(.ifUnmodifiedSince),
            let date = date(request, bytes, "if-unmodified-since", now: now), validators.modified > date
        {
            return .failed
        }
        if request.fields.contains(.ifNoneMatch) {
            return lists(request, bytes, "if-none-match", validators.tag, .weak) ? .notModified : .proceed
        }
        if request.fields.contains(.ifModifiedSince),
            let date = date(request, bytes, "if-modified-since", now: now), validators.modified <= date
        {
            return .notModified
        }
        return .proceed
    }

    /// Which parts the request wants, once its conditions let it proceed (RFC 9110 sections 13.1.5 and 14.2).
    static func ranges(
        _ request: FileRequest, _ bytes: RawSpan, _ validators: Validators, size: Int, now: Int64
    ) -> ByteRanges.Reading {
        guard request.fields.contains(.range), request.method == .get, let value = request.single(bytes, "range") else {
            return .ignored
        }
        if request.fields.contains(.ifRange) {
            guard let condition = request.single(bytes, "if-range"), isCurrent(bytes, condition, validators, now: now)
            else { return .ignored }
        }
        return ByteRanges.read(bytes, value, size: size)
    }

    /// A part of the state that If-Range names fits what we have. Its date has to be exactly ours, and ours has to be a
    /// strong validator, which it is where the tag is.
    private static func isCurrent(
        _ bytes: RawSpan, _ value: Range<Int>, _ validators: Validators, now: Int64
    ) -> Bool {
        if let first = value.first, bytes.byte(first) == ASCII.quote || bytes.byte(first) == 0x57 {
            if validators.tag.isIn(bytes, value, .strong) { return true }
        }
        return !validators.tag.isWeak && HTTPDate.parse(bytes, value, now: now) == validators.modified
    }

    /// `*` stands for any state there is.
    private static func lists(
        _ request: FileRequest, _ bytes: RawSpan, _ name: StaticString, _ tag: EntityTag,
        _ comparison: EntityTag.Comparison
    ) -> Bool {
        request.any(bytes, name) { bytes.equals($0, "*") || tag.isIn(bytes, $0, comparison) }
    }

    private static func date(
        _ request: FileRequest, _ bytes: RawSpan, _ name: StaticString, now: Int64
    ) -> Int64? {
        guard let value = request.single(bytes, name) else { return nil }
        return HTTPDate.parse(bytes, value, now: now)
    }
}
