import Glibc
import Testing

@testable import ProxyCore

/// A table of open files whose clock stands still unless it is told otherwise.
private final class Table {
    static let now = Instant(microseconds: 1_000_000_000)
    /// Long after any file of these tests was made.
    static let seconds: Int64 = 4_000_000_000

    var files = OpenFiles(answersMax: 4)
    private var path = FilePath()

    var descriptorsOpen: Int { files.descriptorsOpen }
    var isKeeping: Bool { files.isKeeping }

    func open(
        _ tree: FileTree, _ path: String, at now: Instant = Table.now, seconds: Int64 = Table.seconds
    ) -> OpenFiles.Outcome {
        let bytes = [UInt8](latin1: path)
        guard bytes.withRaw({ self.path.read($0, 0..<$0.byteCount, hidesDotFiles: false) }) else { return .missing }
        return files.open(tree, &self.path, now, seconds: seconds)
    }

    /// The content of what `outcome` names.
    func content(_ outcome: OpenFiles.Outcome, _ coding: ContentCoding = .identity) -> String? {
        guard case .file(let place) = outcome else { return nil }
        let representation = files[place][coding]
        var out = ByteBuffer(capacity: max(1, representation.size))
        guard representation.read(0..<representation.size, to: &out) else { return nil }
        return out.text
    }

    /// The field lines of what `outcome` names.
    func lines(_ outcome: OpenFiles.Outcome, _ coding: ContentCoding = .identity) -> String? {
        guard case .file(let place) = outcome else { return nil }
        return written { files[place].write(files[place][coding].lines, to: &$0) }
    }

    func has(_ outcome: OpenFiles.Outcome, _ coding: ContentCoding) -> Bool {
        guard case .file(let place) = outcome else { return false }
        return files[place].has(coding)
    }

    func best(_ outcome: OpenFiles.Outcome, for accepted: String) -> ContentCoding? {
        guard case .file(let place) = outcome else { return nil }
        var codings = AcceptedCodings()
        [UInt8](latin1: accepted).withRaw { codings.note($0, 0..<$0.byteCount) }
        return files[place].best(for: codings)
    }
}

@Suite struct OpenFilesTests {
    @Test func filesAndIndexFilesAreFound() throws {
        let directory = try TemporaryDirectory()
        directory.write("a.txt", "one")
        directory.write("sub/index.htm", "two")
        directory.write("both/index.html", "three")
        directory.write("both/index.htm", "four")
        var settings = FileSettings(root: directory.path)
        settings.index = ["index.html", "index.htm"]
        let tree = FileTree(settings)
        let table = Table()
        #expect(table.content(table.open(tree, "/a.txt")) == "one")
        #expect(table.content(table.open(tree, "/sub/")) == "two")
        #expect(table.content(table.open(tree, "/both/")) == "three")
        #expect(table.open(tree, "/sub") == .directory)
        #expect(table.open(tree, "/") == .missing)
        #expect(table.open(tree, "/a.txt/") == .missing)
        #expect(table.open(tree, "/a.txt/b") == .missing)
        #expect(table.open(tree, "/none") == .missing)
        #expect(table.open(tree, "/" + String(repeating: "n", count: 300)) == .missing)
    }

    @Test func nothingLeadsOutOfTheDirectory() throws {
        let directory = try TemporaryDirectory()
        directory.write("secret.txt", "secret")
        directory.write("public/in.txt", "inside")
        directory.link("public/inner", to: "in.txt")
        directory.link("public/outer", to: "../secret.txt")
        directory.link("public/absolute", to: directory.path + "/secret.txt")
        directory.link("public/up", to: "..")
        directory.link("public/proc", to: "/proc/self/root")
        directory.link("public/loop", to: "loop")
        let tree = FileTree(FileSettings(root: directory.path + "/public"))
        let table = Table()
        #expect(table.content(table.open(tree, "/in.txt")) == "inside")
        if FileOpening.followsLinks { #expect(table.content(table.open(tree, "/inner")) == "inside") }
        for path in [
            "/outer", "/absolute", "/up/secret.txt", "/up/", "/up/public/in.txt", "/proc/etc/passwd", "/loop",
            "/loop/x",
            "/../secret.txt",
        ] {
            #expect(table.open(tree, path) == .missing, "\(path)")
        }
        #expect(table.open(tree, "/up") != .directory, "not even that it is there is told")
    }

    @Test func withoutOpenat2LinksAreRefused() throws {
        let directory = try TemporaryDirectory()
        directory.write("secret.txt", "secret")
        directory.write("public/sub/in.txt", "inside")
        directory.link("public/link", to: "sub/in.txt")
        directory.link("public/dir", to: "sub")
        directory.link("public/up", to: "..")
        let root = unsafe Glibc.open(directory.path + "/public", O_RDONLY | O_DIRECTORY)
        defer { close(root) }
        func isOpened(_ path: String) -> Bool {
            let bytes = Array(path.utf8) + [0]
            let outcome = bytes.withRaw { FileOpening.open(root, $0, followsLinks: false) }
            guard case .file(let descriptor, _) = outcome else { return false }
            close(descriptor)
            return true
        }
        #expect(isOpened("sub/in.txt"))
        for path in [
            "link", "dir/in.txt", "up/secret.txt", "../secret.txt", "sub/../../secret.txt", "sub", "sub/none",
            "none/in.txt",
            "sub/in.txt/", "sub/" + String(repeating: "n", count: 256),
        ] {
            #expect(!isOpened(path), "\(path)")
        }
    }

    @Test func whatIsNoFileIsNotServed() throws {
        let directory = try TemporaryDirectory()
        #expect(unsafe mkfifo(directory.path + "/fifo", 0o644) == 0)
        let tree = FileTree(FileSettings(root: directory.path))
        let table = Table()
        #expect(table.open(tree, "/fifo") == .missing)
        let devices = FileTree(FileSettings(root: "/dev"))
        #expect(table.open(devices, "/null") == .missing)
        #expect(table.open(devices, "/tty") == .missing)
        #expect(table.open(FileTree(FileSettings(root: directory.path + "/none")), "/a") == .missing)
        #expect(table.descriptorsOpen == 2, "the two roots that exist")
    }

    @Test func codedSiblingsServeThoseWhoAcceptThem() throws {
        let directory = try TemporaryDirectory()
        directory.write("a.js", "plain plain plain", modified: 1_000)
        directory.write("a.js.gz", "gzip, long", modified: 1_000)
        directory.write("a.js.br", "brotli", modified: 2_000)
        directory.write("a.js.zst", "older", modified: 999)
        directory.write("p.png", "picture", modified: 1_000)
        directory.write("p.png.gz", "nobody looks for it", modified: 1_000)
        let tree = FileTree(FileSettings(root: directory.path))
        let table = Table()
        let script = table.open(tree, "/a.js")
        for (accepted, coding) in [
            ("", ContentCoding.identity), ("gzip, br, zstd", .brotli), ("gzip, br;q=0.5", .gzip),
            ("br;q=0, gzip;q=0.1", .gzip),
        ] {
            #expect(table.best(script, for: accepted) == coding, "\(accepted)")
        }
        #expect(table.best(script, for: "zstd") == .identity, "that one is older than the file")
        #expect(table.content(script, .brotli) == "brotli")
        let plain = try #require(table.lines(script))
        let brotli = try #require(table.lines(script, .brotli))
        #expect(plain.contains("Vary: Accept-Encoding\r\n") && !plain.contains("Content-Encoding"))
        #expect(brotli.contains("Content-Encoding: br\r\n") && brotli.contains("Vary: Accept-Encoding\r\n"))
        #expect(plain.contains("Last-Modified: Thu, 01 Jan 1970 00:16:40 GMT\r\n"))
        #expect(brotli.contains("-br\"\r\n") && !brotli.contains("W/"))
        #expect(!table.has(table.open(tree, "/p.png"), .gzip))
        #expect(table.descriptorsOpen == 5)
    }

    @Test func aFileIsKeptForASecond() throws {
        let directory = try TemporaryDirectory()
        directory.write("a.txt", "one")
        let tree = FileTree(FileSettings(root: directory.path))
        let table = Table()
        let first = table.open(tree, "/a.txt")
        directory.replace("a.txt", "two")
        #expect(table.open(tree, "/a.txt", at: Table.now + 999) == first)
        #expect(table.content(first) == "one")
        let second = table.open(tree, "/a.txt", at: Table.now + 1_000)
        #expect(table.content(second) == "two")
        table.files.trim(Table.now + 1_500)
        #expect(table.descriptorsOpen == 2 && table.isKeeping)
        table.files.trim(Table.now + 2_000)
        #expect(table.descriptorsOpen == 0 && !table.isKeeping)
    }

    @Test func aReplacedDirectoryIsNoticed() throws {
        let directory = try TemporaryDirectory()
        directory.write("site/a.txt", "one")
        directory.write("next/a.txt", "two")
        let tree = FileTree(FileSettings(root: directory.path + "/site"))
        let table = Table()
        #expect(table.content(table.open(tree, "/a.txt")) == "one")
        #expect(unsafe rename(directory.path + "/site", directory.path + "/old") == 0)
        #expect(unsafe rename(directory.path + "/next", directory.path + "/site") == 0)
        #expect(table.content(table.open(tree, "/a.txt", at: Table.now + 1_000)) == "two")
    }

    @Test func whoIsBeingSentAFileKeepsIt() throws {
        let directory = try TemporaryDirectory()
        directory.write("a.txt", "one")
        let tree = FileTree(FileSettings(root: directory.path))
        let table = Table()
        guard case .file(let place) = table.open(tree, "/a.txt") else { throw Missing() }
        table.files.use(place)
        table.files.use(place)
        table.files.trim(Table.now + 5_000)
        #expect(table.descriptorsOpen == 1)
        #expect(table.content(.file(place)) == "one")
        table.files.letGo(place)
        #expect(table.descriptorsOpen == 1)
        table.files.letGo(place)
        #expect(table.descriptorsOpen == 0)
    }

    @Test func onlySoManyAreKept() throws {
        let directory = try TemporaryDirectory()
        for number in 0..<Limits.openFilesMax + 40 { directory.write("\(number).png", "\(number)") }
        let tree = FileTree(FileSettings(root: directory.path))
        let table = Table()
        for round in 0..<2 {
            for number in 0..<Limits.openFilesMax + 40 {
                #expect(table.content(table.open(tree, "/\(number).png")) == "\(number)", "round \(round)")
            }
        }
        #expect(table.descriptorsOpen == Limits.openFilesMax + 1)
        table.files.dropAll()
        #expect(table.descriptorsOpen == 1)
    }

    @Test func tagsTellStatesApart() throws {
        let directory = try TemporaryDirectory()
        directory.write("a.txt", "one", modified: 1_000)
        directory.write("b.txt", "two", modified: 1_000)
        let tree = FileTree(FileSettings(root: directory.path))
        let table = Table()
        func lines(_ path: String, at milliseconds: Milliseconds, seconds: Int64 = Table.seconds) -> String? {
            table.lines(table.open(tree, path, at: Table.now + milliseconds, seconds: seconds))
        }
        let first = try #require(lines("/a.txt", at: 0))
        #expect(first.contains("ETag: \"3-"))
        #expect(lines("/b.txt", at: 0) != first, "same size and date, another file")
        #expect(lines("/a.txt", at: 2_000) == first)
        #expect(lines("/a.txt", at: 4_000, seconds: Int64(time(nil)))?.contains("ETag: W/\"3-") == true)
        directory.write("a.txt", "six", modified: 1_000)
        #expect(lines("/a.txt", at: 6_000) != first, "written to in place, with its date put back")
    }

    private struct Missing: Error {}
}
