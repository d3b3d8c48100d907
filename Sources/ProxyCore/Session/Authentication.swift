// Names and passwords (RFC 7617). Those that were right a while ago are known again at once; others are compared with a
// hash that is slow by design, on a thread of its own, and their requests wait for it.

extension Worker {
    /// Whether the request's credentials let it pass, as far as that can be said now.
    mutating func authenticate(
        _ exchange: inout Exchange, _ realm: PasswordRealm, _ facts: borrowing RequestFacts
    ) -> Verdict {
        var decoded = pool.take(holding: BasicCredentials.bytesMax + PasswordHash.storedBytesMax)
        let verdict = authenticate(&exchange, realm, facts, &decoded)
        pool.give(decoded)
        guard case .reply(.unauthorized) = verdict else { return verdict }
        exchange.answerLines = appending(realm.challenge, to: exchange.answerLines.take())
        return verdict
    }

    /// - Parameter decoded: is empty, and of no further use.
    private mutating func authenticate(
        _ exchange: inout Exchange, _ realm: PasswordRealm, _ facts: borrowing RequestFacts,
        _ decoded: inout ByteBuffer
    ) -> Verdict {
        let key = team.passwords.key
        guard let value = requestHead.value(of: "authorization", facts.bytes),
            let credentials = BasicCredentials(facts.bytes, value, into: &decoded),
            let candidate = realm.candidate(decoded.bytes, credentials.name, decoy: { key.tag($0).low })
        else { return .reply(.unauthorized) }
        switch candidate.hash {
        case .sha256(let digest):
            let matches = PasswordHash.matches(sha256: digest, decoded.bytes.extracting(credentials.password))
            return matches && !candidate.isUnknown ? .serve : .reply(.unauthorized)
        case .crypt(let stored):
            let password = decoded.bytes.array(credentials.password)
            // A control character stands between them, which credentials cannot hold.
            decoded.append(ASCII.lf)
            unsafe decoded.append(stored.span.bytes)
            let tag = key.tag(decoded.bytes)
            if !candidate.isUnknown, passwords.contains(tag, now) { return .serve }
            ticket &+= 1
            if ticket == 0 { ticket = 1 }
            let job = PasswordQueue.Job(
                tag: tag, stored: stored, password: password, isUnknown: candidate.isUnknown, client: facts.client,
                waiter: PasswordQueue.Waiter(worker: index, session: exchange.session, ticket: ticket))
            guard team.passwords.submit(job) else { return .reply(.overloaded) }
            exchange.ticket = ticket
            return .wait
        }
    }

    private mutating func appending(_ line: [UInt8], to lines: consuming ByteBuffer) -> ByteBuffer {
        var lines = pool.enlarge(lines)
        unsafe lines.append(line.span.bytes)
        return pool.park(lines) ?? ByteBuffer()
    }

    /// The request waits for what comes of its password.
    mutating func waitForVerdict(_ session: Int) {
        sessionTimers.set(session, now + Limits.passwordWaitMilliseconds)
    }

    /// It has waited long enough.
    mutating func stopWaitingForVerdict(_ session: Int) {
        exchanges[Int(sessions[session].exchange)].ticket = 0
        reply(session, .overloaded)
    }

    /// The verifier has answered. Who has left meanwhile, or was told that it takes too long, is not there any more.
    mutating func take(_ answer: PasswordVerifier.Answer) {
        if answer.isRight { passwords.insert(answer.tag, now) }
        let session = Int(answer.session)
        guard session < sessions.highWater, sessions[session].phase == .exchange else { return }
        let exchange = Int(sessions[session].exchange)
        guard exchanges[exchange].ticket == answer.ticket else { return }
        exchanges[exchange].ticket = 0
        let isFinished = exchanges[exchange].requestBody.isFinished
        sessionTimers.set(session, isFinished ? nil : now + exchanges[exchange].timeouts.bodyMilliseconds)
        guard answer.isRight else {
            if let realm = rule(of: exchange).details.realm {
                exchanges[exchange].answerLines = appending(
                    realm.challenge, to: exchanges[exchange].answerLines.take())
            }
            return reply(session, .unauthorized)
        }
        serve(session, .serve)
        // What has come from the client in the meantime was left alone.
        if sessions[session].phase == .exchange { enqueue(session) }
    }
}

extension RawSpan {
    fileprivate func array(_ range: Range<Int>) -> [UInt8] { range.map { byte($0) } }
}
