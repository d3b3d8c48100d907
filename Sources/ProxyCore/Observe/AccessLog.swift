import CLinux

/// One worker's end of the access log: lines gather in a buffer, and whole buffers go to the writer's thread. It never
/// waits: while the sink does not keep up, lines are dropped and counted.
struct AccessLog: ~Copyable {
    /// How long a line may wait in the buffer.
    static let flushMilliseconds: Milliseconds = 200

    /// The longest line: three parts and a name of which every byte is escaped, and the rest.
    private static let lineBytesMax = 3 * 4 * Limits.logFieldBytesMax + 4 * Limits.logUserBytesMax + 1024

    private let lane: LogWriter.Lane?
    private let reports: WorkerReports
    private var filling: ByteBuffer
    /// A user's name before it is written.
    private var user = ByteBuffer(capacity: Limits.logUserBytesMax + 4)
    private var date = LogDate()
    private var lines = 0
    private var dropped = 0
    private var lastFlush = Instant(microseconds: 0)

    /// - Parameter lane: nil for no log.
    init(_ lane: LogWriter.Lane?, reports: WorkerReports) {
        self.lane = lane
        filling = lane == nil ? ByteBuffer() : ByteBuffer(capacity: Limits.logBufferBytes)
        self.reports = reports
    }

    var hasLines: Bool { !filling.isEmpty }

    /// Appends the line of an exchange that has ended.
    mutating func append(_ exchange: borrowing Exchange, from peer: SocketAddress, _ now: Instant) {
        guard beginLine(from: peer, now) else { return }
        appendUser(exchange)
        appendDate()
        appendRequest(exchange)
        filling.append("\" ")
        // Who left before an answer began is told apart as nginx does it.
        let status = exchange.status == 0 ? 499 : exchange.status
        filling.append(decimal: status)
        filling.append(ASCII.space)
        filling.append(decimal: exchange.bodyBytes)
        filling.append(" \"")
        appendPart(exchange.logged.referer, of: exchange)
        filling.append("\" \"")
        appendPart(exchange.logged.userAgent, of: exchange)
        filling.append("\" upstream=")
        if let address = exchange.endpointAddress { filling.append(address) } else { filling.append(ASCII.dash) }
        filling.append(" upstream_time=")
        if let answered = exchange.answered {
            filling.append(seconds: answered.microseconds - exchange.sent.microseconds)
        } else {
            filling.append(ASCII.dash)
        }
        filling.append(" time=")
        filling.append(seconds: now.microseconds - exchange.began.microseconds)
        filling.append(" id=")
        appendPart(exchange.logged.requestID, of: exchange)
        filling.append(ASCII.lf)
    }

    /// Appends the line of a request that was refused before it could be understood.
    mutating func appendRefusal(_ status: UInt16, from peer: SocketAddress, _ now: Instant) {
        guard beginLine(from: peer, now) else { return }
        filling.append(ASCII.dash)
        appendDate()
        filling.append("-\" ")
        filling.append(decimal: Int(status))
        filling.append(" 0 \"-\" \"-\" upstream=- upstream_time=- time=0.000000 id=-\n")
    }

    /// Hands the buffer over where its lines have waited long enough.
    mutating func flushIfDue(_ now: Instant) {
        if hasLines, now - lastFlush >= Self.flushMilliseconds { flush(now) }
    }

    /// Hands the buffer over, unless the writer still has the last one.
    mutating func flush(_ now: Instant) {
        guard hasLines, let lane, lane.exchange(&filling, lines: lines) else { return }
        lines = 0
        lastFlush = now
        reportDropped()
    }

    /// Hands over the last lines; this once it waits, up to a second, because nobody is served any more.
    mutating func close(_ now: Instant) {
        let deadline = now + 1_000
        while hasLines, Instant.read() < deadline {
            flush(now)
            if hasLines { clx_sleep_milliseconds(1) }
        }
        dropped += lines
        reportDropped()
    }

    private mutating func reportDropped() {
        guard dropped > 0 else { return }
        reports.logLinesDropped(dropped)
        dropped = 0
    }

    private mutating func beginLine(from peer: SocketAddress, _ now: Instant) -> Bool {
        guard lane != nil else { return false }
        if filling.room < Self.lineBytesMax { flush(now) }
        guard filling.room >= Self.lineBytesMax else {
            dropped += 1
            return false
        }
        lines += 1
        date.update(now)
        peer.appendIP(to: &filling)
        filling.append(" - ")
        return true
    }

    private mutating func appendDate() {
        filling.append(" [")
        date.write(to: &filling)
        filling.append("] \"")
    }

    /// The name that a route with passwords was asked for by, right or wrong.
    private mutating func appendUser(_ exchange: borrowing Exchange) {
        user.reset()
        if exchange.traits.contains(.basicAuth) { exchange.appendUser(to: &user) }
        guard !user.isEmpty else { return filling.append(ASCII.dash) }
        for index in 0..<user.count {
            let byte = user.bytes.byte(index)
            // A blank would end the field.
            filling.append(escaped: byte, hidingBlanks: true)
        }
    }

    private mutating func appendRequest(_ exchange: borrowing Exchange) {
        appendPart(exchange.logged.request, of: exchange)
        filling.append(exchange.minorVersion == 0 ? " HTTP/1.0" : " HTTP/1.1")
    }

    private mutating func appendPart(_ part: LoggedParts.Part, of exchange: borrowing Exchange) {
        guard part.count > 0 else { return filling.append(ASCII.dash) }
        let end = part.range.lowerBound + min(part.range.count, Limits.logFieldBytesMax)
        exchange.appendHead(part.range.lowerBound..<end, to: &filling)
    }
}

extension Exchange {
    /// Appends a part of the request's head; quotes, backslashes and what is not visible ASCII become `\xHH`.
    fileprivate func appendHead(_ range: Range<Int>, to out: inout ByteBuffer) {
        let bytes = head.bytes
        for index in range { out.append(escaped: bytes.byte(index)) }
    }

    /// Appends the name in the request's credentials, at most `Limits.logUserBytesMax` bytes of it.
    fileprivate func appendUser(to out: inout ByteBuffer) {
        BasicCredentials.appendName(
            head.bytes, logged.authorization.range, atMost: Limits.logUserBytesMax, to: &out)
    }
}

extension ByteBuffer {
    fileprivate mutating func append(escaped byte: UInt8, hidingBlanks: Bool = false) {
        let isPlain = byte >= 0x20 && byte < 0x7F && byte != ASCII.quote && byte != ASCII.backslash
        if isPlain, !hidingBlanks || byte != ASCII.space { return append(byte) }
        append("\\x")
        append(ASCII.hexDigit(UInt64(byte >> 4)))
        append(ASCII.hexDigit(UInt64(byte)))
    }

    /// Appends `ADDRESS:PORT`, an IPv6 address in brackets.
    fileprivate mutating func append(_ address: SocketAddress) {
        if address.isIPv6 { append(0x5B) }
        address.appendIP(to: &self)
        if address.isIPv6 { append(0x5D) }
        append(ASCII.colon)
        append(decimal: Int(address.port))
    }

    /// Appends a number of microseconds as seconds with six decimals.
    fileprivate mutating func append(seconds microseconds: Int64) {
        let microseconds = max(0, Int(microseconds))
        append(decimal: microseconds / 1_000_000)
        append(0x2E)
        var divisor = 100_000
        while divisor > 0 {
            append(ASCII.zero &+ UInt8(truncatingIfNeeded: microseconds / divisor % 10))
            divisor /= 10
        }
    }
}
