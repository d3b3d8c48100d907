import ProxyCore

/// What the requests to one endpoint came to since the last sweep.
struct RequestTally: Equatable, Sendable {
    var outcomes: Int
    var failures: Int

    /// From 0 to 1; 1 where there was no request.
    var successRate: Double { outcomes > 0 ? 1 - Double(failures) / Double(outcomes) : 1 }
}

/// Finds the endpoints whose success rate is far below that of the others.
///
/// The algorithm is that of Envoy's outlier detection ("success rate"): an outlier is more than some standard deviations
/// below the mean, where enough endpoints have had enough requests to tell.
struct OutlierSweep {
    struct Outlier: Equatable {
        /// Its place among the tallies.
        let index: Int
        let successRate: Double
        let mean: Double
    }

    /// The outliers among `tallies`, the worst first.
    static func outliers(among tallies: [RequestTally], _ settings: EjectionSettings) -> [Outlier] {
        let counted = tallies.indices.filter { tallies[$0].outcomes >= max(1, settings.sweepAnswersMin) }
        guard counted.count >= max(2, settings.sweepEndpointsMin) else { return [] }
        let rates = counted.map { tallies[$0].successRate }
        let mean = rates.reduce(0, +) / Double(rates.count)
        let variance = rates.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(rates.count)
        let deviations = Double(settings.deviationFactorPercent) / 100
        let threshold = mean - max(deviations * variance.squareRoot(), Limits.outlierGapMin)
        return zip(counted, rates).filter { $1 < threshold }
            .sorted { $0.1 < $1.1 }
            .map { Outlier(index: $0, successRate: $1, mean: mean) }
    }
}
