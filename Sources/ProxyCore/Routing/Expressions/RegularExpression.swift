import CPCRE2

/// A Perl-compatible regular expression (pcre2pattern(3)) over bytes, compiled to machine code where the system lets us.
///
/// It never changes, so all workers share it; what a match needs of memory is each worker's own (`MatchMemory`).
@safe
package struct RegularExpression: ~Copyable {
    package struct Mistake: Error, Hashable {
        /// Such as `missing closing parenthesis`.
        package let message: String
        /// Where in the pattern, in bytes.
        package let offset: Int
    }

    let code: OpaquePointer
    let isMachineCode: Bool
    /// A match can only begin at the first byte.
    let isAnchored: Bool
    /// Groups that capture, named or not, without the whole.
    package let groupCount: Int

    /// - Throws: `Mistake` where `pattern` is none, or is longer than `Limits.expressionPatternBytesMax`.
    package init(_ pattern: String, ignoresCase: Bool = false) throws(Mistake) {
        let bytes = Array(pattern.utf8)
        guard bytes.count <= Limits.expressionPatternBytesMax else {
            throw Mistake(
                message: "the expression is longer than \(Limits.expressionPatternBytesMax) bytes",
                offset: Limits.expressionPatternBytesMax)
        }
        // Subjects are bytes, of which a pattern must not be able to say otherwise; `$` is the end and nothing before it.
        var options = PCRE2_NEVER_UTF | PCRE2_NEVER_UCP | PCRE2_DOLLAR_ENDONLY | PCRE2_USE_OFFSET_LIMIT
        if ignoresCase { options |= PCRE2_CASELESS }
        var error: Int32 = 0
        var offset = 0
        let compiled = unsafe bytes.withUnsafeBufferPointer { bytes in
            var nothing: UInt8 = 0
            return unsafe withUnsafePointer(to: &nothing) { nothing in
                unsafe pcre2_compile_8(bytes.baseAddress ?? nothing, bytes.count, options, &error, &offset, nil)
            }
        }
        guard let compiled = unsafe compiled else { throw Mistake(message: Self.message(error), offset: offset) }
        unsafe code = compiled
        isMachineCode = unsafe pcre2_jit_compile_8(compiled, PCRE2_JIT_COMPLETE) == 0
        isAnchored = unsafe Self.number(PCRE2_INFO_ALLOPTIONS, compiled) & PCRE2_ANCHORED != 0
        groupCount = unsafe Int(Self.number(PCRE2_INFO_CAPTURECOUNT, compiled))
    }

    deinit { unsafe pcre2_code_free_8(code) }

    /// The names of groups with their numbers, by number.
    package var groupNames: [(name: String, number: Int)] {
        var table: UnsafePointer<UInt8>?
        guard unsafe pcre2_pattern_info_8(code, UInt32(PCRE2_INFO_NAMETABLE), &table) == 0,
            let table = unsafe table
        else { return [] }
        let count = unsafe Int(Self.number(PCRE2_INFO_NAMECOUNT, code))
        let entryBytes = unsafe Int(Self.number(PCRE2_INFO_NAMEENTRYSIZE, code))
        // An entry is the number in two bytes, the higher one first, and the name with a NUL (pcre2api(3)).
        let names = (0..<count).map { index in
            let entry = unsafe UnsafeBufferPointer(start: table + index * entryBytes, count: entryBytes)
            let name = unsafe String(decoding: entry.dropFirst(2).prefix { $0 != 0 }, as: UTF8.self)
            return unsafe (name: name, number: Int(entry[0]) << 8 | Int(entry[1]))
        }
        return names.sorted { $0.number < $1.number }
    }

    /// The number of the group of this name, or nil where there is none.
    package func group(named name: String) -> Int? { groupNames.first { $0.name == name }?.number }

    private static func number(_ what: Int32, _ code: OpaquePointer) -> UInt32 {
        var value: UInt32 = 0
        unsafe pcre2_pattern_info_8(code, UInt32(what), &value)
        return value
    }

    private static func message(_ error: Int32) -> String {
        var text = [UInt8](repeating: 0, count: 256)
        let count = unsafe text.withUnsafeMutableBufferPointer {
            unsafe pcre2_get_error_message_8(error, $0.baseAddress, $0.count)
        }
        return String(decoding: text.prefix(max(0, Int(count))), as: UTF8.self)
    }
}

/// Compiled code is only read (pcre2api(3), "Multithreading").
extension RegularExpression: @unchecked Sendable {}
