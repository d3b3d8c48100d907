import Testing

@testable import ProxyCore

/// A request head as the upstream gets it, with the parts that the access log names.
struct RewrittenRequest {
    let head: String
    let request: String
    let referer: String
    let userAgent: String
    let requestID: String
    /// Bytes written in all, and the most that may be.
    let bytes: (written: Int, max: Int)

    /// The field lines, without those that every request ends in.
    var fields: [String] { Array(head.components(separatedBy: "\r\n").dropFirst().dropLast(2)) }
}

/// The fresh identifier that `rewritten` offers.
let freshID = RequestID(high: 0x0123_4567_89AB_CDEF, low: 0xFEDC_BA98_7654_3210)
let freshIDText = "0123456789abcdeffedcba9876543210"

private struct NotComplete: Error {
    let text: String
    let outcome: ParseOutcome
}

/// Parses `text` and writes it for the upstream.
func rewritten(
    _ text: String, from peer: String = "192.0.2.7", defaultHost: String = "default.example:81"
) throws -> RewrittenRequest {
    let bytes = [UInt8](latin1: text)
    let peer = try #require(SocketAddress(ip: peer, port: 50_000))
    let host = [UInt8](latin1: defaultHost)
    var head = RequestHead()
    let outcome = bytes.withRaw { head.parse($0) }
    guard case .complete(let length) = outcome else { throw NotComplete(text: text, outcome: outcome) }
    let bytesMax = HeadWriter.requestBytesMax(head, length: length)
    var out = ByteBuffer(capacity: bytesMax)
    let parts = bytes.withRaw {
        HeadWriter.writeRequest(head, $0, from: peer, defaultHost: host.span, freshID: freshID, to: &out)
    }
    let written = out.array
    return RewrittenRequest(
        head: written.text(Int(parts.headStart)..<written.count), request: written.text(parts.request.range),
        referer: written.text(parts.referer.range), userAgent: written.text(parts.userAgent.range),
        requestID: written.text(parts.requestID.range), bytes: (written.count, bytesMax))
}

/// Parses `text` and writes it for the client.
func rewrittenResponse(
    _ text: String, chunked: Bool = false, connection: HeadWriter.ConnectionField = .unsaid
) throws -> String {
    let bytes = [UInt8](latin1: text)
    var head = ResponseHead()
    let outcome = bytes.withRaw { head.parse($0) }
    guard case .complete(let length) = outcome else { throw NotComplete(text: text, outcome: outcome) }
    var out = ByteBuffer(capacity: length + Limits.headGrowthBytesMax)
    bytes.withRaw { HeadWriter.writeResponse(head, $0, chunked: chunked, connection: connection, to: &out) }
    return out.text
}

extension String {
    func components(separatedBy separator: String) -> [String] {
        split(separator: separator, omittingEmptySubsequences: false).map(String.init)
    }
}
