import Glibc

/// Memory that ends where the process may not read: whoever reads one byte too far is ended by the system.
@safe
final class GuardedBytes {
    private let pages: UnsafeMutableRawPointer
    private let usable: Int
    private let reserved: Int

    /// - Parameter capacity: bytes that can be held.
    init(capacity: Int) {
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        usable = (capacity + page - 1) / page * page
        reserved = usable + page
        guard let memory = unsafe mmap(nil, reserved, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
            unsafe memory != MAP_FAILED, unsafe mprotect(memory + usable, page, PROT_NONE) == 0
        else { fatalError("no memory with a guard page") }
        unsafe pages = memory
    }

    deinit { unsafe munmap(pages, reserved) }

    /// Lends `bytes`, whose last byte is the last before the guard page.
    func withBytes<Result>(_ bytes: [UInt8], _ body: (RawSpan) -> Result) -> Result {
        precondition(bytes.count <= usable)
        let start = unsafe pages + (usable - bytes.count)
        unsafe bytes.withUnsafeBytes {
            unsafe start.copyMemory(from: $0.baseAddress ?? UnsafeRawPointer(pages), byteCount: bytes.count)
        }
        return unsafe body(RawSpan(_unsafeStart: start, byteCount: bytes.count))
    }
}
