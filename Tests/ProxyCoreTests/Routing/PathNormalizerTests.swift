import Testing

@testable import ProxyCore

@Suite struct PathNormalizerTests {
    private func outcome(_ path: String) -> (PathNormalizer.Outcome, String?) {
        let bytes = [UInt8](latin1: path)
        var out = ByteBuffer(capacity: max(1, 3 * bytes.count))
        let outcome = bytes.withRaw { PathNormalizer.normalize($0, into: &out) }
        return (outcome, outcome == .changed ? out.text : nil)
    }

    @Test(arguments: [
        "/", "/a", "/a/", "/a/b.html", "/a.b/c..d/...", "/...", "/a%20b", "/%2F", "/a%2Fb", "/a%5Cb", "/%E2%82%AC",
        "/a;b=c", "/;/", "/a%25", "/.a", "/..a", "/a/.well-known/x", "/a:b@c!$&'()*+,=", "*", "/%2F/a",
        "/abcdefgh/ijklmnop/qrstuvwx/yz0123456789", "/a..;", "/..a;b", "/a%3B..", "/abcdefg.", "/abcdefgh.",
    ])
    func whatIsNormalStays(path: String) {
        let (outcome, _) = outcome(path)
        #expect(outcome == .asIs)
    }

    @Test(arguments: [
        ("", "/"), ("//", "/"), ("//a", "/a"), ("/a//b", "/a/b"), ("/a///", "/a/"), ("/.", "/"), ("/./", "/"),
        ("/a/.", "/a/"), ("/a/./b", "/a/b"), ("/a/..", "/"), ("/a/../b", "/b"), ("/a/b/..", "/a/"),
        ("/a/b/../../c", "/c"), ("/a//../b", "/b"), ("/%61", "/a"), ("/%41%5a%2d%2e%5f%7e%30", "/AZ-._~0"),
        ("/%2e", "/"), ("/a/%2e%2E/b", "/b"), ("/a/.%2e", "/"), ("/a%2fb", "/a%2Fb"), ("/%c3%a9", "/%C3%A9"),
        ("/a/%2e/b", "/a/b"), ("/%2541", nil), ("/%7Euser", "/~user"), ("/abcdefgh//i", "/abcdefgh/i"),
        ("/abcdefgh/.", "/abcdefgh/"), ("/abcdef/./g", "/abcdef/g"), ("/a;b/../c", "/c"), ("/a%2Fb/..", "/"),
        ("/%40a%3A%21%24%26%27%28%29%2A%2B%2C%3D", "/@a:!$&'()*+,="), ("/a%3b", "/a%3B"), ("/a\\b", "/a%5Cb"),
        ("/\"<>^`{|}[]", "/%22%3C%3E%5E%60%7B%7C%7D%5B%5D"), ("/abcdefghij|k", "/abcdefghij%7Ck"),
    ])
    func whatIsNotBecomesSo(path: String, expected: String?) {
        let (outcome, text) = outcome(path)
        #expect(outcome == (expected == nil ? .asIs : .changed))
        #expect(text == expected)
        if let text { #expect(self.outcome(text).0 == .asIs) }
    }

    @Test(arguments: [
        "/%", "/%4", "/a%", "/%zz", "/%4g", "/a%00", "/%00", "/..", "/../a", "/a/../..", "/a/../../b", "/%2e%2e",
        "/./..", "//..", "/..;/", "/.;/", "/a/..;x/b", "/..;", "/%2e%2e;/", "/..%2F", "/..%2fa", "/%2F..", "/a%2F..",
        "/a%2F.%2Fb", "/..%5C", "/a%5c..%5cb", "/..\\", "/\\..", "/a\\..\\b", "/a\\.", "/.%3B", "/..%3bx/", "/a%2F..;b",
        "/a%2F%2e%2e", "/x/%5c%2e", "a", "a/b",
    ])
    func whatServersReadDifferentlyIsRefused(path: String) {
        let (outcome, _) = outcome(path)
        #expect(outcome == .refused)
    }

    /// Each byte in each place of the window that is looked at at once.
    @Test func nothingPassesTheQuickLook() {
        for count in 1...24 {
            for place in 1..<max(2, count) {
                for suspect in ["%", "\\", "/", ".", "\"", "<", ">", "^", "`", "{", "|", "}", "#", "[", "]"] {
                    var path = [UInt8](repeating: UInt8(ascii: "a"), count: count)
                    path[0] = UInt8(ascii: "/")
                    guard place < count else { continue }
                    path[place] = suspect.utf8.first ?? 0
                    if suspect == "/" || suspect == ".", place > 1 { path[place - 1] = UInt8(ascii: "/") }
                    let isNormal = path.withRaw { PathNormalizer.isPlainlyNormal($0) }
                    #expect(!isNormal, "\(String(latin1: path))")
                }
            }
        }
    }

    @Test(arguments: [
        ("/a%2Fb", "/a/b"), ("/a%5Cb", "/a/b"), ("/a;b=c", "/a"), ("/a;b/c", "/a/c"), ("/a%3Bb/c;d", "/a/c"),
        ("/a/%2Fb", "/a/b"), ("/%2Fa", "/a"), ("/a;b%2Fc", "/a/c"), ("/a", nil), ("/a%20b", nil), ("/", nil),
    ])
    func othersReadItAs(path: String, expected: String?) {
        let bytes = [UInt8](latin1: path)
        var out = ByteBuffer(capacity: bytes.count)
        let isOther = bytes.withRaw { PathNormalizer.otherReading(of: $0, into: &out) }
        #expect(isOther == (expected != nil))
        if let expected { #expect(out.text == expected) }
    }

    @Test func writtenPathsAreEncodedAndNormalised() {
        func written(_ path: String) -> String? { PathNormalizer.normalize(written: path).map { String(latin1: $0) } }
        #expect(written("/caf\u{E9} au lait") == "/caf%C3%A9%20au%20lait")
        #expect(written("/a//b/%7e") == "/a/b/~")
        for path in ["", "a", "/a?b", "/a#b", "/..", "/%"] { #expect(written(path) == nil, "\(path)") }
    }
}
