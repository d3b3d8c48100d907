import CNghttp2
import ProxyCore

/// The conversation of a gRPC check: `grpc.health.v1.Health/Check` over HTTP/2 with prior knowledge (RFC 9113 section 3.3).
/// nghttp2 makes the frames; the check has no socket of its own.
@safe
final class GRPCCheck {
    private var session: OpaquePointer?
    /// What is still to be sent of the request's message.
    private var message: ArraySlice<UInt8>
    /// What is made and not yet handed out.
    private var frames: [UInt8] = []
    private var answer: GRPCAnswer
    private var hasEnded = false

    /// - Parameters:
    ///   - service: whose health is asked for; "" for the server's as a whole.
    ///   - host: the value of `:authority`.
    init(service: String, host: String) {
        message = HealthCheckMessage.request(service: service)[...]
        answer = GRPCAnswer(service: service)
        open()
        submit([
            (":method", "POST"), (":scheme", "http"), (":authority", host), (":path", "/grpc.health.v1.Health/Check"),
            ("content-type", "application/grpc"), ("te", "trailers"), ("user-agent", "balancer-health-check"),
        ])
    }

    deinit { unsafe nghttp2_session_del(session) }

    /// The frames that are to be sent now.
    func output() -> [UInt8] {
        gatherFrames()
        defer { frames = [] }
        return frames
    }

    /// Takes what has arrived.
    ///
    /// - Returns: what it means, nil while that depends on what is still to come.
    func take(_ bytes: [UInt8]) -> ProbeResult? {
        let count = unsafe nghttp2_session_mem_recv(session, bytes, bytes.count)
        if hasEnded { return answer.verdict }
        // Once the GOAWAY that follows an error is made, the session is over.
        gatherFrames()
        let goesOn = unsafe count >= 0 && nghttp2_session_want_read(session) != 0
        return goesOn ? nil : .failed("it does not speak HTTP/2")
    }

    /// The connection has ended before the answer was whole.
    func end() -> ProbeResult { .failed("closed without an answer") }

    // MARK: nghttp2

    private func gatherFrames() {
        while true {
            var memory: UnsafePointer<UInt8>?
            let count = unsafe nghttp2_session_mem_send(session, &memory)
            guard count > 0 else { return }
            unsafe frames.append(contentsOf: UnsafeBufferPointer(start: memory, count: count))
        }
    }

    private func open() {
        var callbacks: OpaquePointer?
        unsafe nghttp2_session_callbacks_new(&callbacks)
        defer { unsafe nghttp2_session_callbacks_del(callbacks) }
        unsafe nghttp2_session_callbacks_set_on_header_callback(callbacks) {
            _, _, name, nameCount, value, valueCount, _, context in
            let check = unsafe Unmanaged<GRPCCheck>.fromOpaque(context!).takeUnretainedValue()
            unsafe check.answer.note(
                UnsafeBufferPointer(start: name, count: nameCount), UnsafeBufferPointer(start: value, count: valueCount)
            )
            return 0
        }
        unsafe nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks) { _, _, _, data, count, context in
            let check = unsafe Unmanaged<GRPCCheck>.fromOpaque(context!).takeUnretainedValue()
            unsafe check.answer.append(UnsafeBufferPointer(start: data, count: count))
            return 0
        }
        unsafe nghttp2_session_callbacks_set_on_stream_close_callback(callbacks) { _, _, code, context in
            let check = unsafe Unmanaged<GRPCCheck>.fromOpaque(context!).takeUnretainedValue()
            check.answer.errorCode = code
            check.hasEnded = true
            return 0
        }
        unsafe nghttp2_session_client_new(&session, callbacks, Unmanaged.passUnretained(self).toOpaque())
        var noPush = nghttp2_settings_entry(settings_id: Int32(NGHTTP2_SETTINGS_ENABLE_PUSH.rawValue), value: 0)
        _ = unsafe nghttp2_submit_settings(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), &noPush, 1)
    }

    /// Makes the request, whose body is `message`. nghttp2 copies the fields.
    private func submit(_ fields: [(name: String, value: String)]) {
        var bytes = fields.flatMap { Array($0.name.utf8) + Array($0.value.utf8) }
        var body = unsafe nghttp2_data_provider()
        unsafe body.read_callback = { _, _, buffer, room, flags, _, context in
            let check = unsafe Unmanaged<GRPCCheck>.fromOpaque(context!).takeUnretainedValue()
            let part = check.message.prefix(room)
            check.message = check.message.dropFirst(part.count)
            unsafe buffer?.update(from: Array(part), count: part.count)
            if check.message.isEmpty { unsafe flags?.pointee |= NGHTTP2_DATA_FLAG_EOF.rawValue }
            return part.count
        }
        unsafe bytes.withUnsafeMutableBufferPointer { memory in
            var place = 0
            func next(_ count: Int) -> UnsafeMutablePointer<UInt8>? {
                defer { place += count }
                return unsafe memory.baseAddress.map { unsafe $0 + place }
            }
            let lines = unsafe fields.map { field in
                unsafe nghttp2_nv(
                    name: next(field.name.utf8.count), value: next(field.value.utf8.count),
                    namelen: field.name.utf8.count, valuelen: field.value.utf8.count,
                    flags: UInt8(NGHTTP2_NV_FLAG_NONE.rawValue))
            }
            _ = unsafe nghttp2_submit_request(session, nil, lines, lines.count, &body, nil)
        }
    }
}
