import CLinux
import COpenSSL

/// Who may pass a route with a name and a password (RFC 7617).
struct PasswordRealm: Sendable {
    /// `WWW-Authenticate: …` with its CRLF.
    let challenge: [UInt8]
    private let names: [[UInt8]]
    private let hashes: [PasswordHash]

    /// Users whose hash cannot be understood are left out: nobody gets in by their name.
    init(_ settings: BasicAuth) {
        var realm = ""
        // A quoted string (RFC 9110 section 5.6.4); what ends a field line has no place in it.
        for character in settings.realm.unicodeScalars where character.value >= 0x20 && character.value != 0x7F {
            if character == "\"" || character == "\\" { realm.unicodeScalars.append("\\") }
            realm.unicodeScalars.append(character)
        }
        challenge = Array("WWW-Authenticate: Basic realm=\"\(realm)\", charset=\"UTF-8\"\r\n".utf8)
        var names: [[UInt8]] = []
        var hashes: [PasswordHash] = []
        for (name, text) in settings.users.sorted(by: { $0.key < $1.key }) {
            guard let hash = PasswordHash(text) else { continue }
            names.append(Array(name.utf8))
            hashes.append(hash)
        }
        self.names = names
        self.hashes = hashes
    }

    /// What to compare a password with.
    struct Candidate {
        let hash: PasswordHash
        /// Nobody has this name: the hash is somebody else's, so that the answer takes as long as it would if one had.
        let isUnknown: Bool
    }

    /// - Parameters:
    ///   - decoy: a number that says nothing to who does not know the key, but is always the same for a name.
    /// - Returns: nil where there are no users at all.
    func candidate(_ bytes: RawSpan, _ name: Range<Int>, decoy: (RawSpan) -> UInt64) -> Candidate? {
        guard !names.isEmpty else { return nil }
        var found: Int?
        for index in names.indices where names[index].count == name.count {
            if unsafe names[index].withUnsafeBytes({ known in
                unsafe bytes.extracting(name).withUnsafeBytes { given in
                    unsafe CRYPTO_memcmp(known.baseAddress, given.baseAddress, known.count) == 0
                }
            }) {
                found = index
            }
        }
        let other = Int(decoy(bytes.extracting(name)) % UInt64(hashes.count))
        return Candidate(hash: hashes[found ?? other], isUnknown: found == nil)
    }
}

/// A key of this process alone, with which credentials are named in memory: none can be told from its name.
package struct CredentialKey: Sendable {
    private let secret: [UInt8]

    /// 128 bits of HMAC-SHA256 (RFC 2104).
    struct Tag: Hashable, Sendable {
        let high: UInt64
        let low: UInt64
    }

    package init() {
        secret = (0..<4).flatMap { _ in
            let word = clx_random()
            return (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * UInt64($0))) }
        }
    }

    /// The name of `message`.
    func tag(_ message: RawSpan) -> Tag {
        var digest = InlineArray<8, UInt64>(repeating: 0)
        var span = digest.mutableSpan
        unsafe span.withUnsafeMutableBytes { out in
            unsafe message.withUnsafeBytes { bytes in
                let first = unsafe bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
                let room = unsafe out.baseAddress?.assumingMemoryBound(to: UInt8.self)
                _ = unsafe HMAC(EVP_sha256(), secret, Int32(secret.count), first, bytes.count, room, nil)
            }
        }
        return Tag(high: digest[0], low: digest[1])
    }
}
