import Testing

@testable import ProxyCore

/// Heads come in any pieces, and from anyone: every prefix, and every change of one byte.
@Suite struct HeadCutsTests {
    private func isRefused(_ outcome: ParseOutcome) -> Bool {
        if case .refused = outcome { true } else { false }
    }

    @Test(arguments: Heads.requests)
    func aRequestIsIncompleteUntilItsLastByte(text: String) {
        let bytes = [UInt8](latin1: text)
        for count in 0..<bytes.count {
            #expect(parseRequest(Array(bytes[..<count])) == .partial, "the first \(count) bytes")
        }
        #expect(parseRequest(bytes) == .complete(bytes.count))
    }

    @Test(arguments: Heads.responses)
    func aResponseIsIncompleteUntilItsLastByte(text: String) {
        let bytes = [UInt8](latin1: text)
        for count in 0..<bytes.count {
            #expect(parseResponse(Array(bytes[..<count])) == .partial, "the first \(count) bytes")
        }
        #expect(parseResponse(bytes) == .complete(bytes.count))
    }

    /// Once refused, more bytes do not help: a decision that was acted on stays right.
    @Test(arguments: RequestRefusalTests.malformed)
    func aMalformedRequestIsNeverTakenForWhole(text: String) {
        let bytes = [UInt8](latin1: text)
        var refusedAt: Int?
        for count in 0...bytes.count {
            let outcome = parseRequest(Array(bytes[..<count]))
            if refusedAt == nil, isRefused(outcome) { refusedAt = count }
            if let refusedAt {
                #expect(isRefused(outcome), "refused after \(refusedAt) bytes, but not after \(count)")
            } else {
                #expect(outcome == .partial, "the first \(count) bytes")
            }
        }
        #expect(refusedAt != nil)
    }

    @Test(arguments: ResponseHeadTests.malformed)
    func aMalformedResponseIsNeverTakenForWhole(text: String) {
        let bytes = [UInt8](latin1: text)
        var isOver = false
        for count in 0...bytes.count {
            let outcome = parseResponse(Array(bytes[..<count]))
            isOver = isOver || isRefused(outcome)
            #expect(isOver ? isRefused(outcome) : outcome == .partial, "the first \(count) bytes")
        }
        #expect(isOver)
    }

    // ---- one byte changed -------------------------------------------------------------------------------------------

    /// What no accepted head may contain, whatever else it says: a line end that is not CRLF, a NUL, a line that goes
    /// on in the next one.
    private func hasForbiddenBytes(_ head: ArraySlice<UInt8>) -> Bool {
        var previous: UInt8 = 0
        for (offset, byte) in head.enumerated() {
            switch byte {
            case 0x00: return true
            case 0x0A where previous != 0x0D: return true
            case 0x20 where previous == 0x0A, 0x09 where previous == 0x0A: return true
            default: if previous == 0x0D, byte != 0x0A, offset > 0 { return true }
            }
            previous = byte
        }
        return previous == 0x0D
    }

    private func checkEveryChange(_ text: String, _ parse: ([UInt8]) -> ParseOutcome) {
        let original = [UInt8](latin1: text)
        for index in original.indices {
            var changed = original
            for byte in UInt8.all {
                changed[index] = byte
                guard case .complete(let count) = parse(changed) else { continue }
                if hasForbiddenBytes(changed[..<count]) { Issue.record("accepted with byte \(byte) at \(index)") }
            }
            // A byte that went missing, and one that came twice.
            for other in [original[..<index] + original[(index + 1)...], original[...index] + original[index...]] {
                guard case .complete(let count) = parse(Array(other)) else { continue }
                if hasForbiddenBytes(other[other.startIndex..<other.startIndex + count]) {
                    Issue.record("accepted with a byte more or less at \(index)")
                }
            }
        }
    }

    @Test(arguments: Heads.requests)
    func noChangeOfARequestBringsAForbiddenByteIn(text: String) { checkEveryChange(text) { parseRequest($0) } }

    @Test(arguments: Heads.responses)
    func noChangeOfAResponseBringsAForbiddenByteIn(text: String) { checkEveryChange(text) { parseResponse($0) } }

    @Test func theCheckSeesWhatItLooksFor() {
        for text in ["a\nb", "a\rb\r\n", "a\u{0}", "a\r\n b\r\n", "a\r\n\tb", "a\r", "\n", "a\n"] {
            #expect(hasForbiddenBytes([UInt8](latin1: text)[...]))
        }
        #expect(!hasForbiddenBytes([UInt8](latin1: "a b\tc\r\n\u{E9}\r\n\r\n")[...]))
    }
}
