import Testing

@testable import ProxyCore

/// Hashes of `open sesame`, as cheap as their kind allows.
enum Sesame {
    static let bcrypt = "$2b$04$nkDhxd38ODVg9xf.UBpGzuasZBrist8bloX.xbzzGoXo1483hNyTG"
    static let sha256crypt = "$5$rounds=1000$Hlv.8NJ0lWSKOGe1$psiNtWywG6CSoEuu361FPwSDc2Ml6eRCLhrbLx6OIt0"
    static let sha512crypt =
        "$6$rounds=1000$2nDgn/ibzELsn7wt$WnVHqFKL.fNAYU2OzwM9gHbTApN/4RqJojY.UU9hqJitY3aJ8g6v./IzdffeipIj3mG4hgdYQH2Sz7.9AqzRD."
    static let yescrypt = "$y$j75$abcdefghijklmnop$.dIGHSiKNORwdMULfaxvH0lrKJjf/sy28FtdLi17aZB"
    static let sha256 = "{SHA256}41ef4bb0b23661e66301aac36066912dac037827b4ae63a7b1165a5aa93ed4eb"
}

@Suite struct PasswordHashTests {
    private func matches(_ hash: String, _ password: String) throws -> Bool {
        switch try #require(PasswordHash(hash)) {
        case .sha256(let digest): return [UInt8](password.utf8).withRaw { PasswordHash.matches(sha256: digest, $0) }
        case .crypt(let stored):
            let scratch = UnsafeMutableRawPointer.allocate(byteCount: PasswordHash.scratchBytes, alignment: 16)
            defer { unsafe scratch.deallocate() }
            unsafe scratch.initializeMemory(as: UInt8.self, repeating: 0, count: PasswordHash.scratchBytes)
            return unsafe PasswordHash.matches(crypt: stored, Array(password.utf8), scratch)
        }
    }

    @Test(arguments: [Sesame.bcrypt, Sesame.sha256crypt, Sesame.sha512crypt, Sesame.yescrypt, Sesame.sha256])
    func theRightPasswordMatchesAndNoOther(hash: String) throws {
        #expect(try matches(hash, "open sesame"))
        for wrong in ["open sesam", "open sesame ", "Open sesame", ""] { #expect(try !matches(hash, wrong)) }
    }

    @Test func upperCaseDigitsAreDigits() throws {
        let digits = Sesame.sha256.dropFirst(8).uppercased()
        #expect(try matches("{SHA256}\(digits)", "open sesame"))
    }

    @Test func aPasswordThatIsTooLongMatchesNothing() throws {
        #expect(try !matches(Sesame.sha512crypt, String(repeating: "a", count: 600)))
    }

    @Test(arguments: [
        "", "open sesame", "{SHA256}", "{SHA256}41ef", "{SHA256}zz\(Sesame.sha256.dropFirst(10))", "{SHA}abc",
        "$apr1$abc$def", "$1$abc$def", "*", "$y$\u{0}",
    ])
    func whatIsNoHashIsRefused(text: String) { #expect(PasswordHash(text) == nil) }
}

@Suite struct PasswordRealmTests {
    private let key = CredentialKey()

    private func candidate(_ realm: PasswordRealm, _ name: String) -> PasswordRealm.Candidate? {
        [UInt8](name.utf8).withRaw { bytes in
            realm.candidate(bytes, 0..<bytes.byteCount) { key.tag($0).low }
        }
    }

    @Test func everyUserHasTheirHash() {
        let realm = PasswordRealm(BasicAuth(realm: "r", users: ["ann": Sesame.bcrypt, "bob": Sesame.sha256]))
        let ann = candidate(realm, "ann")
        #expect(ann?.isUnknown == false && ann?.hash == PasswordHash(Sesame.bcrypt))
        let bob = candidate(realm, "bob")
        #expect(bob?.isUnknown == false && bob?.hash == PasswordHash(Sesame.sha256))
    }

    @Test func aStrangerIsComparedAsWell() {
        let realm = PasswordRealm(BasicAuth(realm: "r", users: ["ann": Sesame.bcrypt, "bob": Sesame.sha256crypt]))
        var hashes: [PasswordHash] = []
        for number in 0..<64 {
            let stranger = candidate(realm, "stranger\(number)")
            #expect(stranger?.isUnknown == true)
            if let hash = stranger?.hash { hashes.append(hash) }
            #expect(candidate(realm, "stranger\(number)")?.hash == stranger?.hash)
        }
        // Their times are those of the known ones.
        #expect(Set(hashes.map(\.stored)).count == 2)
    }

    @Test func nobodyMeansNobody() {
        #expect(candidate(PasswordRealm(BasicAuth(realm: "r", users: [:])), "ann") == nil)
        #expect(candidate(PasswordRealm(BasicAuth(realm: "r", users: ["ann": "nonsense"])), "ann") == nil)
    }

    @Test func theChallengeIsAQuotedString() {
        let realm = PasswordRealm(BasicAuth(realm: "The \"inner\" \\ circle\r\nX: y", users: [:]))
        #expect(
            String(decoding: realm.challenge, as: UTF8.self)
                == "WWW-Authenticate: Basic realm=\"The \\\"inner\\\" \\\\ circleX: y\", charset=\"UTF-8\"\r\n")
    }

    @Test func tagsHaveAKey() {
        let message = [UInt8]("ann:open sesame".utf8)
        #expect(message.withRaw { key.tag($0) } == message.withRaw { key.tag($0) })
        #expect(message.withRaw { key.tag($0) } != message.withRaw { CredentialKey().tag($0) })
        #expect(message.withRaw { key.tag($0) } != [UInt8]("ann:open sesam".utf8).withRaw { key.tag($0) })
    }
}

@Suite struct PasswordCacheTests {
    private let start = Instant(microseconds: 1_000_000)

    private func tag(_ number: UInt64) -> CredentialKey.Tag { CredentialKey.Tag(high: number, low: number &* 7) }

    @Test func whatWasRightIsKnownForAWhile() {
        var cache = PasswordCache()
        #expect(!cache.contains(tag(1), start))
        cache.insert(tag(1), start)
        #expect(cache.contains(tag(1), start))
        #expect(!cache.contains(tag(2), start))
        let end = start + Limits.passwordCacheMilliseconds
        #expect(cache.contains(tag(1), Instant(microseconds: end.microseconds - 1)))
        #expect(!cache.contains(tag(1), end))
        cache.insert(tag(1), end)
        #expect(cache.contains(tag(1), end))
    }

    @Test func theOldestOfARowGoes() {
        var cache = PasswordCache()
        let row = (0..<5).map { CredentialKey.Tag(high: $0, low: 256 * $0) }
        for (index, tag) in row.enumerated() { cache.insert(tag, start + Milliseconds(index)) }
        #expect(row.map { cache.contains($0, start) } == [false, true, true, true, true])
        // Noting one again takes no other's place.
        cache.insert(row[1], start + 10)
        cache.insert(row[0], start + 11)
        #expect(row.map { cache.contains($0, start) } == [true, true, false, true, true])
    }
}
