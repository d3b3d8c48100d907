import ArgumentParser
import ConfigWatch
import ProxyCore

/// `balancer explain -c FILE METHOD URL`: which route would serve a request, and why not the others.
struct ExplainCommand: Command {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "explain",
            abstract: "Say which listener, route and service would serve a request, and why.",
            usage: "balancer explain --config FILE [METHOD] URL [-H 'NAME: VALUE']... [--client IP]",
            discussion: """
                Nothing is sent: the routes of the file are asked as they would be for the request, each with its verdict. A \
                URL may be a path, whose host is that of -H 'Host: ...' or localhost.

                  balancer explain -c balancer.yaml https://shop.test/api/orders?page=2
                  balancer explain -c balancer.yaml POST /api/orders -H 'Host: shop.test' --client 10.1.2.3
                """)
    }

    @Option(name: .shortAndLong, help: ArgumentHelp("The configuration file.", valueName: "file"))
    var config: String?

    @Option(
        name: [.customShort("H"), .customLong("header")], parsing: .unconditionalSingleValue,
        help: ArgumentHelp("A field of the request. Repeatable.", valueName: "name: value"))
    var fields: [String] = []

    @Option(help: ArgumentHelp("The client's address.", valueName: "ip"))
    var client = "127.0.0.1"

    @Argument(help: "A method, which is GET where none is given, and a URL.")
    var request: [String]

    func validate() throws {
        guard request.count <= 2 else { throw ValidationError("Give one URL, and a method before it") }
        guard RequestURL(request[request.count - 1]) != nil else {
            throw ValidationError("'\(request[request.count - 1])' is no URL; use http://HOST/PATH or /PATH")
        }
        guard SocketAddress(ip: client, port: 0) != nil else {
            throw ValidationError("'\(client)' is no address; use --client with an IPv4 or IPv6 address")
        }
        if let field = fields.first(where: { Self.field($0) == nil }) {
            throw ValidationError("'\(field)' is no field; use -H 'NAME: VALUE'")
        }
    }

    func invocation(environment: [String: String]) -> Invocation {
        guard let path = FileFlags.path(config, environment) else {
            return .exit(
                status: ExitCode.validationFailure.rawValue, standardOutput: "",
                standardError: "balancer: --config: none is given; use --config FILE\n")
        }
        let outcome = ConfigFile.load(path, environment: environment)
        guard let config = outcome.config, let url = RequestURL(request[request.count - 1]),
            let address = SocketAddress(ip: client, port: 0)
        else {
            return .exit(
                status: Invocation.wrongFile, standardOutput: "", standardError: Invocation.text(outcome.diagnostics))
        }
        let method = request.count == 2 ? request[0] : "GET"
        let explanation = Explanation(
            config: config, places: outcome.routePlaces, method: method, url: url,
            fields: fields.compactMap(Self.field), client: address)
        return .exit(status: 0, standardOutput: explanation.text, standardError: "")
    }

    /// `Name: value`
    private static func field(_ text: String) -> (name: String, value: String)? {
        guard let colon = text.firstIndex(of: ":"), colon > text.startIndex else { return nil }
        let value = text[text.index(after: colon)...].drop { $0 == " " }
        return (String(text[..<colon]), String(value))
    }
}
