import ProxyCore

extension Parse {
    /// `127.0.0.11`, `127.0.0.11:53`, `::1`, `[::1]`, `[::1]:53`; the port is 53 where none is given.
    static func resolver(_ text: String) throws(Rejection) -> SocketAddress {
        if let address = ipAddress(text[...], port: 53) { return address }
        guard let parts = HostPort(text[...]), let address = parts.address(port: 53) else {
            throw Rejection("is no name server's address; use IP or IP:PORT, such as 127.0.0.11 or [::1]:53")
        }
        guard let digits = parts.port else { return address }
        guard let port = portNumber(digits, in: 1...65535) else {
            throw Rejection("has a wrong port; use IP:PORT with a PORT from 1 to 65535")
        }
        return address.withPort(port)
    }
}
