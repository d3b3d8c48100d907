import COpenSSL

/// A client's cookie says where it was before; who brings none that is known goes round.
struct Sticky {
    private var members: [UInt64: Int] = [:]
    private var newcomers: RoundRobin

    init(startingAt start: Int) { newcomers = RoundRobin(startingAt: start) }

    mutating func adopt(_ change: MemberChange, _ members: [UInt64: Int]) {
        newcomers.adopt(change)
        self.members = members
    }

    /// Whether `token` names one of the members.
    @inline(__always)
    func knows(_ token: UInt64) -> Bool { members[token] != nil }

    /// The member that `token` names, where it is eligible; otherwise the next in turn, or nil where none is eligible.
    @inline(__always)
    mutating func pick(token: UInt64, isEligible: (Int) -> Bool) -> Int? {
        if token != 0, let member = members[token], isEligible(member) { return member }
        return pickForNewcomer(isEligible)
    }

    @inline(never)
    private mutating func pickForNewcomer(_ isEligible: (Int) -> Bool) -> Int? {
        newcomers.pick(isEligible: isEligible)
    }
}

/// What a cookie says to bring a client back to an endpoint: a signature of its address, from which neither the address
/// nor another endpoint's token can be told. It needs no memory, so it holds across restarts and between instances that
/// share the secret.
package enum StickyToken {
    /// The first eight bytes of HMAC-SHA256 (RFC 2104) over `service`/`address`, keyed by `secret`; never 0.
    package static func make(secret: String, service: String, address: SocketAddress) -> UInt64 {
        let key = Array(secret.utf8)
        let message = Array("\(service)/\(address)".utf8)
        var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        _ = unsafe HMAC(EVP_sha256(), key, Int32(key.count), message, message.count, &digest, nil)
        let token = digest.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return max(token, 1)
    }

    /// Digits of a token's text.
    static let digits = 16

    /// Appends the token as a cookie's value: 16 lower-case hexadecimal digits.
    static func write(_ token: UInt64, to out: inout ByteBuffer) {
        for digit in 0..<UInt64(digits) { out.append(ASCII.hexDigit(token >> (60 - 4 * digit))) }
    }

    /// The token that `range` of `bytes` holds.
    ///
    /// - Returns: 0 where it is none.
    static func parse(_ bytes: RawSpan, _ range: Range<Int>) -> UInt64 {
        guard range.count == digits else { return 0 }
        var token: UInt64 = 0
        for index in range {
            guard let digit = ASCII.hexValue(bytes.byte(index)) else { return 0 }
            token = token << 4 | digit
        }
        return token
    }
}
