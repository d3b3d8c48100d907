import Testing

@testable import ProxyCore

@Suite struct ManyRoutesTests {
    private func route(_ number: Int) -> Route {
        var match = RouteMatch()
        switch number % 5 {
        case 0: match.path = .exact("/exact/\(number)")
        case 1: match.path = .prefix("/prefix/\(number)/x")
        case 2: match.hosts = [.exact("host-\(number).test")]
        case 3: match.hosts = [.below("wild-\(number).test")]
        default: match.path = .regex("^/regex-\(number)/([0-9]+)$", ignoresCase: false)
        }
        return Route(name: "", match: match, action: .forward(service: 0))
    }

    private func request(_ number: Int) -> RoutedRequest {
        switch number % 5 {
        case 0: RoutedRequest(target: "/exact/\(number)?q")
        case 1: RoutedRequest(target: "/prefix/\(number)/x/y")
        case 2: RoutedRequest(host: "Host-\(number).test:80")
        case 3: RoutedRequest(host: "a.wild-\(number).test")
        default: RoutedRequest(target: "/regex-\(number)/17")
        }
    }

    @Test func eachOfTenThousandIsFound() throws {
        let table = try RouteTable(routes: (0..<10_000).map(route))
        for number in stride(from: 0, to: 10_000, by: 7) {
            #expect(try table.find(request(number)).route == Int32(number))
        }
        for target in ["/exact/x", "/prefix/2", "/regex-4/x", "/regex-10004/1"] {
            #expect(try table.find(RoutedRequest(target: target)).route == RouteTable.none, "\(target)")
        }
    }

    @Test func aMistakeNamesItsRoute() {
        let good = Route(name: "", match: RouteMatch(), action: .forward(service: 0))
        let paths: [PathPattern] = [
            .exact("a"), .prefix(""), .exact("/a?b"), .prefix("/../a"), .regex("(", ignoresCase: false), .exact("/%zz"),
        ]
        for path in paths {
            let bad = Route(name: "", match: RouteMatch(path: path), action: .forward(service: 0))
            do throws(RouteTable.Mistake) {
                _ = try RouteTable(routes: [good, bad])
                Issue.record("\(path) is taken")
            } catch {
                #expect(error.route == 1)
            }
        }
        var match = RouteMatch()
        match.query = [ValueCondition(name: "a", test: .present), ValueCondition(name: "b", test: .regex("["))]
        let bad = Route(name: "", match: match, action: .forward(service: 0))
        #expect(throws: RouteTable.Mistake.self) { _ = try RouteTable(routes: [good, bad]) }
    }
}
