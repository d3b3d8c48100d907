import Logging
import ProxyCore

/// Where names are looked up: `/etc/hosts`, and the servers and search list of `/etc/resolv.conf`, as they are now.
final class NameSource {
    private let log: Logger
    /// What goes before `resolv.conf`.
    private var settings: ResolverSettings
    private var resolvConf: WatchedFile
    private var hostsFile: WatchedFile
    private var hosts: HostsFile
    private let nameservers: Nameservers

    /// - Throws: `Channel.Failure` where c-ares cannot be used.
    init(loop: ControlLoop, settings: ResolverSettings, log: Logger) throws(Channel.Failure) {
        self.log = log
        self.settings = settings
        resolvConf = WatchedFile(path: settings.resolvConfPath)
        hostsFile = WatchedFile(path: settings.hostsPath)
        hosts = HostsFile(hostsFile.textIfChanged() ?? "")
        let text = resolvConf.textIfChanged() ?? ""
        nameservers = try Nameservers(loop: loop, config: Self.config(text, settings, lastServers: []), log: log)
    }

    /// What to ask about a name to find its addresses.
    var addressTypes: [RecordType] {
        switch settings.family {
        case .any: [.a, .aaaa]
        case .ipv4: [.a]
        case .ipv6: [.aaaa]
        }
    }

    /// The addresses that `/etc/hosts` gives `name`, of the families in use; they need no DNS.
    func hostsAddresses(of name: String) -> [SocketAddress] {
        hosts.addresses(of: name).filter { addressTypes.contains($0.isIPv6 ? .aaaa : .a) }
    }

    /// How long what was once learned stays in use while nothing more is; nil for without limit.
    var staleMilliseconds: Milliseconds? { settings.staleMilliseconds }

    /// The absolute names that `name` may stand for.
    func candidates(for name: String) -> [String] { nameservers.config.candidates(for: name) }

    func ask(_ name: String, _ type: RecordType, then: @escaping (Answer) -> Void) {
        nameservers.ask(name, type, then: then)
    }

    /// Takes over what has changed in the files; true where something has.
    func followFiles() -> Bool {
        let newHosts = hostsFile.textIfChanged().map(HostsFile.init)
        if let newHosts { hosts = newHosts }
        return adoptResolvConf() || newHosts != nil
    }

    /// Goes by other settings from now on; questions under way end as they began.
    ///
    /// - Returns: whether names are to be asked again, because they might be answered otherwise.
    func adopt(_ next: ResolverSettings) -> Bool {
        let last = settings
        settings = next
        if next.hostsPath != last.hostsPath {
            hostsFile = WatchedFile(path: next.hostsPath)
            hosts = HostsFile(hostsFile.textIfChanged() ?? "")
        }
        resolvConf = WatchedFile(path: next.resolvConfPath)
        // Servers that were set apart from the file are not those that it had.
        let lastServers = last.servers.isEmpty ? nameservers.config.servers : []
        let config = Self.config(resolvConf.textIfChanged() ?? "", next, lastServers: lastServers)
        defer { nameservers.config = config }
        return config != nameservers.config || next.family != last.family || next.hostsPath != last.hostsPath
    }

    func close() { nameservers.close() }

    private func adoptResolvConf() -> Bool {
        guard let text = resolvConf.textIfChanged() else { return false }
        let next = Self.config(text, settings, lastServers: nameservers.config.servers)
        guard next != nameservers.config else { return false }
        nameservers.config = next
        log.info("\(resolvConf.path) changed: asking \(next.servers.map(\.description).joined(separator: ", "))")
        return true
    }

    /// A file without servers is one that is just being written, so the last ones stay; at the start it means a server
    /// on this machine (resolv.conf(5)).
    private static func config(
        _ text: String, _ settings: ResolverSettings, lastServers: [SocketAddress]
    ) -> ResolverConfig {
        var config = ResolverConfig(text)
        let local = [SocketAddress(ip: "127.0.0.1", port: 53)].compactMap { $0 }
        config.servers = [settings.servers, config.servers, lastServers].first { !$0.isEmpty } ?? local
        config.timeoutMilliseconds = settings.serverTimeoutMilliseconds ?? config.timeoutMilliseconds
        return config
    }
}
