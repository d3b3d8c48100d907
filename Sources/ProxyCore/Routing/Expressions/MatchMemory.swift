import CPCRE2

/// The memory in which a worker's expressions are matched, made once and used for one after another.
@safe
package struct MatchMemory: ~Copyable {
    fileprivate let data: OpaquePointer
    fileprivate let context: OpaquePointer
    private let stack: OpaquePointer?
    /// Holds a value while it is looked at in its decoded form.
    var decoded = ByteBuffer(capacity: Limits.requestLineBytesMax)
    /// When matching for the request has to end; nil while nothing was found to take long.
    fileprivate var deadline: Instant?
    /// Matches that were given up because they took too long or too much, since the worker began.
    package fileprivate(set) var matchesGivenUp = 0

    package init() {
        guard let data = unsafe pcre2_match_data_create_8(UInt32(Limits.captureGroupsMax), nil),
            let context = unsafe pcre2_match_context_create_8(nil)
        else { fatalError("no memory for expressions") }
        unsafe self.data = data
        unsafe self.context = context
        unsafe stack = pcre2_jit_stack_create_8(32 * 1024, Limits.expressionStackBytesMax, nil)
        unsafe pcre2_set_match_limit_8(context, UInt32(Limits.expressionBacktracksMax))
        unsafe pcre2_set_depth_limit_8(context, UInt32(Limits.expressionBacktracksMax))
        unsafe pcre2_set_heap_limit_8(context, UInt32(Limits.expressionHeapBytesMax / 1024))
        if let stack = unsafe stack { unsafe pcre2_jit_stack_assign_8(context, nil, UnsafeMutableRawPointer(stack)) }
    }

    deinit {
        unsafe pcre2_match_data_free_8(data)
        unsafe pcre2_match_context_free_8(context)
        if let stack = unsafe stack { unsafe pcre2_jit_stack_free_8(stack) }
    }

    /// Another request: it has all of its time.
    mutating func beginRequest() { deadline = nil }

    /// The groups of the expression that was found last.
    func readCaptures(_ count: Int, into captures: inout Captures) {
        captures.removeAll()
        let offsets = unsafe pcre2_get_ovector_pointer_8(data)!
        for group in 0..<min(count, Limits.captureGroupsMax) {
            let start = unsafe offsets[2 * group]
            let end = unsafe offsets[2 * group + 1]
            // A group that took no part is at -1; `\K` in a lookahead can put the start behind the end.
            captures.append(start >= 0 && start <= end ? start..<end : nil)
        }
    }
}

extension RegularExpression {
    enum Outcome {
        case found, notFound
        /// It was given up. What depends on it is not known, so nothing may be allowed because of it.
        case undecided
    }

    /// Looks for the expression anywhere in `subject`.
    ///
    /// No expression takes longer than `Limits` say, whatever it is and whatever it is matched with: the library counts
    /// backtracks from each place where a match may begin, so the places are gone through in short steps, with a look at
    /// the clock after each, where a subject is long.
    func find(in subject: RawSpan, with memory: inout MatchMemory) -> Outcome {
        let count = subject.byteCount
        guard count > Limits.expressionBytesUnwatchedMax else {
            return conclude(match(subject, from: 0, atMost: count, memory), &memory)
        }
        let limit = min(Limits.expressionBacktracksMax, Limits.expressionStepsMax / count)
        unsafe pcre2_set_match_limit_8(memory.context, UInt32(limit))
        defer { unsafe pcre2_set_match_limit_8(memory.context, UInt32(Limits.expressionBacktracksMax)) }
        guard !isAnchored else { return conclude(match(subject, from: 0, atMost: count, memory), &memory) }
        let deadline = memory.deadline ?? Instant.read() + Limits.expressionMillisecondsMax
        memory.deadline = deadline
        var start = 0
        while start <= count {
            let last = min(count, start + Limits.expressionStartsPerLook - 1)
            let code = match(subject, from: start, atMost: last, memory)
            if code != PCRE2_ERROR_NOMATCH { return conclude(code, &memory) }
            start = last + 1
            if Instant.read() > deadline { return conclude(PCRE2_ERROR_MATCHLIMIT, &memory) }
        }
        return .notFound
    }

    private func conclude(_ code: Int32, _ memory: inout MatchMemory) -> Outcome {
        if code >= 0 { return .found }
        if code == PCRE2_ERROR_NOMATCH { return .notFound }
        memory.matchesGivenUp += 1
        return .undecided
    }

    /// - Parameters:
    ///   - start: the first place where a match may begin.
    ///   - last: the last one.
    /// - Returns: what pcre2_match(3) answers.
    private func match(_ subject: RawSpan, from start: Int, atMost last: Int, _ memory: borrowing MatchMemory) -> Int32
    {
        unsafe pcre2_set_offset_limit_8(memory.context, last)
        return unsafe subject.withUnsafeBytes { bytes in
            // An empty span may have no address.
            var nothing: UInt8 = 0
            return unsafe withUnsafePointer(to: &nothing) { nothing in
                let text = unsafe bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) ?? nothing
                if isMachineCode {
                    return unsafe pcre2_jit_match_8(
                        code, text, bytes.count, start, 0, memory.data, memory.context)
                }
                return unsafe pcre2_match_8(code, text, bytes.count, start, 0, memory.data, memory.context)
            }
        }
    }
}
