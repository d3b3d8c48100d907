@testable import ProxyCore

/// All that is random in a run, from one seed.
final class Dice {
    private var sequence: RandomSequence

    init(seed: UInt64) { sequence = RandomSequence(seed: seed &* 0xD134_2543_DE82_EF95) }

    func chance(_ percent: Int) -> Bool { sequence.next(below: 100) < percent }

    func number(_ range: ClosedRange<Int>) -> Int { range.lowerBound + sequence.next(below: range.count) }

    func number(_ range: ClosedRange<Int64>) -> Int64 {
        Int64(number(Int(range.lowerBound)...Int(range.upperBound)))
    }

    /// From 0 up to but not including 1.
    func fraction() -> Double { Double(sequence.next(below: 1 << 30)) / Double(1 << 30) }

    func one<Element>(of elements: [Element]) -> Element { elements[sequence.next(below: elements.count)] }

    func any<Element>(of elements: [Element]) -> Element? { elements.isEmpty ? nil : one(of: elements) }
}
