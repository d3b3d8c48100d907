import Glibc

/// A system call that failed: which one, and why.
package struct SystemError: Error, CustomStringConvertible, Equatable {
    package let call: String
    /// The positive errno (errno(3)).
    package let code: Int32

    package init(call: String, code: Int32) {
        self.call = call
        self.code = code
    }

    /// `connect: Connection refused`
    package var description: String { "\(call): \(reason)" }

    /// The system's words for `code` (strerror(3)).
    package var reason: String { unsafe String(cString: strerror(code)) }

    /// Answers `result`, or throws where it is a negated errno.
    package static func check(_ result: Int32, _ call: String) throws(SystemError) -> Int32 {
        guard result >= 0 else { throw SystemError(call: call, code: -result) }
        return result
    }
}
