import Testing

@testable import ProxyCore

@Suite struct FilePathTests {
    /// The path below the root, or nil where there is none.
    private func read(_ text: String, hidesDotFiles: Bool = true) -> String? {
        var path = FilePath()
        let bytes = [UInt8](latin1: text)
        guard bytes.withRaw({ path.read($0, 0..<$0.byteCount, hidesDotFiles: hidesDotFiles) }) else { return nil }
        var copy: [UInt8] = []
        for index in 0..<path.count { copy.append(path.bytes.byte(index)) }
        return String(latin1: copy)
    }

    @Test func namesAreDecoded() {
        #expect(read("/") == "")
        #expect(read("/a") == "a")
        #expect(read("/a/b.html") == "a/b.html")
        #expect(read("/a/") == "a/")
        #expect(read("/a%20b/%C3%A9%3f%25") == "a b/\u{C3}\u{A9}?%")
        #expect(read("/a..b/c.") == "a..b/c.")
        #expect(read("/a\\b") == "a\\b")
    }

    @Test(arguments: [
        "", "a", "*", "/..", "/a/../b", "/%2e%2E/b", "/.%2e/b", "/a/..", "/a/.", "/./a", "/%2e", "/a%2Fb",
        "/a%2f..%2fb", "/a%00", "/%00", "/a%0", "/a%", "/a%zz", "//a", "/a//b", "/a%2F",
    ])
    func whatNoFileIsCalledIsRefused(text: String) {
        #expect(read(text) == nil)
        #expect(read(text, hidesDotFiles: false) == nil)
    }

    @Test func dotFilesAreHidden() {
        #expect(read("/.git/config") == nil)
        #expect(read("/a/.htaccess") == nil)
        #expect(read("/%2egit/config") == nil)
        #expect(read("/.well-known/acme-challenge/x") == ".well-known/acme-challenge/x")
        #expect(read("/a/.well-known/x") == nil)
        #expect(read("/.well-known/.x") == nil)
        #expect(read("/...") == nil)
        #expect(read("/.git/config", hidesDotFiles: false) == ".git/config")
        #expect(read("/...", hidesDotFiles: false) == "...")
    }

    @Test func lengthIsBounded() {
        let longest = "/" + String(repeating: "a", count: Limits.filePathBytesMax - 1)
        #expect(read(longest)?.count == Limits.filePathBytesMax - 1)
        #expect(read(longest + "a") == nil)
    }
}
