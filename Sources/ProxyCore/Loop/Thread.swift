import CLinux
import Glibc

/// A thread of the system (pthreads(7)). Swift's own concurrency has no place for a loop that blocks in epoll.
package struct Thread: Sendable {
    private let handle: pthread_t

    private final class Job {
        let name: String
        let body: @Sendable () -> Void
        init(_ name: String, _ body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }

    /// Starts `body` on a new thread, which the system's tools show under `name` (15 bytes at most).
    ///
    /// - Throws: `SystemError` where the system grants no thread.
    package static func start(
        named name: String, _ body: @escaping @Sendable () -> Void
    ) throws(SystemError) -> Thread {
        var handle = pthread_t()
        let job = unsafe Unmanaged.passRetained(Job(name, body))
        let code = unsafe pthread_create(&handle, nil, runJob, job.toOpaque())
        guard code == 0 else {
            unsafe job.release()
            throw SystemError(call: "pthread_create", code: code)
        }
        return Thread(handle: handle)
    }

    /// Lets the thread end by itself; nobody waits for it.
    package func detach() { _ = pthread_detach(handle) }

    /// Waits until the thread has ended. Call it once, and not after `detach`.
    package func join() { _ = pthread_join(handle, nil) }

    private init(handle: pthread_t) { self.handle = handle }

    fileprivate static func run(_ opaque: UnsafeMutableRawPointer) {
        let job = unsafe Unmanaged<Job>.fromOpaque(opaque).takeRetainedValue()
        unsafe job.name.withCString { unsafe clx_name_thread($0) }
        job.body()
    }
}

/// A free function: a closure handed to pthread_create from `@main` is checked for an executor that the thread lacks.
private func runJob(_ opaque: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    if let opaque = unsafe opaque { unsafe Thread.run(opaque) }
    return nil
}
