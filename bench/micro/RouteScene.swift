import ProxyCore

/// A table of many routes of a kind, and requests that are spread over all of them.
struct RouteScene: ~Copyable {
    static let rounds = 51
    static let matchesPerRound = 20_000
    private static let questionsMax = 256

    enum Kind: String, CaseIterable {
        case exact = "exact paths"
        case prefix = "prefixes, three segments"
        case host = "a host each"
        case wildcard = "a wildcard each"
        case expression = "an expression each, with a leading segment"
        case mixed = "all of these, and conditions"
    }

    private let table: RouteTable
    private let questions: FixedArray<RouteQuestion>
    /// The routes that the questions ask for, counted from one to the next.
    private let stride: Int

    private init(_ table: RouteTable, _ questions: consuming FixedArray<RouteQuestion>, _ stride: Int) {
        self.table = table
        self.questions = questions
        self.stride = stride
    }

    static func make(_ kind: Kind, routes count: Int) throws -> RouteScene {
        let stride = max(1, count / questionsMax)
        let table = try RouteTable(routes: (0..<count).map { route(kind, $0) })
        let questions = try FixedArray(count: count / stride) { index throws(RouteQuestion.Mistake) in
            let (host, target) = request(kind, index * stride)
            return try RouteQuestion(
                method: "GET", target: target,
                fields: [("Host", host), ("User-Agent", "bench"), ("Accept", "*/*")],
                client: SocketAddress.anyIPv4(port: 1), port: 80)
        }
        return RouteScene(table, questions, stride)
    }

    private static func kind(_ kind: Kind, _ number: Int) -> Kind {
        guard kind == .mixed else { return kind }
        let plain = Kind.allCases.filter { $0 != .mixed }
        return plain[number % plain.count]
    }

    private static func route(_ scene: Kind, _ number: Int) -> Route {
        var match = RouteMatch()
        switch kind(scene, number) {
        case .exact, .mixed: match.path = .exact("/pages/page-\(number)/index.html")
        case .prefix: match.path = .prefix("/api/v\(number % 7)/resource-\(number)")
        case .host: match.hosts = [.exact("customer-\(number).example.com")]
        case .wildcard: match.hosts = [.below("customer-\(number).example.net")]
        case .expression: match.path = .regex("^/app-\(number)/(?<user>[a-z]+)/[0-9]+$", ignoresCase: false)
        }
        if scene == .mixed, number % 2 == 0 { match.methods = ["GET", "HEAD"] }
        return Route(name: "", match: match, action: .forward(service: 0))
    }

    private static func request(_ scene: Kind, _ number: Int) -> (host: String, target: String) {
        switch kind(scene, number) {
        case .exact, .mixed: ("www.example.com", "/pages/page-\(number)/index.html?id=\(number)")
        case .prefix: ("www.example.com", "/api/v\(number % 7)/resource-\(number)/items/17")
        case .host: ("customer-\(number).example.com", "/some/path/of/it")
        case .wildcard: ("www.customer-\(number).example.net:8080", "/some/path/of/it")
        case .expression: ("www.example.com", "/app-\(number)/ann/4711")
        }
    }

    /// - Returns: nanoseconds for one match.
    func measure() -> Figure {
        for _ in 0..<5 { _ = round() }
        return Figure((0..<Self.rounds).map { _ in round() })
    }

    private func round() -> Double {
        var memory = MatchMemory()
        var found = 0
        let nanoseconds = processorNanoseconds {
            var index = 0
            for _ in 0..<Self.matchesPerRound {
                if Int(questions[index].route(in: table, with: &memory)) == index * stride { found += 1 }
                index += 1
                if index == questions.count { index = 0 }
            }
        }
        precondition(found == Self.matchesPerRound, "a request finds another route than its own")
        return nanoseconds / Double(Self.matchesPerRound)
    }
}
