import Glibc

/// What `body` takes of this thread's processor time: other work on the machine is not in it, but for what it does to
/// the caches.
func processorNanoseconds(_ body: () -> Void) -> Double {
    let start = processorTime()
    body()
    return processorTime() - start
}

/// clock_gettime(2)
private func processorTime() -> Double {
    var time = timespec()
    unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
}
