import CLinux
import Glibc
import Testing

@testable import ConfigWatch
@testable import ProxyCore

/// Each way of changing a file, with real files.
@Suite(.timeLimit(.minutes(1))) struct FileWatcherTests {
    /// A folder of its own, a watcher, and how often it has called.
    private final class Scene {
        let loop: ControlLoop
        let folder: String
        private(set) var calls = 0
        private(set) var watcher: FileWatcher?

        init() throws {
            loop = try ControlLoop()
            var template = Array("/tmp/watcher-tests-XXXXXX".utf8CString)
            guard unsafe mkdtemp(&template) != nil else { throw SystemError(call: "mkdtemp", code: errno) }
            folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
            watcher = FileWatcher(loop: loop) { [unowned self] in calls += 1 }
        }

        deinit {
            watcher?.stop()
            unsafe system("rm -rf '\(folder)'")
        }

        func path(_ name: String) -> String { "\(folder)/\(name)" }

        /// Runs a command in the folder, with the tools that people use.
        func shell(_ command: String) throws {
            let status = unsafe system("cd '\(folder)' && { \(command); } 2>&1")
            try #require(status == 0, "\(command)")
        }

        /// Follows these and waits until they have been asked to be read again, as new ones are.
        func follow(_ names: String...) throws {
            let before = calls
            watcher?.follow(names.map(path))
            #expect(run(until: { self.calls > before }))
            calm()
        }

        func run(until condition: @escaping () -> Bool, limit: Milliseconds = 5_000) -> Bool {
            let deadline = Instant.read() + limit
            func look() {
                if condition() || Instant.read() >= deadline { return loop.stop() }
                loop.schedule(after: 1, look)
            }
            loop.schedule(after: 0, look)
            loop.run()
            return condition()
        }

        /// Whether it calls, and that well before it would look by itself.
        func isTold() -> Bool { run(until: { self.calls > 0 }, limit: FileWatcher.lookMilliseconds - 700) }

        /// Lets the burst end, and counts from 0 again.
        func calm() {
            // What is left is the timer of the next look.
            #expect(run(until: { self.loop.held.timers == 1 }))
            calls = 0
        }

        /// Whether it does not call for as long as a burst may take to settle.
        func staysSilent() -> Bool { !run(until: { self.calls > 0 }, limit: 300) }
    }

    @Test(arguments: [
        "echo b > balancer.yaml",
        "echo b >> balancer.yaml",
        "cp other balancer.yaml",
        "mv other balancer.yaml",
        "ln -f other balancer.yaml",
        "ln -sf other balancer.yaml",
        "echo b > .balancer.swp && mv balancer.yaml balancer.yaml~ && mv .balancer.swp balancer.yaml && rm balancer.yaml~",
        "sed -i s/a/b/ balancer.yaml",
        "rm balancer.yaml",
        "mv balancer.yaml elsewhere",
        "rm balancer.yaml && cp other balancer.yaml",
        "truncate -s 0 balancer.yaml",
        "dd if=other of=balancer.yaml conv=notrunc status=none",
    ])
    func aFileIsChanged(_ command: String) throws {
        let scene = try Scene()
        try scene.shell("echo a > balancer.yaml; echo b > other")
        try scene.follow("balancer.yaml")
        for _ in 1...3 {
            try scene.shell(command)
            #expect(scene.isTold(), "\(command)")
            scene.calm()
            try scene.shell("rm -f balancer.yaml other; echo a > balancer.yaml; echo b > other")
            #expect(scene.isTold(), "and back")
            scene.calm()
        }
    }

    @Test(arguments: ["touch neighbour", "echo x > .hidden.yaml", "rm other", "mkdir d", "cat balancer.yaml"])
    func aNeighbourIsNothing(_ command: String) throws {
        let scene = try Scene()
        try scene.shell("echo a > balancer.yaml; echo b > other")
        try scene.follow("balancer.yaml")
        try scene.shell(command)
        #expect(scene.staysSilent())
    }

    @Test func aConfigMapIsSwapped() throws {
        let scene = try Scene()
        try scene.shell(
            "mkdir ..1 && echo a > ..1/balancer.yaml && ln -s ..1 ..data && ln -s ..data/balancer.yaml balancer.yaml")
        try scene.follow("balancer.yaml")
        for version in 2...4 {
            // As the kubelet does it: a new directory, a link beside, a rename over the link, and the old one goes.
            try scene.shell(
                "mkdir ..\(version) && echo \(version) > ..\(version)/balancer.yaml && ln -s ..\(version) ..data_tmp "
                    + "&& mv -T ..data_tmp ..data && rm -r ..\(version - 1)")
            #expect(scene.isTold())
            scene.calm()
            #expect(scene.watcher?.watchCount == 3)
        }
    }

    @Test func aReleaseIsSwapped() throws {
        let scene = try Scene()
        try scene.shell("mkdir 1 2 && echo a > 1/balancer.yaml && echo a > 2/balancer.yaml && ln -s 1 current")
        try scene.follow("current/balancer.yaml")
        try scene.shell("ln -s 2 next && mv -T next current")
        #expect(scene.isTold())
        scene.calm()
        try scene.shell("echo b > 2/balancer.yaml")
        #expect(scene.isTold())
        scene.calm()
        try scene.shell("echo b > 1/balancer.yaml")
        #expect(scene.staysSilent(), "nothing leads there any more")
    }

    /// A file that was mounted by itself is written through another name, of which its directory here says nothing.
    @Test func aMountedFileIsWrittenElsewhere() throws {
        let scene = try Scene()
        try scene.shell("mkdir here there && echo a > there/balancer.yaml && ln there/balancer.yaml here/balancer.yaml")
        try scene.follow("here/balancer.yaml")
        try scene.shell("echo b > there/balancer.yaml")
        #expect(scene.isTold())
    }

    @Test func anIncludedDirectoryTellsOfItsYAML() throws {
        let scene = try Scene()
        try scene.shell("echo a > balancer.yaml; mkdir conf.d; echo a > conf.d/one.yaml")
        try scene.follow("balancer.yaml", "conf.d", "conf.d/one.yaml")
        for command in ["echo b > conf.d/one.yaml", "echo b > conf.d/two.yml", "rm conf.d/two.yml"] {
            try scene.shell(command)
            #expect(scene.isTold(), "\(command)")
            scene.calm()
        }
        try scene.shell("echo b > conf.d/README; rm conf.d/README; echo c > conf.d/.hidden.yaml")
        #expect(scene.staysSilent())
    }

    @Test func aFileThatIsNotThereYetComes() throws {
        let scene = try Scene()
        try scene.follow("later/conf.d/a.yaml")
        try scene.shell("mkdir -p later/conf.d && echo a > later/conf.d/a.yaml")
        #expect(scene.isTold())
        scene.calm()
        try scene.shell("echo b > later/conf.d/a.yaml")
        #expect(scene.isTold())
    }

    @Test func aBurstSettlesOnce() throws {
        let scene = try Scene()
        try scene.shell("echo a > balancer.yaml")
        try scene.follow("balancer.yaml")
        try scene.shell("for i in 1 2 3 4 5 6 7 8 9; do echo $i > balancer.yaml; done")
        #expect(scene.isTold())
        #expect(!scene.run(until: { scene.calls > 1 }, limit: 300))
    }

    /// The same change from a mount namespace of its own may come without an event; only a look finds it.
    @Test func aLookFindsTheRest() throws {
        let scene = try Scene()
        try scene.shell("mkdir a && echo a > a/balancer.yaml && mkdir b && echo b > b/balancer.yaml")
        try scene.follow("a/balancer.yaml")
        // The directory that is watched keeps its entries, and another has its name.
        try scene.shell("mv a c && mv b a")
        #expect(scene.run(until: { scene.calls > 0 }))
    }

    @Test func followingOthersLeavesNoWatchBehind() throws {
        let scene = try Scene()
        try scene.shell("for i in 1 2 3 4 5 6 7 8 9; do mkdir $i; echo a > $i/a.yaml; done")
        let all = (1...9).map { scene.path("\($0)/a.yaml") }
        for round in 0..<200 {
            scene.watcher?.follow(round.isMultiple(of: 2) ? all : [all[round % 9]])
        }
        #expect(scene.watcher?.watchCount == 2)
        let held = scene.loop.held
        scene.watcher?.stop()
        #expect(scene.loop.held.descriptors == held.descriptors - 1)
        #expect(scene.run(until: { scene.loop.held.timers == 0 }, limit: 100))
    }
}
