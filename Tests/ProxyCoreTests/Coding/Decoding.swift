import CZlib
import CZstd
import Glibc
import Testing

@testable import ProxyCore

private struct CannotDecode: Error {
    let coding: CompressionSettings.Coding
}

/// The content that `coded` stands for, by the decoders of the libraries: what a client makes of it.
///
/// - Parameter isWhole: it has come to its end; otherwise it may end behind a flush.
func decoded(_ coded: [UInt8], _ coding: CompressionSettings.Coding, isWhole: Bool = true) throws -> [UInt8] {
    let content =
        switch coding {
        case .gzip: inflated(coded, isWhole)
        case .zstd: unzstd(coded, isWhole)
        case .brotli: unbrotli(coded, isWhole)
        }
    guard let content else { throw CannotDecode(coding: coding) }
    return content
}

private let stepBytes = 1 << 16

private func inflated(_ coded: [UInt8], _ isWhole: Bool) -> [UInt8]? {
    var stream = unsafe z_stream()
    let size = unsafe Int32(MemoryLayout<z_stream>.size)
    guard unsafe inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, size) == Z_OK else {
        return nil
    }
    defer { _ = unsafe inflateEnd(&stream) }
    var content: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: stepBytes)
    var coded = coded
    let code = unsafe coded.withUnsafeMutableBufferPointer { source in
        unsafe stream.next_in = source.baseAddress
        unsafe stream.avail_in = UInt32(source.count)
        var code = Z_OK
        repeat {
            unsafe piece.withUnsafeMutableBufferPointer { room in
                unsafe stream.next_out = room.baseAddress
                unsafe stream.avail_out = UInt32(room.count)
                code = unsafe inflate(&stream, Z_SYNC_FLUSH)
            }
            let room = unsafe Int(stream.avail_out)
            content += piece.prefix(stepBytes - room)
        } while code == Z_OK
        return code
    }
    guard unsafe stream.avail_in == 0 else { return nil }
    return code == Z_STREAM_END || (!isWhole && code == Z_BUF_ERROR) ? content : nil
}

private func unzstd(_ coded: [UInt8], _ isWhole: Bool) -> [UInt8]? {
    guard let context = unsafe ZSTD_createDCtx() else { return nil }
    defer { _ = unsafe ZSTD_freeDCtx(context) }
    // RFC 9659: no window larger than 8 MiB.
    _ = unsafe ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, 23)
    var content: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: stepBytes)
    var left = 1
    var position = 0
    let isRight = unsafe coded.withUnsafeBytes { source in
        while true {
            var from = unsafe ZSTD_inBuffer(src: source.baseAddress, size: source.count, pos: position)
            let count = unsafe piece.withUnsafeMutableBytes { room in
                var to = unsafe ZSTD_outBuffer(dst: room.baseAddress, size: room.count, pos: 0)
                left = unsafe ZSTD_decompressStream(context, &to, &from)
                return unsafe to.pos
            }
            position = unsafe from.pos
            guard ZSTD_isError(left) == 0 else { return false }
            content += piece.prefix(count)
            if position == source.count, count < stepBytes { return true }
        }
    }
    return isRight && (!isWhole || left == 0) ? content : nil
}

private typealias Create = @convention(c) (OpaquePointer?, OpaquePointer?, OpaquePointer?) -> OpaquePointer?
private typealias Destroy = @convention(c) (OpaquePointer) -> Void
private typealias HasMore = @convention(c) (OpaquePointer) -> Int32
private typealias Decode =
    @convention(c) (
        OpaquePointer, UnsafeMutablePointer<Int>, UnsafeMutablePointer<UnsafePointer<UInt8>?>,
        UnsafeMutablePointer<Int>, UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>, UnsafeMutablePointer<Int>?
    ) -> UInt32

/// The balancer links no decoder for brotli; the library is there all the same.
private func unbrotli(_ coded: [UInt8], _ isWhole: Bool) -> [UInt8]? {
    guard let library = unsafe dlopen("libbrotlidec.so.1", RTLD_NOW),
        let creating = unsafe dlsym(library, "BrotliDecoderCreateInstance"),
        let destroying = unsafe dlsym(library, "BrotliDecoderDestroyInstance"),
        let asking = unsafe dlsym(library, "BrotliDecoderHasMoreOutput"),
        let decoding = unsafe dlsym(library, "BrotliDecoderDecompressStream")
    else { return nil }
    let create = unsafe unsafeBitCast(creating, to: Create.self)
    let destroy = unsafe unsafeBitCast(destroying, to: Destroy.self)
    let hasMore = unsafe unsafeBitCast(asking, to: HasMore.self)
    let decode = unsafe unsafeBitCast(decoding, to: Decode.self)
    guard let state = unsafe create(nil, nil, nil) else { return nil }
    defer { unsafe destroy(state) }
    var content: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: stepBytes)
    var left = coded.count
    var result: UInt32 = 0
    unsafe coded.withUnsafeBufferPointer { source in
        var from = source.baseAddress
        repeat {
            var room = stepBytes
            unsafe piece.withUnsafeMutableBufferPointer { memory in
                var to = memory.baseAddress
                result = unsafe decode(state, &left, &from, &room, &to, nil)
            }
            content += piece.prefix(stepBytes - room)
        } while unsafe hasMore(state) != 0
    }
    // …SUCCESS and …NEEDS_MORE_INPUT
    return left == 0 && (result == 1 || (!isWhole && result == 2)) ? content : nil
}
