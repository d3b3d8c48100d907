import ProxyCore

// ConfigWatch finds out what was asked: text in, one validated value out.
//
//   OptionName      what can be set, under which flag and environment variable
//   Options         what was set, as text: flags over environment
//   Parse/          one kind of value in each file, text to value or a `Rejection` that says what would be right
//   Bounds          how far values may go, and why
//   SettingsParser  what the options say about each group of settings
//   ConfigParser    the whole: `Options` to `Config`, or the `ConfigError` to print
//   Config          the model, whatever wrote it: the command line is its short form

/// What the balancer is to do: everything in it is valid, and every default is filled in.
package struct Config: Equatable, Sendable {
    /// Where connections are accepted; at least one.
    package var listeners: [ListenAddress] = [.any(port: 8080)]
    /// Where the process shows its own state; nil for nowhere.
    package var admin: ListenAddress?
    /// The pools that requests go to; at least one. Other parts of the process know a service by its index here.
    package var services: [Service] = []
    /// What happens to which requests, in the order it was written; requests that no route takes are answered 404. Services
    /// in it are indices in `services`. A route for every path also takes the target `*` (RFC 9112 section 3.2.4).
    package var routes: [Route] = []
    /// What a service gets that says nothing of its own.
    package var serviceDefaults = ServiceSettings()
    package var resolver = ResolverSettings()
    /// How many worker threads serve; nil means one for each processor that the process may use.
    package var workers: Int?
    package var accessLog: AccessLogTarget = .stdout
    package var logLevel: LogLevel = .info
    /// How long running requests may take to finish once the process was asked to end.
    package var drainTimeoutMilliseconds: Milliseconds = 10_000
    package var timeouts = Timeouts()
    package var clientConnectionLife = ConnectionLife.client

    package init() {}

    /// Endpoints that are one another's equals, and how one of them is chosen for a request.
    package struct Service: Equatable, Sendable {
        /// `default`, or the prefix of the route that leads here.
        package var name: String
        /// Where the endpoints come from; at least one, each once.
        package var upstreams: [Upstream]
        package var settings: ServiceSettings

        package init(name: String, upstreams: [Upstream], settings: ServiceSettings) {
            self.name = name
            self.upstreams = upstreams
            self.settings = settings
        }
    }
}

/// Where connections are accepted. Port 0 lets the system pick one.
package enum ListenAddress: Hashable, Sendable, CustomStringConvertible {
    /// All addresses of this host, IPv4 and IPv6.
    case any(port: UInt16)
    /// One address. `0.0.0.0` means all of IPv4 and `::` all of IPv6, each without the other.
    case address(SocketAddress)

    package var port: UInt16 {
        switch self {
        case .any(let port): port
        case .address(let address): address.port
        }
    }

    /// As it was written: `:80`, `127.0.0.1:80`, `[::1]:80`.
    package var description: String {
        switch self {
        case .any(let port): ":\(port)"
        case .address(let address): address.description
        }
    }
}

/// Where access-log lines go.
package enum AccessLogTarget: Equatable, Sendable {
    case stdout
    case stderr
    case off
    /// A path, to which lines are appended.
    case file(String)
}

/// How much the event log says: each level includes those after it. The names are those of swift-log's levels.
package enum LogLevel: String, CaseIterable, Sendable {
    case trace, debug, info, notice, warning, error, critical
}
