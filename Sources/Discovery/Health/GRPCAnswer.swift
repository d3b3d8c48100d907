/// What has come of the answer to a gRPC health check, and what it means.
struct GRPCAnswer: Sendable {
    private let service: String
    private var httpStatus = ""
    private var status: String?
    private var message: [UInt8] = []
    /// How the stream was closed (RFC 9113 section 7); 0 where it simply ended.
    var errorCode: UInt32 = 0

    /// - Parameter service: whose health was asked for.
    init(service: String) { self.service = service }

    /// A field of the head or of the trailers.
    mutating func note(_ name: some Sequence<UInt8>, _ value: some Sequence<UInt8>) {
        if name.elementsEqual(":status".utf8) { httpStatus = String(decoding: Array(value), as: UTF8.self) }
        if name.elementsEqual("grpc-status".utf8) { status = String(decoding: Array(value), as: UTF8.self) }
    }

    /// A part of the body. What does not fit into any answer to a check is left out.
    mutating func append(_ bytes: some Collection<UInt8>) {
        message += bytes.prefix(Limits.probeMessageBytesMax - message.count)
    }

    /// What it means, when the stream has ended.
    var verdict: ProbeResult {
        guard errorCode == 0 else { return .failed("its stream was reset (HTTP/2 error \(errorCode))") }
        guard httpStatus == "200" else { return .failed("answered \(httpStatus)") }
        // The status codes of gRPC, github.com/grpc/grpc/blob/master/doc/statuscodes.md.
        switch status {
        case nil: return .failed("its answer has no grpc-status")
        case "0": return health
        case "5": return unknownService
        case "12": return .failed("it has no grpc.health.v1.Health")
        case let code?: return .failed("answered gRPC status \(code.prefix(16))")
        }
    }

    private var health: ProbeResult {
        switch HealthCheckMessage.status(message) {
        case 1: .passed
        case 2: .leaving("answered NOT_SERVING to its probe")
        case 3: unknownService
        case let status?: .failed("answered status \(status)")
        case nil: .failed("its answer is malformed")
        }
    }

    private var unknownService: ProbeResult { .failed("it knows no service \"\(service)\"") }
}

/// The two messages of grpc.health.v1.Health/Check (github.com/grpc/grpc-proto, grpc/health/v1/health.proto), in gRPC's
/// framing: a byte that says "not compressed", the length in four bytes, and a message of Protocol Buffers.
enum HealthCheckMessage {
    /// `HealthCheckRequest { string service = 1; }`
    static func request(service: String) -> [UInt8] {
        let name = Array(service.utf8)
        let message = name.isEmpty ? [] : [1 << 3 | 2] + varint(name.count) + name
        return [0] + (0..<4).reversed().map { UInt8(truncatingIfNeeded: message.count >> ($0 * 8)) } + message
    }

    /// `HealthCheckResponse { ServingStatus status = 1; }`: 0 UNKNOWN, 1 SERVING, 2 NOT_SERVING, 3 SERVICE_UNKNOWN.
    ///
    /// - Returns: nil where the bytes are no such message.
    static func status(_ framed: [UInt8]) -> UInt64? {
        guard framed.count >= 5, framed[0] == 0 else { return nil }
        let count = framed[1..<5].reduce(0) { $0 << 8 | Int($1) }
        guard framed.count == 5 + count else { return nil }
        var rest = framed[5...]
        var status: UInt64 = 0
        while !rest.isEmpty {
            guard let key = takeVarint(&rest) else { return nil }
            switch key & 7 {
            case 0:
                guard let value = takeVarint(&rest) else { return nil }
                if key >> 3 == 1 { status = value }
            case 1: guard skip(8, &rest) else { return nil }
            case 2: guard let size = takeVarint(&rest), skip(size, &rest) else { return nil }
            case 5: guard skip(4, &rest) else { return nil }
            default: return nil
            }
        }
        return status
    }

    private static func varint(_ number: Int) -> [UInt8] {
        number < 0x80 ? [UInt8(number)] : [UInt8(number & 0x7F) | 0x80] + varint(number >> 7)
    }

    private static func takeVarint(_ bytes: inout ArraySlice<UInt8>) -> UInt64? {
        var number: UInt64 = 0
        for shift in stride(from: 0, to: 64, by: 7) {
            guard let byte = bytes.popFirst() else { return nil }
            number |= UInt64(byte & 0x7F) << UInt64(shift)
            if byte < 0x80 { return number }
        }
        return nil
    }

    private static func skip(_ count: UInt64, _ bytes: inout ArraySlice<UInt8>) -> Bool {
        guard count <= bytes.count else { return false }
        bytes = bytes.dropFirst(Int(count))
        return true
    }
}
