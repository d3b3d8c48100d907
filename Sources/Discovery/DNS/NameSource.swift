import Logging
import ProxyCore

/// Where names are looked up: `/etc/hosts`, and the servers and search list of `/etc/resolv.conf`, as they are now.
final class NameSource {
    private let loop: ControlLoop
    private let log: Logger
    /// The servers that the command line names instead of those of `resolv.conf`.
    private let servers: [SocketAddress]
    private var resolvConf: WatchedFile
    private var hostsFile: WatchedFile
    private var config = ResolverConfig("")
    private var hosts = HostsFile("")
    private var nameservers: Nameservers

    /// - Throws: `Channel.Failure` where no channel can be made.
    init(loop: ControlLoop, settings: ResolverSettings, log: Logger) throws(Channel.Failure) {
        self.loop = loop
        self.log = log
        servers = settings.servers
        resolvConf = WatchedFile(path: settings.resolvConfPath)
        hostsFile = WatchedFile(path: settings.hostsPath)
        config = ResolverConfig(resolvConf.textIfChanged() ?? "")
        config.servers = Self.servers(of: config, given: settings.servers, last: [])
        hosts = HostsFile(hostsFile.textIfChanged() ?? "")
        nameservers = try Nameservers(loop: loop, config: config)
    }

    /// The addresses that `/etc/hosts` gives `name`; they need no DNS.
    func hostsAddresses(of name: String) -> [SocketAddress] { hosts.addresses(of: name) }

    /// The absolute names that `name` may stand for.
    func candidates(for name: String) -> [String] { config.candidates(for: name) }

    func ask(_ name: String, _ type: RecordType, then: @escaping (Answer) -> Void) {
        nameservers.ask(name, type, then: then)
    }

    /// Takes over what has changed in the files; true where something has.
    func followFiles() -> Bool {
        let newHosts = hostsFile.textIfChanged().map(HostsFile.init)
        if let newHosts { hosts = newHosts }
        return adoptResolvConf() || newHosts != nil
    }

    func close() { nameservers.close() }

    private func adoptResolvConf() -> Bool {
        guard let text = resolvConf.textIfChanged() else { return false }
        var next = ResolverConfig(text)
        next.servers = Self.servers(of: next, given: servers, last: config.servers)
        guard next != config else { return false }
        do {
            // What the old servers are being asked, they may still answer.
            nameservers = try Nameservers(loop: loop, config: next)
        } catch {
            log.warning("\(resolvConf.path): \(error), asking the same servers as before")
            return false
        }
        config = next
        log.info("\(resolvConf.path): asking \(next.servers.map(\.description).joined(separator: ", "))")
        return true
    }

    /// A file without servers is one that is just being written, so the last ones stay; at the start it means a server
    /// on this machine (resolv.conf(5)).
    private static func servers(
        of config: ResolverConfig, given: [SocketAddress], last: [SocketAddress]
    ) -> [SocketAddress] {
        let local = [SocketAddress(ip: "127.0.0.1", port: 53)].compactMap { $0 }
        return [given, config.servers, last].first { !$0.isEmpty } ?? local
    }
}
