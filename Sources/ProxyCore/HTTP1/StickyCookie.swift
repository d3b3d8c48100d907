/// The cookie that brings a client back to an endpoint (RFC 6265 section 4.1). It lives as long as the client's session.
struct StickyCookie {
    /// `Set-Cookie: NAME=`
    let start: [UInt8]
    let token: UInt64

    func write(to out: inout ByteBuffer) {
        unsafe out.append(start.span.bytes)
        StickyToken.write(token, to: &out)
        out.append("; Path=/; HttpOnly; SameSite=Lax\r\n")
    }
}
