import Testing

@testable import ProxyCore

@Suite struct BasicCredentialsTests {
    /// Name and password in the value of an Authorization field.
    private func credentials(_ value: String) -> [String]? {
        var out = ByteBuffer(capacity: 1024)
        let bytes = [UInt8](latin1: value)
        let found = bytes.withRaw { BasicCredentials($0, 0..<$0.byteCount, into: &out) }
        guard let found else { return nil }
        let decoded = out.array
        return [decoded.text(found.name), decoded.text(found.password)]
    }

    private func name(_ value: String, atMost limit: Int = 64) -> String {
        let bytes = [UInt8](latin1: value)
        return written { out in
            bytes.withRaw { BasicCredentials.appendName($0, 0..<$0.byteCount, atMost: limit, to: &out) }
        }
    }

    @Test func theExamplesOfTheStandard() {
        #expect(credentials("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==") == ["Aladdin", "open sesame"])
        #expect(credentials("Basic dGVzdDoxMjPCow==") == ["test", "123\u{C2}\u{A3}"])
    }

    @Test func theSchemeHasNoCaseAndThePaddingMayLack() {
        #expect(credentials("bASIC   QWxhZGRpbjpvcGVuIHNlc2FtZQ") == ["Aladdin", "open sesame"])
        #expect(credentials("Basic Og==") == ["", ""])
        #expect(credentials("Basic YTo=") == ["a", ""])
        #expect(credentials("Basic YTpiOmM=") == ["a", "b:c"])
    }

    @Test(arguments: [
        "", "Basic", "Basic ", "Basic QQ==", "Basic QWxhZGRpbg==", "Bearer QWxhZGRpbjpvcGVu", "BasicQWxhZGRpbjpvcGVu",
        "Basic Og=", "Basic Og===", "Basic O===", "Basic YTpi YTpi", "Basic YT-_", "Basic YTo\u{80}", "Basic =Og=",
        // A NUL, a tab, a line feed.
        "Basic YTpiAGM=", "Basic YTpiCQ==", "Basic YTpiCg==",
    ])
    func nothingElseIsCredentials(value: String) { #expect(credentials(value) == nil) }

    @Test func theLengthIsBounded() {
        // ":aa" and more of "aaa": 768 bytes, and a quantum more.
        #expect(credentials("Basic OmFh" + String(repeating: "YWFh", count: 255))?[1].count == 767)
        #expect(credentials("Basic OmFh" + String(repeating: "YWFh", count: 256)) == nil)
    }

    @Test func theNameIsReadForTheLog() {
        #expect(name("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==") == "Aladdin")
        #expect(name("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", atMost: 3) == "Ala")
        #expect(name("Basic QWxhZGRpbg==") == "Aladdin")
        #expect(name("Bearer QWxhZGRpbg==") == "")
        #expect(name("Basic ????") == "")
    }
}
