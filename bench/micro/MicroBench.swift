import ProxyCore

/// How long a worker takes to find a route and to pick an endpoint, and what a new snapshot takes: `make micro`. Arguments
/// name the policies to measure, or `routes`; none means all.
@main
enum MicroBench {
    private static let sizes = [10, 100, 1_000]
    private static let routeCounts = [10, 1_000, 10_000]
    /// What a pick may take with a thousand endpoints.
    private static let boundNanoseconds = 100.0
    private static let snapshotEndpoints = 1_000

    static func main() throws {
        let named = CommandLine.arguments.dropFirst()
        if named.isEmpty || named.contains("routes") { try printRoutes() }
        if named.elementsEqual(["routes"]) { return }
        let policies = Policy.allCases.filter { named.isEmpty || named.contains($0.rawValue) }
        printPicks(policies)
        printSnapshots(policies)
    }

    private static func printRoutes() throws {
        print("Nanoseconds of processor time for finding the route of a request whose head is parsed: the median of")
        print(
            "\(RouteScene.rounds) rounds of \(RouteScene.matchesPerRound) matches each, and the fastest and slowest.\n")
        printHead(["routes by"] + routeCounts.map { "\($0) routes" })
        for kind in RouteScene.Kind.allCases {
            let figures = try routeCounts.map { try RouteScene.make(kind, routes: $0).measure() }
            printRow([kind.rawValue] + figures.map(\.description))
        }
        print("")
    }

    private static func printPicks(_ policies: [Policy]) {
        print("Nanoseconds of processor time for a pick: the median of \(PickScene.rounds) rounds of")
        print(
            "\(PickScene.picksPerRound) picks each, and the fastest and slowest round. As many requests are in flight as"
        )
        print("there are endpoints.\n")
        printHead(["policy", "pool"] + sizes.map { "\($0) endpoints" })
        var missed: [String] = []
        for policy in policies {
            for pool in PickScene.Pool.allCases {
                let figures = sizes.map { count in
                    var scene = PickScene(policy, pool, endpoints: count)
                    return scene.measure()
                }
                let row = [policy.rawValue, pool.rawValue]
                printRow(row + figures.map(\.description))
                if let last = figures.last, last.median > boundNanoseconds {
                    missed.append(row.joined(separator: ", "))
                }
            }
        }
        for name in missed { print("\n**missed**: \(name) takes more than \(Int(boundNanoseconds)) ns") }
    }

    private static func printSnapshots(_ policies: [Policy]) {
        print("\nMicroseconds for a snapshot of \(snapshotEndpoints) endpoints, weighted 1 to 10.\n")
        printHead(["policy", "plan, all new", "plan, all known", "adoption by a worker"])
        for policy in policies {
            let scene = SnapshotScene(policy, endpoints: snapshotEndpoints)
            printRow([policy.rawValue] + [scene.planAnew(), scene.planAgain(), scene.adopt()].map(\.description))
        }
    }

    private static func printHead(_ cells: [String]) {
        printRow(cells)
        printRow(cells.map { _ in "---" })
    }

    private static func printRow(_ cells: [String]) { print("| \(cells.joined(separator: " | ")) |") }
}

/// What was measured in several rounds.
struct Figure: CustomStringConvertible {
    private let sorted: [Double]

    init(_ rounds: [Double]) { sorted = rounds.sorted() }

    var median: Double { sorted[sorted.count / 2] }

    /// `61 (59–64)`
    var description: String { "\(rounded(median)) (\(rounded(sorted[0]))–\(rounded(sorted[sorted.count - 1])))" }

    private func rounded(_ value: Double) -> Int { Int(value.rounded()) }
}
