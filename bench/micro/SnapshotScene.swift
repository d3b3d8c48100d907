import ProxyCore

/// What a new snapshot of a pool takes: its plan and tables on the control thread, and its adoption by a worker.
struct SnapshotScene {
    private static let rounds = 15

    private let settings: ServiceSettings
    private let endpoints: [Endpoint]

    init(_ policy: Policy, endpoints count: Int) {
        var settings = ServiceSettings()
        settings.policy = policy
        self.settings = settings
        endpoints = (0..<count).map { number in
            var endpoint = Endpoint(
                address: .anyIPv4(port: UInt16(number)), role: EndpointRole(weight: number % 10 + 1))
            endpoint.stickyToken = UInt64(number + 1) &* 0x9E37_79B9_7F4A_7C15
            return endpoint
        }
    }

    /// A pool of members that were not there before.
    func planAnew() -> Figure {
        Figure((0..<Self.rounds).map { _ in microseconds { _ = Pool(endpoints: endpoints, settings: settings) } })
    }

    /// A pool whose members stay, while their shares change.
    func planAgain() -> Figure {
        let before = Pool(endpoints: endpoints, settings: settings)
        return Figure(
            (0..<Self.rounds).map { _ in
                microseconds { _ = Pool(endpoints: endpoints, settings: settings, previous: before) }
            })
    }

    /// A worker takes over a snapshot from which one member has left, or to which it has come back.
    func adopt() -> Figure {
        let pools = [endpoints, Array(endpoints.dropFirst())].map { Pool(endpoints: $0, settings: settings) }
        var table = EndpointTable(settings: [settings], worker: 0)
        return Figure(
            (0..<Self.rounds).map { round in
                microseconds {
                    _ = table.adopt(EndpointSnapshot(services: [pools[round % 2]]), Instant(microseconds: 0))
                }
            })
    }

    private func microseconds(_ body: () -> Void) -> Double { processorNanoseconds(body) / 1_000 }
}
