import CLinux

/// A pipe through which splice(2) moves bytes from one socket to another without copying them into the process.
struct SplicePipe {
    private let ends: clx_pipe
    /// Bytes that are in the pipe.
    private(set) var count = 0

    /// nil where no descriptors are left.
    init?() {
        ends = clx_pipe_open(Int32(Limits.pipeBytes))
        if ends.reading < 0 { return nil }
    }

    func close() {
        _ = clx_close(ends.reading)
        _ = clx_close(ends.writing)
    }

    mutating func fill(from source: Transport, atMost limit: Int) -> Transport.Received {
        let moved = clx_splice(source.descriptor, ends.writing, limit)
        if moved > 0 {
            count += moved
            return .bytes(moved)
        }
        if moved == 0 { return .end }
        return moved == -Int(EAGAIN) ? .wouldBlock : .failed
    }

    mutating func drain(to destination: Transport) -> Transport.Sent {
        let moved = clx_splice(ends.reading, destination.descriptor, count)
        if moved > 0 {
            count -= moved
            return .bytes(moved)
        }
        return moved == -Int(EAGAIN) ? .wouldBlock : .failed
    }
}

/// A worker's pipes: the empty ones wait here for use.
struct PipePool: ~Copyable {
    private var free: [SplicePipe] = []
    private var open = 0
    private var lastUse = Instant(microseconds: 0)

    init() { free.reserveCapacity(Limits.pooledPipesMax) }
    deinit { for pipe in free { pipe.close() } }

    /// Descriptors of all pipes, in use or not.
    var descriptorsOpen: Int { open * 2 }

    /// Some wait here, and are closed if they do so for long.
    var hasFree: Bool { !free.isEmpty }

    /// Closes what has not been used for a second: each pipe takes two descriptors.
    mutating func trim(_ now: Instant) {
        guard hasFree, now - lastUse >= 1_000 else { return }
        for pipe in free { pipe.close() }
        open -= free.count
        free.removeAll(keepingCapacity: true)
    }

    mutating func take(_ now: Instant) -> SplicePipe? {
        lastUse = now
        if let pipe = free.popLast() { return pipe }
        guard let pipe = SplicePipe() else { return nil }
        open += 1
        return pipe
    }

    /// A pipe with bytes left in it is of no more use: they would come out for somebody else.
    mutating func give(_ pipe: SplicePipe) {
        if pipe.count == 0, free.count < Limits.pooledPipesMax { return free.append(pipe) }
        pipe.close()
        open -= 1
    }
}
