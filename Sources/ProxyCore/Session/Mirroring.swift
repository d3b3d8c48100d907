import CLinux

// A copy of a request goes to another service, whose answer nobody sees. The copy is an exchange like any other, of a
// session whose client takes everything and sends nothing.

extension Worker {
    /// Sends the copy that the route asks for, where the whole request is there: one whose body is longer than what is
    /// kept for another try has none.
    mutating func mirror(_ session: Int) {
        let exchange = Int(sessions[session].exchange)
        exchanges[exchange].traits.remove(.mirror)
        guard let mirror = rule(of: exchange).details.modifiers.mirror, clx_random() % 100 < UInt64(mirror.percent),
            exchanges[exchange].canReplay, !exchanges[exchange].wantsUpgrade, hasDescriptorForSession
        else { return }
        openMirror(session, exchange, to: mirror.service)
    }

    private mutating func openMirror(_ original: Int, _ exchange: Int, to service: Int) {
        var session = Session()
        session.generation = nextGeneration()
        session.phase = .exchange
        session.edges = .writable
        session.peer = sessions[original].peer
        session.input = copyOfBody(original, exchange)
        guard let place = sessions.insert(session) else { return }
        team.sessionOpened(index)

        var copy = Exchange()
        copy.session = Int32(place)
        copy.traits = .unlogged
        copy.destination = Int32(service)
        copy.timeouts = exchanges[exchange].timeouts
        copy.retries = services[service].settings.retries
        copy.seeker.key = exchanges[exchange].seeker.key
        copy.isHead = exchanges[exchange].isHead
        copy.isIdempotent = exchanges[exchange].isIdempotent
        copy.closesClient = true
        copy.requestBody = exchanges[exchange].requestBody
        copy.bodyReady = exchanges[exchange].bodyReady
        copy.began = now
        copy.logged = exchanges[exchange].logged
        copy.headSent = Int(copy.logged.headStart)
        var head = pool.take(holding: exchanges[exchange].head.count)
        head.append(exchanges[exchange].head.bytes)
        copy.head = consume head
        guard let number = exchanges.insert(copy) else { return closeSession(place) }
        sessions[place].exchange = Int32(number)
        forward(place)
    }

    private mutating func copyOfBody(_ session: Int, _ exchange: Int) -> ByteBuffer? {
        let count = exchanges[exchange].bodyReady
        guard count > 0, var input = sessions[session].input.take() else { return nil }
        var body = pool.take(holding: count)
        body.append(input.bytes.extracting(0..<count))
        var kept = ByteBuffer()
        swap(&kept, &input)
        sessions[session].input = consume kept
        return body
    }
}
