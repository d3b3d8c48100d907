import ConfigWatch
import Glibc
import Testing

@testable import Balancer

@Suite struct CommandTests {
    private func parse(_ arguments: String..., environment: [String: String] = [:]) -> Invocation {
        Invocation.parse(arguments: arguments, environment: environment)
    }

    /// A file with this text, which is removed afterwards.
    private func withFile<Result>(_ text: String, _ body: (String) -> Result) -> Result {
        var template = Array("/tmp/balancer-command-XXXXXX".utf8CString)
        let descriptor = unsafe template.withUnsafeMutableBufferPointer { unsafe mkstemp($0.baseAddress!) }
        let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer { _ = unsafe unlink(path) }
        let bytes = Array(text.utf8)
        _ = unsafe bytes.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
        close(descriptor)
        return body(path)
    }

    @Test(arguments: ["-c", "--config"])
    func readsAFile(flag: String) {
        withFile("workers: 3\nroutes: {/: '${UPSTREAM}'}\n") { path in
            let invocation = parse(flag, path, environment: ["UPSTREAM": "web:80"])
            guard case .run(let config, from: let source?, let warnings) = invocation else {
                Issue.record("\(invocation)")
                return
            }
            #expect(config.workers == 3)
            #expect(config.services.map(\.name) == ["web:80"])
            #expect(source.path == path)
            #expect(source.load().config == config)
            #expect(warnings == [])
        }
    }

    @Test func letsFlagsAndEnvironmentWin() {
        withFile("workers: 3\nlog_level: debug\nroutes: {/: 'web:80'}\n") { path in
            let invocation = parse(
                "--workers", "4", environment: ["BALANCER_CONFIG": path, "BALANCER_LOG_LEVEL": "error"])
            guard case .run(let config, _, _) = invocation else {
                Issue.record("\(invocation)")
                return
            }
            #expect(config.workers == 4)
            #expect(config.logLevel == .error)
        }
    }

    @Test func keepsWarningsForTheStart() {
        withFile("services: {a: 'a:1', b: 'b:1'}\nroutes: {/: a}\n") { path in
            guard case .run(_, _, let warnings) = parse("-c", path) else {
                Issue.record("a warning is no error")
                return
            }
            #expect(warnings.map(\.message) == [#"no route leads to the service "b""#])
        }
    }

    @Test func refusesWhatAFileLeavesNoRoomFor() {
        withFile("routes: {/: 'web:80'}\n") { path in
            let line = #"balancer: --upstream: "a:1" excludes --config; say it in the file, under routes"# + "\n"
            #expect(
                parse("-c", path, "--upstream", "a:1") == .exit(status: 64, standardOutput: "", standardError: line))
            #expect(
                parse("-c", path, "--workers", "0")
                    == .exit(
                        status: 64, standardOutput: "",
                        standardError: "balancer: --workers: \"0\" is out of range; use a number from 1 to 256\n"))
        }
    }

    @Test func endsWith65WhereTheFileIsWrong() {
        withFile("polcy: 1\nroutes: {/: 'web:80'}\n") { path in
            let text = "\(path):1:1: error: unknown key \"polcy\"; there is none like it here\npolcy: 1\n^~~~~\n"
            #expect(parse("-c", path) == .exit(status: 65, standardOutput: "", standardError: text))
            #expect(
                parse("check", path)
                    == .exit(status: 65, standardOutput: "\(path): 1 error\n", standardError: text))
        }
    }

    @Test func checksAFile() {
        withFile("routes: {/: 'web:80'}\n") { path in
            #expect(parse("check", path) == .exit(status: 0, standardOutput: "\(path): valid\n", standardError: ""))
        }
        withFile("services: {a: 'a:1', b: 'b:1'}\nroutes: {/: a}\n") { path in
            guard case .exit(0, "\(path): 1 warning\n", let text) = parse("check", path) else {
                Issue.record("a warning is no error")
                return
            }
            #expect(text.contains("warning: "))
        }
    }

    @Test func printsTheSchema() {
        #expect(parse("schema") == .exit(status: 0, standardOutput: Schema.text, standardError: ""))
    }

    @Test(arguments: ["check", "schema"])
    func documentsEachCommand(name: String) {
        guard case .exit(0, let help, "") = parse(name, "--help") else {
            Issue.record("no help")
            return
        }
        #expect(help.contains("USAGE: balancer \(name)"))
        #expect(parse("help", name) == parse(name, "--help"))
    }
}
