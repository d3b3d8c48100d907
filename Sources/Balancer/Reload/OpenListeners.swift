import ConfigWatch
import ProxyCore

/// The addresses at which clients are served, and how they become others.
struct OpenListeners {
    /// What another configuration means for them.
    struct Change {
        fileprivate let kept: [(wanted: ListenAddress, group: ListenerGroup)]
        fileprivate let added: [(wanted: ListenAddress, group: ListenerGroup)]
        let closing: [ListenerGroup]

        /// Bound and listening.
        var opening: [ListenerGroup] { added.map(\.group) }
    }

    private let workers: Int
    private var open: [(wanted: ListenAddress, group: ListenerGroup)] = []
    /// Ports that have been ours: another socket of ours may still be bound there, which is no reason to refuse one.
    private var ports: Set<UInt16> = []

    init(workers: Int) { self.workers = workers }

    var groups: [ListenerGroup] { open.map(\.group) }

    /// Binds what `wanted` names and is not open yet.
    ///
    /// - Throws: `BindError` where an address is taken or not ours; then nothing is bound.
    func change(to wanted: [ListenAddress]) throws(BindError) -> Change {
        var seen: Set<ListenAddress> = []
        let wanted = wanted.filter { $0.port == 0 || seen.insert($0).inserted }
        let kept = open.filter { wanted.contains($0.wanted) }
        let new = wanted.filter { address in !open.contains { $0.wanted == address } }
        let groups = try ListenerGroup.bindAll(new.map(BindAddress.init), workers: workers, sharing: ports)
        return Change(
            kept: kept, added: Array(zip(new, groups).map { ($0, $1) }),
            closing: open.filter { !wanted.contains($0.wanted) }.map(\.group))
    }

    mutating func commit(_ change: Change) {
        open = change.kept + change.added
        ports.formUnion(open.map(\.group.address.port))
    }
}

extension BindAddress {
    init(_ address: ListenAddress) {
        self =
            switch address {
            case .any(let port): .everywhere(port: port)
            case .address(let address): BindAddress(address)
            }
    }
}
