import ArgumentParser
import ConfigWatch

/// `balancer import-nginx FILE`: a configuration file of ours that does what one of nginx's does.
struct ImportNginxCommand: Command {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "import-nginx",
            abstract: "Print the configuration file that does what one of nginx's does.",
            discussion: """
                Reads an nginx.conf or a file of conf.d, with what it includes. Wherever something differs or is left out, a \
                comment says so beside it, and standard error names the line of nginx's file. The exit status is 65 where \
                nginx's file cannot be read.

                  balancer import-nginx nginx/default.conf > balancer.yaml && balancer check balancer.yaml
                """)
    }

    @Argument(help: "nginx's file.")
    var file: String

    func invocation(environment: [String: String]) -> Invocation {
        do throws(NginxSyntaxError) {
            let found = try NginxImport(path: file)
            return .exit(
                status: 0, standardOutput: found.yaml,
                standardError: found.notes.map { "\($0.description)\n" }.joined())
        } catch {
            return .exit(status: Invocation.wrongFile, standardOutput: "", standardError: "\(error.description)\n")
        }
    }
}
