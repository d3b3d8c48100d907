import Testing

@testable import ProxyCore

@Suite struct RegularExpressionTests {
    private struct Found: Equatable {
        var outcome: RegularExpression.Outcome
        var groups: [String?] = []
        var givenUp = 0
    }

    private func find(_ pattern: String, in text: String, ignoresCase: Bool = false) throws -> Found {
        let expression = try RegularExpression(pattern, ignoresCase: ignoresCase)
        var memory = MatchMemory()
        let bytes = [UInt8](latin1: text)
        let outcome = bytes.withRaw { expression.find(in: $0, with: &memory) }
        var captures = Captures()
        if outcome == .found { memory.readCaptures(expression.groupCount + 1, into: &captures) }
        return Found(
            outcome: outcome, groups: (0..<captures.count).map { group in captures[group].map { bytes.text($0) } },
            givenUp: memory.matchesGivenUp)
    }

    @Test(
        arguments: [
            ("b", "abc", ["b"]), ("^b", "abc", nil), ("", "", [""]), ("^$", "", [""]), ("c$", "abc", ["c"]),
            ("(a)|(b)", "b", ["b", nil, "b"]), ("(a)|(b)", "a", ["a", "a", nil]), ("$", "a\n", [""]),
            ("a$", "a\n", nil),
            ("\u{E9}", "\u{C3}\u{A9}", ["\u{C3}\u{A9}"]), ("^.$", "\u{E9}", ["\u{E9}"]),
        ] as [(String, String, [String?]?)])
    func whatIsFound(pattern: String, text: String, groups: [String?]?) throws {
        #expect(try find(pattern, in: text) == Found(outcome: groups == nil ? .notFound : .found, groups: groups ?? []))
    }

    /// Long subjects are looked at in steps; what is found is the same.
    @Test(arguments: [0, 1, 31, 32, 33, 64, 500, 1000])
    func stepsHideNothing(place: Int) throws {
        let text = String(repeating: "a", count: place) + "xy" + String(repeating: "a", count: 1000 - place)
        #expect(try find("x(y)", in: text) == Found(outcome: .found, groups: ["xy", "y"]))
        #expect(try find("(?<=x)y", in: text).outcome == .found)
        #expect(try find("z", in: text).outcome == .notFound)
        #expect(try find("^x", in: text).outcome == (place == 0 ? .found : .notFound))
    }

    @Test func caseCanBeIgnored() throws {
        #expect(try find("^/A", in: "/a", ignoresCase: true).outcome == .found)
        #expect(try find("^/A", in: "/a").outcome == .notFound)
    }

    @Test func namesHaveNumbers() throws {
        let expression = try RegularExpression("(.)(?<user>.)(?P<b>.)")
        #expect(expression.groupCount == 3)
        #expect(expression.groupNames.map(\.name) == ["user", "b"])
        #expect(expression.group(named: "b") == 3)
        #expect(expression.group(named: "c") == nil)
    }

    @Test func moreGroupsThanPlacesAreNoHarm() throws {
        let pattern = String(repeating: "(.)", count: 40)
        let found = try find(pattern, in: String(repeating: "a", count: 40))
        #expect(found.outcome == .found)
        #expect(found.groups.count == Limits.captureGroupsMax)
    }

    @Test(
        arguments: [
            ("(", 1), ("a)", 1), ("[a", 2), ("a**b", 2), ("(?<n", 4), ("\\", 1), ("(*UTF)a", nil),
            ("*a", nil),
        ] as [(String, Int?)])
    func mistakesHaveAPlace(pattern: String, offset: Int?) {
        do throws(RegularExpression.Mistake) {
            let expression = try RegularExpression(pattern)
            Issue.record("\(pattern) has \(expression.groupCount) groups")
        } catch {
            #expect(!error.message.isEmpty)
            if let offset { #expect(error.offset == offset, "\(error)") }
        }
    }

    @Test func patternsHaveALength() {
        let pattern = String(repeating: "a", count: Limits.expressionPatternBytesMax + 1)
        #expect(throws: RegularExpression.Mistake.self) { _ = try RegularExpression(pattern).groupCount }
    }

    /// Each of these takes from minutes to the age of the universe where nothing stops it.
    @Test(arguments: [
        "^(a+)+[bc]$", "(a+)+[bc]$", "^(?:a|a)*[bc]$", "(a*)*[bc]", "(?:a*a*a*a*a*)*[bc]",
        "^(.*)(.*)(.*)(.*)(.*)(.*)[bc]$",
        "[^b]*[^b]*[^b]*[^b]*[bc]", "a*a*a*[bc]", "(?:a?){200}a{200}[bc]", "(a|b|ab)*[c]", "^(?:.*a){20}[bc]$",
        "(?:(?:a{0,30}){0,30}){0,30}[bc]", "(?=(a+))(?=(a+))(a+)+[bc]", "(a?)*?[bc]", "^(a(?1)?a?)+$x",
    ])
    func nothingStallsAWorker(pattern: String) throws {
        for count in [100, 128, 129, 1_000, 8_000] {
            let text = String(repeating: "a", count: count)
            let start = Instant.read()
            let found = try find(pattern, in: text)
            let milliseconds = Instant.read() - start
            #expect(found.outcome != .found)
            #expect(found.givenUp == (found.outcome == .undecided ? 1 : 0))
            // Generous, because other tests run beside this one; a stall takes seconds.
            #expect(milliseconds < 400, "\(pattern) with \(count) bytes: \(found.outcome)")
        }
    }

    @Test func aRequestHasItsTimeOnce() throws {
        let routes = (0..<50).map {
            Route(
                name: "", match: RouteMatch(path: .regex("[^\($0)]*[^b]*[^b]*[bc]", ignoresCase: false)),
                action: .forward(service: 0))
        }
        let table = try RouteTable(routes: routes)
        let found = try table.find(RoutedRequest(target: "/" + String(repeating: "a", count: 4_000)))
        #expect(found == FoundRoute(route: RouteTable.undecided, captures: [], givenUp: 1))
    }

    @Test(arguments: [
        ("^/a/b$", "/a/b", false), ("^/a/b", "/a/b", true), ("^/a.b", "/a", false), ("^/ab?c", "/a", false),
        ("^/ab+", "/a", false), ("^/a\\.b/", "/a.b/", true), ("^/a\\d", "/a", false), ("^/a|^/b", "", false),
        ("^/a(?:b|c)", "/a", false), ("/a", "", false), ("^(?i)/a", "", false), ("^/a(?i)b", "", false),
        ("^/a\\Q/b|c\\E", "", false), ("^/a[|]b", "/a", false), ("^/a[^]|]b|c", "", false), ("^/a.*$", "/a", true),
        ("^/a(.*)", "/a", true), ("^/a/(?<x>.+)", "/a/", false), (".*", "", true), ("^", "", true),
        ("^/a{2}", "/", false),
        ("^/a(?#|)b", "", false), ("^/a[[:alpha:]|]b", "", false), ("^/a\\|b", "/a|b", true),
        ("^/\u{E9}", "/\u{E9}", true),
        ("^/\u{E9}?", "/\u{C3}", false),
    ])
    func theLeadingTextIsReadWithCaution(pattern: String, text: String, isAll: Bool) {
        let leading = LeadingText(pattern: pattern, ignoresCase: false)
        let expected = pattern.hasSuffix("\u{E9}?") ? [UInt8](latin1: text) : Array(text.utf8)
        #expect(leading.text == expected)
        #expect(leading.isAll == isAll)
        #expect(LeadingText(pattern: pattern, ignoresCase: true).text.isEmpty)
    }
}
