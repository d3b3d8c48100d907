import ProxyCore

/// What is known of a name's addresses, and how each answer changes it.
///
/// Only an answer changes the set. A failure keeps what is known, family by family; and the last address goes only when
/// two answers in a row say so.
struct NameState: Sendable {
    private var ipv4: [SocketAddress] = []
    private var ipv6: [SocketAddress] = []
    /// The last answers would have emptied the set.
    private var isDoubted = false

    /// The addresses to use, IPv4 first, each family in ascending order; the port is 0.
    var addresses: [SocketAddress] { ipv4 + ipv6 }

    /// How things stand with a name after an answer.
    enum Verdict: Equatable, Sendable {
        /// Ask a second time at once: the set may have to be emptied.
        case doubtful
        case resolved
        /// One family failed and its last addresses stay; the other was taken.
        case partial(RecordType, Answer.Failure)
        /// Nothing was learned; everything stays.
        case failing(Answer.Failure)
        /// There is no address; the answer says why.
        case absent(Answer)
    }

    mutating func take(_ answers: FamilyAnswers) -> Verdict {
        let next = (ipv4: answers.a.addresses(ifFailed: ipv4), ipv6: answers.aaaa.addresses(ifFailed: ipv6))
        let empties = next.ipv4.isEmpty && next.ipv6.isEmpty && !addresses.isEmpty
        if empties && !isDoubted {
            isDoubted = true
            return .doubtful
        }
        isDoubted = false
        (ipv4, ipv6) = next
        return verdict(on: answers)
    }

    /// Takes addresses that need no confirmation and belong to no family's question, such as those of `/etc/hosts`.
    mutating func take(fixed addresses: [SocketAddress]) {
        isDoubted = false
        ipv4 = addresses
        ipv6 = []
    }

    private func verdict(on answers: FamilyAnswers) -> Verdict {
        switch (answers.a.failure, answers.aaaa.failure) {
        case (nil, nil): addresses.isEmpty ? .absent(answers.a) : .resolved
        case (let failure?, nil): answers.aaaa.hasAddresses ? .partial(.a, failure) : .failing(failure)
        case (nil, let failure?): answers.a.hasAddresses ? .partial(.aaaa, failure) : .failing(failure)
        case (let failure?, _?): .failing(failure)
        }
    }
}

extension Answer {
    fileprivate func addresses(ifFailed last: [SocketAddress]) -> [SocketAddress] {
        switch self {
        case .addresses(let addresses, _): addresses
        case .noData, .noSuchName: []
        case .failure: last
        }
    }
}
