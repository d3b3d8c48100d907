import ProxyCore

extension Parse {
    /// `:80`, `127.0.0.1:8080`, `[::1]:8080`. Port 0 is allowed.
    static func listenAddress(_ text: String) throws(Rejection) -> ListenAddress {
        let wrong = Rejection("is no address to listen on; use :PORT, IPv4:PORT or [IPv6]:PORT")
        guard let parts = HostPort(text[...]), let digits = parts.port else { throw wrong }
        guard let port = portNumber(digits, in: 0...65535) else {
            throw Rejection("has a wrong port; use a PORT from 0 to 65535")
        }
        if parts.host.isEmpty, !parts.isBracketed { return .any(port: port) }
        guard let address = parts.address(port: port) else { throw wrong }
        return .address(address)
    }
}
