import CLinux

/// The content of an answer that is moved from a file to the client: one part after another, each with a head of its own
/// where there are several (multipart/byteranges, RFC 9110 section 14.6).
struct FileBody: Vacatable {
    /// The place among the open files.
    let file: Int
    let isMultipart: Bool
    private let descriptor: Int32
    private let size: Int
    private let ranges: ByteRanges
    private let boundary: UInt64
    /// The part that is being sent, and what is left of it.
    private var part = -1
    private(set) var rest = 0..<0

    static func makeVacant() -> FileBody {
        FileBody(-1, OpenFile.Representation(), ByteRanges(), boundary: nil)
    }

    /// - Parameter boundary: a random number, where the parts have heads.
    init(_ file: Int, _ representation: OpenFile.Representation, _ ranges: ByteRanges, boundary: UInt64?) {
        self.file = file
        self.ranges = ranges
        self.boundary = boundary ?? 0
        isMultipart = boundary != nil
        descriptor = representation.descriptor
        size = representation.size
    }

    /// All parts were taken, and their end.
    var isFinished: Bool { rest.isEmpty && part >= ranges.count }

    /// Goes on to the next part where this one has ended.
    ///
    /// - Parameters:
    ///   - type: the content type of the file.
    ///   - out: gets what stands before the part, or behind the last one, where the parts have heads.
    mutating func beginNextPart(type: [UInt8], to out: inout ByteBuffer) {
        part += 1
        if part < ranges.count {
            rest = ranges[part]
            if isMultipart { writePartHead(part, type: type, to: &out) }
        } else if isMultipart {
            writeDelimiter(to: &out)
            out.append("--\r\n")
        }
    }

    func send(to transport: Transport, atMost limit: Int) -> Transport.Sent {
        transport.sendFile(descriptor, from: rest.lowerBound, min(rest.count, limit))
    }

    /// Appends what comes next of this part, in one pread(2).
    ///
    /// - Returns: false where it is not there any more.
    mutating func read(into out: inout ByteBuffer, atMost limit: Int) -> Bool {
        let (descriptor, offset) = (descriptor, Int64(rest.lowerBound))
        let count = unsafe out.fill(atMost: min(rest.count, limit)) { memory, room in
            unsafe clx_read_at(descriptor, memory, room, offset)
        }
        guard count > 0 else { return false }
        noteSent(count)
        return true
    }

    mutating func noteSent(_ count: Int) { rest = rest.lowerBound + count..<rest.upperBound }

    // ---- parts -------------------------------------------------------------------------------------------------------

    /// What the delimiter, the fixed text and three numbers of a part's head take at most, besides its type.
    static let partHeadBytesMax = 192

    /// All bytes of the content, with the heads of its parts.
    func length(type: [UInt8]) -> Int {
        var length = 0
        for index in 0..<ranges.count { length += ranges[index].count }
        guard isMultipart else { return length }
        var scratch = ByteBuffer(capacity: Self.partHeadBytesMax + Limits.contentTypeBytesMax)
        for index in 0..<ranges.count {
            scratch.reset()
            writePartHead(index, type: type, to: &scratch)
            length += scratch.count
        }
        scratch.reset()
        writeDelimiter(to: &scratch)
        return length + scratch.count + 4
    }

    private func writePartHead(_ index: Int, type: [UInt8], to out: inout ByteBuffer) {
        writeDelimiter(to: &out)
        out.append("\r\nContent-Type: ")
        unsafe out.append(type.span.bytes)
        out.append("\r\n")
        Self.writeContentRange(ranges[index], of: size, to: &out)
        out.append("\r\n")
    }

    private func writeDelimiter(to out: inout ByteBuffer) {
        out.append("\r\n--")
        writeBoundary(to: &out)
    }

    /// Random, because no content may hold it.
    private func writeBoundary(to out: inout ByteBuffer) {
        var shift: UInt64 = 64
        while shift > 0 {
            shift -= 4
            out.append(ASCII.hexDigit(boundary >> shift))
        }
    }

    /// The content type of the whole.
    func writeMultipartType(to out: inout ByteBuffer) {
        out.append("multipart/byteranges; boundary=")
        writeBoundary(to: &out)
    }

    /// Appends a Content-Range line (RFC 9110 section 14.4).
    static func writeContentRange(_ range: Range<Int>, of size: Int, to out: inout ByteBuffer) {
        out.append("Content-Range: bytes ")
        out.append(decimal: range.lowerBound)
        out.append(ASCII.dash)
        out.append(decimal: range.upperBound - 1)
        out.append(ASCII.slash)
        out.append(decimal: size)
        out.append("\r\n")
    }
}

extension Worker {
    /// The head is the session's output; the content follows.
    mutating func beginFileBody(_ session: Int, _ body: FileBody) {
        guard let place = fileBodies.insert(body) else { return cut(session) }
        files.use(body.file)
        exchanges[Int(sessions[session].exchange)].fileBody = Int32(place)
        sessionTimers.set(session, nil)
        relayFile(session)
    }

    /// Sends what is left of the file, as far as the client takes it. Nothing of it is collected here.
    mutating func relayFile(_ session: Int) {
        let exchange = Int(sessions[session].exchange)
        if exchanges[exchange].coding == .encode { return relayEncodedFile(session, exchange) }
        let body = Int(exchanges[exchange].fileBody)
        var moved = 0
        while true {
            if sessions[session].output != nil {
                // What is there of the content joins the head in its packet.
                guard flushOutput(session, moreFollows: !fileBodies[body].isFinished) else { return }
            }
            if fileBodies[body].isFinished {
                exchanges[exchange].isAnswerComplete = true
                return finishExchange(session)
            }
            if fileBodies[body].rest.isEmpty {
                beginNextPart(session, exchange, body)
                continue
            }
            guard sessions[session].edges.contains(.writable) else { return }
            guard moved < Limits.turnBytesMax else { return enqueue(session) }
            switch fileBodies[body].send(to: sessions[session].transport, atMost: Limits.turnBytesMax - moved) {
            // It has become shorter, and what was promised cannot be sent any more.
            case .bytes(0): return cut(session)
            case .bytes(let count):
                moved += count
                fileBodies[body].noteSent(count)
                exchanges[exchange].bodyBytes += count
                sessionTimers.set(session, nil)
            case .wouldBlock:
                sessions[session].edges.remove(.writable)
                return waitForClient(session, -1)
            case .failed: return abort(session)
            }
        }
    }

    private mutating func beginNextPart(_ session: Int, _ exchange: Int, _ body: Int) {
        guard fileBodies[body].isMultipart else {
            var none = ByteBuffer()
            return fileBodies[body].beginNextPart(type: [], to: &none)
        }
        var out = pool.take(holding: FileBody.partHeadBytesMax + Limits.contentTypeBytesMax)
        fileBodies[body].beginNextPart(type: files[fileBodies[body].file].type, to: &out)
        exchanges[exchange].bodyBytes += out.count
        sessions[session].output = consume out
    }

    /// The exchange has ended, and needs its file no more.
    mutating func endFileBody(_ exchange: borrowing Exchange) {
        guard exchange.fileBody >= 0 else { return }
        let body = fileBodies.remove(Int(exchange.fileBody))
        files.letGo(body.file)
    }
}
