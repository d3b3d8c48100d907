import Testing

@testable import ProxyCore

@Suite struct FramingFieldsTests {
    // ---- Content-Length ---------------------------------------------------------------------------------------------

    private func lengths(_ values: String...) -> (valid: Bool, Int?) {
        var framing = FramingFields()
        for value in values {
            let bytes = [UInt8](latin1: value)
            guard bytes.withRaw({ framing.noteContentLength($0, 0..<bytes.count) }) else { return (false, nil) }
        }
        return (true, framing.contentLength)
    }

    @Test(arguments: [
        ("0", 0), ("7", 7), ("007", 7), ("1048576", 1_048_576), ("999999999999999999", 999_999_999_999_999_999),
        ("0000000000000000000000000000000000000001", 1),
    ])
    func lengthsAreDecimalNumbers(value: String, length: Int) { #expect(lengths(value) == (true, length)) }

    @Test(arguments: [
        "", " ", "+1", "-1", "1 ", " 1", "1,1", "1, 1", "0x10", "1e3", "1.0", "a", "1a", "\u{B2}", "1\u{0}",
        "10000000000000000000", "9223372036854775808", "18446744073709551616", "99999999999999999999999",
    ])
    func whatIsNoNumberThatWeCountToIsRefused(value: String) { #expect(!lengths(value).valid) }

    @Test func repeatedLengthsAgreeOrAreRefused() {
        #expect(lengths("5", "5", "05") == (true, 5))
        #expect(!lengths("5", "6").valid)
        #expect(!lengths("5", "").valid)
        #expect(!lengths("0", "0", "1").valid)
    }

    // ---- Transfer-Encoding ------------------------------------------------------------------------------------------

    private func codings(_ values: String...) -> (valid: Bool, FramingFields) {
        var framing = FramingFields()
        for value in values {
            let bytes = [UInt8](latin1: value)
            guard bytes.withRaw({ framing.noteTransferEncoding($0, 0..<bytes.count) }) else { return (false, framing) }
        }
        return (true, framing)
    }

    @Test(arguments: [["chunked"], ["CHUNKED"], [" chunked "], [",chunked,"], [", ,\tchunKED"]])
    func chunkedAloneIsChunked(values: [String]) {
        let (isValid, framing) = codings(values[0])
        #expect(isValid && framing.hasTransferEncoding && framing.endsInChunked && !framing.hasOtherCoding)
    }

    @Test(arguments: ["gzip, chunked", "gzip,deflate;q=1 , chunked", "x;a=\"b\",chunked", "identity, chunked"])
    func otherCodingsAreTold(value: String) {
        let (isValid, framing) = codings(value)
        #expect(isValid && framing.endsInChunked && framing.hasOtherCoding)
    }

    @Test(arguments: ["gzip", "identity", "chunked;a=b", "xchunked", "chunkedx", "chunk"])
    func aListThatDoesNotEndInChunkedIsTold(value: String) {
        let (isValid, framing) = codings(value)
        #expect(isValid && !framing.endsInChunked && framing.hasOtherCoding)
    }

    @Test(arguments: [
        "", " ", ",", ", ,", "chunked, chunked", "chunked, gzip", "chunked, ,gzip", "chunked x", "\"chunked\"",
        "(chunked)", "chunked\u{E9}", "gzip x, chunked", ";a, chunked", "@", "\u{B}chunked", "chunked=", "x,\"a\"",
    ])
    func whatIsNoListOfCodingsOrEndsTwiceIsRefused(value: String) { #expect(!codings(value).valid) }

    @Test func severalFieldsMakeOneList() {
        #expect(codings("gzip", "chunked").valid)
        #expect(codings("gzip", "chunked").1.endsInChunked)
        #expect(!codings("chunked", "gzip").valid)
        #expect(!codings("chunked", "chunked").valid)
        #expect(!codings("chunked", "").valid)
    }
}
