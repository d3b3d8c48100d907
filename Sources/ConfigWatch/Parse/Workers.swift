extension Parse {
    /// As many worker threads as anyone has use for: each costs a listener of its own for every address.
    private static let workerCounts = 1...256

    static func workers(_ text: String) throws(Rejection) -> Int {
        guard text.allSatisfy(isDigit), let count = Int(text), workerCounts.contains(count) else {
            throw Rejection(
                "is no number of workers; use one from \(workerCounts.lowerBound) to \(workerCounts.upperBound)")
        }
        return count
    }
}
