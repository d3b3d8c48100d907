import CCrypt
import COpenSSL

/// What is stored of a password, and how one is compared with it.
package enum PasswordHash: Equatable, Sendable {
    /// `{SHA256}` and 64 hexadecimal digits: fast, and good only for long random passwords.
    case sha256([UInt8])
    /// As crypt(5) writes it: `$2b$`, `$5$`, `$6$`, `$y$` and others. It is slow by design, so no worker computes it.
    case crypt([UInt8])

    /// - Returns: nil where `text` is neither, or of a kind that this machine's libcrypt does not know or holds for weak.
    package init?(_ text: String) {
        let prefix = "{SHA256}"
        if text.hasPrefix(prefix) {
            guard let digest = Self.digest(Array(text.utf8.dropFirst(prefix.utf8.count))) else { return nil }
            self = .sha256(digest)
        } else {
            // A hash of Apache's own (`$apr1$`, `{SHA}`) is none for libcrypt.
            guard text.utf8.count < Int(CRYPT_OUTPUT_SIZE), !text.utf8.contains(0), text.hasPrefix("$") else {
                return nil
            }
            let verdict = unsafe text.withCString { unsafe crypt_checksalt($0) }
            // What libcrypt calls legacy is DES, MD5 and the like, but these as well.
            let isSound = ["$5$", "$2a$", "$2y$"].contains { text.hasPrefix($0) }
            guard verdict == CRYPT_SALT_OK || verdict == CRYPT_SALT_METHOD_LEGACY && isSound else { return nil }
            self = .crypt(Array(text.utf8))
        }
    }

    private static func digest(_ digits: [UInt8]) -> [UInt8]? {
        guard digits.count == 64 else { return nil }
        var digest: [UInt8] = []
        for index in stride(from: 0, to: 64, by: 2) {
            guard let high = ASCII.hexValue(digits[index]), let low = ASCII.hexValue(digits[index + 1]) else {
                return nil
            }
            digest.append(UInt8(high << 4 | low))
        }
        return digest
    }

    /// The longest that is stored.
    static let storedBytesMax = Int(CRYPT_OUTPUT_SIZE)

    /// What is stored, whatever its kind.
    var stored: [UInt8] {
        switch self {
        case .sha256(let bytes), .crypt(let bytes): bytes
        }
    }

    // ---- comparing -----------------------------------------------------------------------------------------------------

    /// Whether `password` has this SHA-256 digest. It takes the same time whatever the answer.
    static func matches(sha256 digest: [UInt8], _ password: RawSpan) -> Bool {
        var found = [UInt8](repeating: 0, count: 32)
        let isComputed = unsafe password.withUnsafeBytes { bytes in
            unsafe EVP_Digest(bytes.baseAddress, bytes.count, &found, nil, EVP_sha256(), nil) == 1
        }
        return isComputed && isEqual(found, digest)
    }

    /// Whether crypt(3) makes `stored` of `password`, which holds no NUL. It takes as long as `stored` asks for, from
    /// milliseconds to seconds.
    ///
    /// - Parameter scratch: of `scratchBytes`, for libcrypt to work in; it wipes it.
    static func matches(crypt stored: [UInt8], _ password: [UInt8], _ scratch: UnsafeMutableRawPointer) -> Bool {
        var phrase = password.map { CChar(bitPattern: $0) } + [0]
        let setting = stored.map { CChar(bitPattern: $0) } + [0]
        defer { for index in phrase.indices { phrase[index] = 0 } }
        guard let made = unsafe crypt_rn(phrase, setting, scratch, Int32(scratchBytes)) else { return false }
        var found: [UInt8] = []
        var index = 0
        while unsafe made[index] != 0 {
            unsafe found.append(UInt8(bitPattern: made[index]))
            index += 1
        }
        return isEqual(found, stored)
    }

    static let scratchBytes = MemoryLayout<crypt_data>.size

    private static func isEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else { return false }
        return unsafe CRYPTO_memcmp(left, right, left.count) == 0
    }
}
