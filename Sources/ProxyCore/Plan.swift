/// What workers do with requests, compiled from one configuration: immutable, and adopted whole.
///
/// A worker keeps a plan for as long as a request runs that began under it, so that every request ends by the rules it
/// began with. When the last one has let go of it, nobody needs any more what only this plan names.
package final class Plan: Sendable {
    /// How requests reach one service.
    package struct Service: Sendable {
        /// Its place in snapshots, which it keeps from one configuration to the next.
        package let slot: Int
        package let settings: ServiceSettings
        /// What its policy looks at.
        let key: RequestKey
        /// `StickyCookie.start`.
        let stickyCookieStart: [UInt8]
        /// The Host of a request that names none.
        let host: [UInt8]

        package init(slot: Int, settings: ServiceSettings, host: String) {
            self.slot = slot
            self.settings = settings
            key = RequestKey(settings)
            stickyCookieStart = Array("Set-Cookie: \(settings.sticky.cookieName)=".utf8)
            self.host = Array(host.utf8.prefix(Limits.hostBytesMax))
        }
    }

    package let services: [Service]
    let routes: RouteTable
    /// One for each route, and behind them what becomes of a request that none takes.
    let rules: [Rule]
    let timeouts: Timeouts
    let clientConnectionLife: ConnectionLife
    private let released: @Sendable () -> Void

    /// - Parameters:
    ///   - routes: in the order of the file; services are named by their slots.
    ///   - released: called once, on any thread, when no request runs under this plan any more and none can begin.
    /// - Throws: for the first route whose path or expression is none.
    package init(
        routes: [Route], services: [Service], timeouts: Timeouts, clientConnectionLife: ConnectionLife,
        released: @escaping @Sendable () -> Void = {}
    ) throws(RouteTable.Mistake) {
        self.routes = try RouteTable(routes: routes)
        self.services = services
        self.timeouts = timeouts
        self.clientConnectionLife = clientConnectionLife
        self.released = released
        var rules: [Rule] = []
        for (index, route) in routes.enumerated() {
            do throws(RegularExpression.Mistake) {
                rules.append(try Rule(route, timeouts))
            } catch {
                throw RouteTable.Mistake(
                    route: index, message: "\(error.message) at byte \(error.offset) of the expression")
            }
        }
        self.rules = rules + [Rule(noRouteWith: timeouts)]
    }

    deinit { released() }
}

/// A plan's routes without a reference that is counted: to count one for each request would write to memory that all workers
/// share.
@safe
struct BorrowedRoutes {
    private let table: Unmanaged<RouteTable>

    /// Whoever holds this keeps `table` alive as well.
    init(_ table: RouteTable) { unsafe self.table = Unmanaged.passUnretained(table) }

    @inline(__always)
    func read<Result>(_ body: (RouteTable) -> Result) -> Result { unsafe table._withUnsafeGuaranteedRef(body) }
}

/// The plans by which a worker's requests run: the present one, and those before it that some still need.
struct PlanTable: ~Copyable {
    struct Adopted: ~Copyable, Vacatable {
        /// Held for its end; what is needed of it for a request stands beside it.
        fileprivate var plan: Plan?
        fileprivate(set) var routes = BorrowedRoutes(.empty)
        fileprivate(set) var rules: [Rule] = []
        fileprivate var running = 0

        static func makeVacant() -> Adopted { Adopted() }
    }

    private var adopted: Slab<Adopted>
    private(set) var current = -1

    /// - Parameter requestsMax: requests that may run at a time. Each plan but the present one has at least one.
    init(requestsMax: Int) { adopted = Slab(capacity: requestsMax + 2) }

    subscript(plan: Int) -> Adopted { @inline(__always) _read { yield adopted[plan] } }

    /// From now on requests begin under `plan`.
    mutating func adopt(_ plan: Plan) {
        let previous = current
        guard let place = adopted.insert(Adopted(plan: plan, routes: BorrowedRoutes(plan.routes), rules: plan.rules))
        else { return }
        current = place
        if previous >= 0, adopted[previous].running == 0 { adopted.remove(previous) }
    }

    /// A request begins under the present plan.
    @inline(__always)
    mutating func begin() -> Int32 {
        adopted[current].running &+= 1
        return Int32(current)
    }

    /// A request of `plan` has ended.
    @inline(__always)
    mutating func end(_ plan: Int) {
        adopted[plan].running &-= 1
        if adopted[plan].running == 0, plan != current { adopted.remove(plan) }
    }
}
