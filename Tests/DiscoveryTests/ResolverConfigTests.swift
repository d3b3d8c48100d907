import ProxyCore
import Testing

@testable import Discovery

@Suite struct ResolverConfigTests {
    @Test func aWholeFile() {
        let config = ResolverConfig(
            """
            # made by hand
            nameserver 10.0.0.2
            nameserver\tfd00::53
            ; search ignored.example
            search one.example two.example.
            options ndots:3 timeout:2 attempts:4 rotate
            """)
        #expect(config.servers.map(\.description) == ["10.0.0.2:53", "[fd00::53]:53"])
        #expect(config.search == ["one.example", "two.example"])
        #expect(config.ndots == 3)
        #expect(config.timeoutMilliseconds == 2000)
        #expect(config.triesPerServer == 4)
    }

    @Test func anEmptyFile() {
        let config = ResolverConfig("")
        #expect(config.servers.isEmpty && config.search.isEmpty)
        #expect(config.ndots == 1)
        #expect(config.timeoutMilliseconds == 700)
        #expect(config.triesPerServer == 2)
    }

    @Test func theLastSearchOrDomainCounts() {
        #expect(ResolverConfig("search a b\ndomain c").search == ["c"])
        #expect(ResolverConfig("domain c\nsearch a b").search == ["a", "b"])
        #expect(ResolverConfig("search a\nsearch .").search.isEmpty)
    }

    @Test func windowsLineEnds() {
        let config = ResolverConfig("nameserver 10.0.0.2\r\nsearch a.example\r\n")
        #expect(config.servers.count == 1)
        #expect(config.search == ["a.example"])
    }

    @Test func numbersAreBroughtIntoRange() {
        let wild = ResolverConfig("options ndots:999 timeout:99999999999 attempts:77")
        #expect(wild.ndots == 15)
        #expect(wild.timeoutMilliseconds == 5000)
        #expect(wild.triesPerServer == 5)
        let low = ResolverConfig("options timeout:0 attempts:0 ndots:0")
        #expect(low.timeoutMilliseconds == 1000)
        #expect(low.triesPerServer == 1)
        #expect(low.ndots == 0)
    }

    @Test(arguments: [
        "nameserver", "nameserver nonsense", "nameserver fe80::1%eth0", "options ndots:-1", "options ndots:", "search",
        "nameserver 1.2.3.4.5", "\u{0}\u{1}", "options ndots:99999999999999999999",
    ])
    func nonsenseIsPassedOver(line: String) {
        #expect(ResolverConfig(line) == ResolverConfig(""))
    }

    @Test func listsAreBounded() {
        let servers = (0..<100).map { "nameserver 10.0.0.\($0)\n" }.joined()
        #expect(ResolverConfig(servers).servers.count == 8)
        let search = "search " + (0..<100).map { "d\($0)" }.joined(separator: " ")
        #expect(ResolverConfig(search).search.count == 32)
    }

    @Test(arguments: [
        ("ndots:1", "web", ["web.a.example", "web.b.example", "web"]),
        ("ndots:1", "web.ns", ["web.ns", "web.ns.a.example", "web.ns.b.example"]),
        ("ndots:5", "web.ns.svc", ["web.ns.svc.a.example", "web.ns.svc.b.example", "web.ns.svc"]),
        ("ndots:0", "web", ["web", "web.a.example", "web.b.example"]),
        ("ndots:1", "web.", ["web"]),
        ("ndots:5", "web.example.", ["web.example"]),
    ])
    func candidates(options: String, name: String, expected: [String]) {
        #expect(ResolverConfig("search a.example b.example\noptions \(options)").candidates(for: name) == expected)
    }

    @Test func candidatesThatNoMessageCanCarryAreLeftOut() {
        let label = String(repeating: "x", count: 60)
        let config = ResolverConfig("search \([label, label, label].joined(separator: ".")) short")
        let name = "\(label).\(label)"
        #expect(config.candidates(for: name) == [name, "\(name).short"])
    }
}

@Suite struct HostsFileTests {
    private let hosts = HostsFile(
        """
        127.0.0.1\tlocalhost
        # 10.0.0.9 commented
        10.0.0.1  Web web.example   # alias
        fd00::1   web
        10.0.0.1  web
        nonsense  other
        10.0.0.2
        """)

    @Test func allLinesOfANameCountOnce() {
        #expect(hosts.addresses(of: "web") == ips("10.0.0.1", "fd00::1"))
        #expect(hosts.addresses(of: "WEB.example.") == ips("10.0.0.1"))
    }

    @Test(arguments: ["commented", "alias", "other", "#", "", "10.0.0.2"])
    func whatIsNotListedIsNotThere(name: String) {
        #expect(hosts.addresses(of: name).isEmpty)
    }

    @Test func localhostNeedsNoFile() {
        #expect(hosts.addresses(of: "localhost") == ips("127.0.0.1"))
        #expect(HostsFile("").addresses(of: "localhost") == ips("127.0.0.1", "::1"))
        #expect(HostsFile("").addresses(of: "App.Localhost.") == ips("127.0.0.1", "::1"))
        #expect(HostsFile("").addresses(of: "notlocalhost").isEmpty)
    }
}

@Suite struct WatchedFileTests {
    @Test func aTextComesOnceForEachChange() throws {
        let files = try TemporaryFolder()
        var file = WatchedFile(path: files.path("file"))
        #expect(file.textIfChanged() == "")
        #expect(file.textIfChanged() == nil)
        try files.write("one", to: "file")
        #expect(file.textIfChanged() == "one")
        #expect(file.textIfChanged() == nil)
        try files.write("three", to: "file")
        #expect(file.textIfChanged() == "three")
    }

    @Test func aFileBeyondTheLimitIsCutAtALine() throws {
        let files = try TemporaryFolder()
        let line = "10.0.0.1 a-name-of-some-length\n"
        try files.write(String(repeating: line, count: (1 << 20) / line.utf8.count + 10), to: "file")
        var file = WatchedFile(path: files.path("file"))
        let changed = file.textIfChanged()
        let text = try #require(changed)
        #expect(text.utf8.count > (1 << 20) - 2 * line.utf8.count)
        #expect(text.utf8.count < 1 << 20)
        #expect(text.hasSuffix("length"))
    }
}
