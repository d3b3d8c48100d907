@testable import ProxyCore

// As in `Waiting.swift`: requests that find no endpoint wait for one.

extension SimulatedWorker {
    private static let retryMilliseconds: Milliseconds = 100

    func waitOrReply(_ request: Request) {
        guard let deadline = waitDeadline(request) else {
            referee.waitedInVain(request, in: self, hasRoom: hasRoom(for: request))
            return reply(request, table.hasEndpoints(0) ? request.failure : .noEndpoint)
        }
        if !request.isWaiting {
            if request.waitDeadline != nil { waiting.insert(request, at: 0) } else { waiting.append(request) }
            request.isWaiting = true
        }
        if request.waitDeadline == nil { request.waitBegan = now }
        request.waitDeadline = deadline
        clock.cancel(&request.waitTimer)
        request.waitTimer = clock.at(min(deadline, now + Self.retryMilliseconds)) { [unowned self] in
            if request.isWaiting { attachAgain(request) }
        }
    }

    func waitDeadline(_ request: Request) -> Instant? {
        let deadline = request.waitDeadline ?? now + settings.capacity.queueMilliseconds
        return now < deadline && hasRoom(for: request) ? deadline : nil
    }

    private func hasRoom(for request: Request) -> Bool {
        request.isWaiting || waiting.count < settings.capacity.queuedRequestsMax
    }

    func attachAgain(_ request: Request) {
        if request.charge != .owed {
            guard request.attempts.mayGoRound() else { return reply(request, request.failure) }
            request.seeker.tried = TriedEndpoints()
        }
        attachUpstream(request)
    }

    func stopWaiting(_ request: Request) {
        guard request.isWaiting else { return }
        request.isWaiting = false
        clock.cancel(&request.waitTimer)
        waiting.removeAll { $0 === request }
    }

    func wakeWaiting() { for request in waiting { enqueue(request) } }

    func wakeFirstWaiting() { if let request = waiting.first { enqueue(request) } }

    func wakePeers() {
        for peer in peers where !peer.waiting.isEmpty && !peer.isWoken {
            peer.isWoken = true
            clock.after(microseconds: 20) {
                peer.isWoken = false
                peer.wakeFirstWaiting()
            }
        }
    }
}
