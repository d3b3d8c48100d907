import Glibc

/// How much is tried: a second or so of it in every run of the tests. `FUZZ_SEEDS=1000` tries for longer.
enum Rounds {
    static let seeds: ClosedRange<UInt64> = {
        guard let text = unsafe getenv("FUZZ_SEEDS"), let count = unsafe UInt64(String(cString: text)), count > 0 else {
            return 1...4
        }
        return 1...count
    }()

    static let inputsPerSeed = 3_000
}
