import CLinux

// How clients come in: listeners are opened and closed, connections accepted and made sessions.

extension Worker {
    // ---- listeners ---------------------------------------------------------------------------------------------------

    mutating func open(_ listener: Listener) {
        let place = listeners.firstIndex { $0.descriptor < 0 } ?? listeners.count
        if place == listeners.count { listeners.append(listener) } else { listeners[place] = listener }
        _ = poller.watchInput(listener.descriptor, Token(.listener, slot: place))
        if acceptResumes != nil { watchListeners(false) }
    }

    mutating func close(listener descriptor: Int32) {
        for place in listeners.indices where listeners[place].descriptor == descriptor { close(listenerIn: place) }
    }

    mutating func closeListeners() {
        for place in listeners.indices { close(listenerIn: place) }
    }

    /// The kernel has accepted connections for us that a close would reset: they are served first.
    private mutating func close(listenerIn place: Int) {
        let listener = listeners[place]
        guard listener.descriptor >= 0 else { return }
        var before = -1
        while before != sessions.count, acceptResumes == nil {
            before = sessions.count
            acceptConnections(on: place)
        }
        poller.unwatch(listener.descriptor)
        _ = clx_close(listener.descriptor)
        listeners[place] = Listener(descriptor: -1, address: listener.address)
    }

    // ---- accept ------------------------------------------------------------------------------------------------------

    /// Takes the connections that wait at a listener, a bounded number at a time.
    mutating func acceptConnections(on listener: Int) {
        guard acceptResumes == nil, listener < listeners.count, listeners[listener].descriptor >= 0 else { return }
        let (socket, port) = (listeners[listener].descriptor, listeners[listener].address.port)
        for _ in 0..<Limits.acceptsPerTurnMax {
            guard hasDescriptorForSession else { return pauseAccepting() }
            var raw = clx_address()
            let descriptor = unsafe clx_accept(socket, &raw)
            if descriptor >= 0 {
                let connection = Mailbox.Connection(descriptor: descriptor, peer: SocketAddress(raw), port: port)
                if drain != nil || !team.handOver(connection, from: index) {
                    team.sessionOpened(index)
                    openSession(connection)
                }
            } else if descriptor == -EMFILE || descriptor == -ENFILE || descriptor == -ENOMEM || descriptor == -ENOBUFS
            {
                return pauseAccepting()
            } else if descriptor == -EAGAIN {
                return
            }
            // Anything else is the error of one connection that was gone before we took it (accept(2)).
        }
    }

    /// A third of the descriptors stays free for connections to upstreams.
    var hasDescriptorForSession: Bool {
        descriptorsUsed < descriptorsMax && sessions.count < descriptorsMax - descriptorsMax / 3
    }

    var descriptorsUsed: Int { sessions.count + upstreams.count + pipes.descriptorsOpen + files.descriptorsOpen }

    /// Clients wait in the kernel's queue until a connection closes, or for a while: what closes may be none of ours.
    private mutating func pauseAccepting() {
        acceptResumes = now + 250
        watchListeners(false)
        sayOutOfDescriptors()
    }

    /// Once: it goes on as long as the load does.
    mutating func sayOutOfDescriptors() {
        if !saidOutOfDescriptors { reports.outOfDescriptors(index, sessions.count) }
        saidOutOfDescriptors = true
    }

    private mutating func watchListeners(_ isWatching: Bool) {
        for (number, listener) in listeners.enumerated() where listener.descriptor >= 0 {
            poller.setWatchingInput(isWatching, listener.descriptor, Token(.listener, slot: number))
        }
    }

    mutating func resumeAccepting() {
        acceptResumes = nil
        watchListeners(true)
    }

    /// Makes a session of a connection that this worker or another accepted.
    mutating func openSession(_ connection: Mailbox.Connection) {
        let descriptor = connection.descriptor
        var session = Session()
        session.transport = Transport(descriptor: descriptor)
        session.generation = nextGeneration()
        session.phase = .idle
        session.peer = connection.peer
        session.port = connection.port
        session.edges = .writable
        session.retires = clientConnectionLife.end(from: now, spread: UInt64(session.generation))
        let generation = session.generation
        guard let place = sessions.insert(session) else {
            _ = clx_close(descriptor)
            return team.sessionClosed(index)
        }
        guard poller.watchConnection(descriptor, Token(.client, slot: place, generation: generation)) else {
            return closeSession(place)
        }
        sessionTimers.set(place, now + timeouts.headerMilliseconds)
    }
}
