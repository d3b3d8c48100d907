import Testing

@testable import ProxyCore

@Suite struct PreconditionTests {
    private static let modified: Int64 = 784_111_777
    private static let date = "Sun, 06 Nov 1994 08:49:37 GMT"
    private static let before = "Sun, 06 Nov 1994 08:49:36 GMT"
    private static let after = "Sun, 06 Nov 1994 08:49:38 GMT"

    private func validators(isWeak: Bool = false) -> Validators {
        Validators(
            tag: EntityTag(size: 100, hash: 1, coding: .identity, isWeak: isWeak), modified: Self.modified)
    }

    /// The status of a GET with these field lines.
    private func status(_ lines: [String], isWeak: Bool = false) -> Int {
        let bytes = [UInt8](latin1: "GET / HTTP/1.1\r\n" + lines.map { $0 + "\r\n" }.joined() + "\r\n")
        return bytes.withRaw { bytes in
            let request = FileRequest(bytes, from: 0)
            switch Precondition.evaluate(request, bytes, validators(isWeak: isWeak), now: 1_795_467_997) {
            case .notModified: return 304
            case .failed: return 412
            case .proceed: break
            }
            let reading = Precondition.ranges(
                request, bytes, validators(isWeak: isWeak), size: 100, now: 1_795_467_997)
            switch reading {
            case .ignored: return 200
            case .ranges: return 206
            case .unsatisfiable: return 416
            }
        }
    }

    private static let current = "\"64-1\""

    @Test func withoutConditionsTheWholeIsSent() { #expect(status(["Host: a"]) == 200) }

    @Test func cachesAreToldThatNothingHasChanged() {
        #expect(status(["If-None-Match: \(Self.current)"]) == 304)
        #expect(status(["if-none-match: W/\(Self.current)"]) == 304)
        #expect(status(["If-None-Match: \"x\"", "If-None-Match: \(Self.current)"]) == 304, "lines are one list")
        #expect(status(["If-None-Match: *"]) == 304)
        #expect(status(["If-None-Match: \"x\""]) == 200)
        #expect(status(["If-Modified-Since: \(Self.date)"]) == 304)
        #expect(status(["If-Modified-Since: \(Self.after)"]) == 304)
        #expect(status(["If-Modified-Since: \(Self.before)"]) == 200)
        #expect(status(["If-Modified-Since: yesterday"]) == 200)
        #expect(status(["If-Modified-Since: \(Self.date)", "If-Modified-Since: \(Self.date)"]) == 200)
    }

    @Test func aTagCountsMoreThanADate() {
        #expect(status(["If-None-Match: \"x\"", "If-Modified-Since: \(Self.date)"]) == 200)
        #expect(status(["If-Modified-Since: \(Self.before)", "If-None-Match: \(Self.current)"]) == 304)
        #expect(status(["If-Match: \(Self.current)", "If-Unmodified-Since: \(Self.before)"]) == 200)
        #expect(status(["If-Match: \"x\"", "If-Unmodified-Since: \(Self.date)"]) == 412)
    }

    @Test func whoMeansAnotherStateIsTold() {
        #expect(status(["If-Match: \"x\""]) == 412)
        #expect(status(["If-Match: \(Self.current)"]) == 200)
        #expect(status(["If-Match: W/\(Self.current)"]) == 412, "the comparison is strong")
        #expect(status(["If-Match: \(Self.current)"], isWeak: true) == 412)
        #expect(status(["If-Match: *"], isWeak: true) == 200)
        #expect(status(["If-Unmodified-Since: \(Self.before)"]) == 412)
        #expect(status(["If-Unmodified-Since: \(Self.date)"]) == 200)
        #expect(status(["If-Unmodified-Since: soon"]) == 200)
    }

    @Test func conditionsComeInTheirOrder() {
        #expect(status(["If-None-Match: \(Self.current)", "If-Match: \"x\""]) == 412)
        #expect(status(["If-Match: \(Self.current)", "If-None-Match: \(Self.current)"]) == 304)
        #expect(status(["Range: bytes=0-1", "If-None-Match: \(Self.current)"]) == 304)
        #expect(status(["Range: bytes=200-", "If-Match: \"x\""]) == 412)
    }

    @Test func rangesAreSentWhereTheyFit() {
        #expect(status(["Range: bytes=0-1"]) == 206)
        #expect(status(["Range: bytes=200-"]) == 416)
        #expect(status(["Range: bytes=0-1", "Range: bytes=2-3"]) == 200, "it may stand only once")
        #expect(status(["Range: bytes=0-1", "If-Range: \(Self.current)"]) == 206)
        #expect(status(["Range: bytes=0-1", "If-Range: W/\(Self.current)"]) == 200)
        #expect(status(["Range: bytes=0-1", "If-Range: \"x\""]) == 200)
        #expect(status(["Range: bytes=200-", "If-Range: \"x\""]) == 200)
        #expect(status(["Range: bytes=0-1", "If-Range: \(Self.date)"]) == 206)
        #expect(status(["Range: bytes=0-1", "If-Range: \(Self.after)"]) == 200, "it has to be exactly ours")
        #expect(status(["Range: bytes=0-1", "If-Range: Wed, 25 Nov 2026 00:00:00 GMT"]) == 200)
        #expect(status(["Range: bytes=0-1", "If-Range: \(Self.date)"], isWeak: true) == 200)
        #expect(status(["Range: bytes=0-1", "If-Range: \(Self.current)"], isWeak: true) == 200)
        #expect(status(["If-Range: \(Self.current)"]) == 200)
    }

    @Test(arguments: [
        ("GET /a/b?c=d HTTP/1.1\r\n\r\n", "get /a/b ?c=d"), ("HEAD / HTTP/1.1\r\nA: b\r\n\r\n", "head / "),
        ("POST /? HTTP/1.1\r\n\r\n", "other / ?"), ("OPTIONS * HTTP/1.1\r\n\r\n", "other * "),
    ])
    func theRequestLineIsTakenApart(head: String, expected: String) {
        let bytes = [UInt8](latin1: "xx" + head)
        let request = bytes.withRaw { FileRequest($0, from: 2) }
        #expect("\(request.method) \(bytes.text(request.path)) \(bytes.text(request.query))" == expected)
    }
}
