/// The endpoints of one service, and who of them gets requests.
package struct Pool: Sendable {
    /// All that discovery knows, whatever their standing, in an order that is stable between snapshots.
    package let endpoints: [Endpoint]
    /// Those that get requests, the preferred ones first.
    package let tiers: [Tier]
    /// Too few are healthy, so that others are used as well.
    package let isPanicking: Bool

    /// Endpoints that are one another's equals but for their shares.
    package struct Tier: Sendable {
        /// Indices into `endpoints`; at least one.
        package let members: [Int]
        /// The percentage of the pool's requests that begin here; 0 for one that only stands by.
        package let load: Int
        /// What the policy needs to know of the members, where that takes time to make.
        package let table: ChoiceTable?
    }

    /// Plans who gets what.
    ///
    /// - Parameters:
    ///   - endpoints: more than `Limits.endpointsPerServiceMax` are left out.
    ///   - previous: the service's pool so far, of which what still holds is used again.
    package init(endpoints: [Endpoint], settings: ServiceSettings, previous: Pool = .empty) {
        let endpoints = Array(endpoints.prefix(Limits.endpointsPerServiceMax))
        let plan = TierPlan(endpoints, panicPercent: settings.panicPercent)
        let tables = previous.tiers.compactMap(\.table)
        self.endpoints = endpoints
        tiers = plan.tiers.map { tier in
            let members = tier.members.map { endpoints[$0] }
            let table = tables.first { $0.serves(settings.policy, members) }
            return Tier(
                members: tier.members, load: tier.load, table: table ?? ChoiceTable(settings.policy, members))
        }
        isPanicking = plan.isPanicking
    }

    private init() {
        endpoints = []
        tiers = []
        isPanicking = false
    }

    package static let empty = Pool()
}
