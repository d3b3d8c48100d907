import Testing

@testable import ProxyCore

@Suite struct CORSRuleTests {
    private static let shop = "https://shop.test"

    private enum Asked {
        case answer, preflight
    }

    /// The lines that a request with these fields gets.
    private func lines(
        _ asked: Asked, _ fields: String..., room: Int = 4096, _ change: (inout CORSSettings) -> Void = { _ in }
    ) throws -> [String]? {
        let method = asked == .preflight ? "OPTIONS" : "GET"
        let bytes = [UInt8](
            latin1: (["\(method) / HTTP/1.1", "Host: a"] + fields + ["", ""]).joined(separator: "\r\n"))
        var settings = CORSSettings(origins: [Self.shop])
        change(&settings)
        let rule = CORSRule(settings)
        var head = RequestHead()
        guard case .complete = bytes.withRaw({ head.parse($0) }) else {
            Issue.record("\(fields) make no head")
            return nil
        }
        var out = ByteBuffer(capacity: room)
        let fits = bytes.withRaw { raw in
            asked == .preflight
                ? rule.writePreflightLines(head, raw, to: &out) : rule.writeAnswerLines(head, raw, to: &out)
        }
        guard fits else { return nil }
        return Array(out.text.components(separatedBy: "\r\n").dropLast())
    }

    // Answers

    @Test func anAllowedOriginMayReadTheAnswer() throws {
        #expect(
            try lines(.answer, "Origin: https://shop.test")
                == ["Vary: Origin", "Access-Control-Allow-Origin: https://shop.test"])
    }

    @Test(arguments: [
        "Origin: https://shop.test.evil.test", "Origin: http://shop.test", "Origin: https://SHOP.test", "Origin: null",
        "Origin:", "Origin: https://shop.test:443", "Origin: https://shop.test/", "X-Origin: https://shop.test",
    ])
    func anotherMayNot(field: String) throws { #expect(try lines(.answer, field) == ["Vary: Origin"]) }

    @Test func twoOriginsAreNone() throws {
        #expect(try lines(.answer, "Origin: https://shop.test", "Origin: https://shop.test") == ["Vary: Origin"])
    }

    @Test func credentialsAndExposedFieldsAreNamed() throws {
        let found = try lines(.answer, "Origin: https://b.test") {
            $0.origins.append("https://b.test")
            $0.allowsCredentials = true
            $0.exposedFields = ["X-Total", "ETag"]
        }
        #expect(
            found == [
                "Vary: Origin", "Access-Control-Allow-Origin: https://b.test", "Access-Control-Allow-Credentials: true",
                "Access-Control-Expose-Headers: X-Total, ETag",
            ])
    }

    @Test func anyOriginIsAStarAndNeverHasCredentials() throws {
        for (fields, expected) in [
            ("Origin: https://who.test", ["Access-Control-Allow-Origin: *"]), ("Accept: */*", []),
        ] {
            let found = try lines(.answer, fields) {
                $0.origins = ["*"]
                $0.allowsCredentials = true
            }
            #expect(found == expected)
        }
    }

    // Preflights

    private static let varies = "Vary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers"

    @Test func aPreflightSaysWhatIsAllowed() throws {
        let found = try lines(
            .preflight, "Origin: https://shop.test", "Access-Control-Request-Method: PUT",
            "Access-Control-Request-Headers: content-type, x-token"
        ) { $0.methods = ["GET", "PUT"] }
        #expect(
            found == [
                Self.varies, "Access-Control-Allow-Origin: https://shop.test", "Access-Control-Max-Age: 600",
                "Access-Control-Allow-Methods: GET, PUT", "Access-Control-Allow-Headers: content-type, x-token",
            ])
    }

    @Test func listsAreSaidAsTheyAre() throws {
        let found = try lines(
            .preflight, "Origin: https://shop.test", "Access-Control-Request-Method: PUT",
            "Access-Control-Request-Headers: x-other"
        ) {
            $0.methods = ["*"]
            $0.requestFields = ["X-Token"]
            $0.maxAgeSeconds = 5
        }
        #expect(
            found == [
                Self.varies, "Access-Control-Allow-Origin: https://shop.test", "Access-Control-Max-Age: 5",
                "Access-Control-Allow-Methods: PUT", "Access-Control-Allow-Headers: X-Token",
            ])
    }

    @Test func aRefusedOriginHearsNothing() throws {
        #expect(
            try lines(.preflight, "Origin: https://evil.test", "Access-Control-Request-Method: PUT") == [Self.varies])
    }

    @Test func whatIsNoListOfTokensIsNotRepeated() throws {
        let found = try lines(
            .preflight, "Origin: https://shop.test", "Access-Control-Request-Method: a b",
            "Access-Control-Request-Headers: <script>"
        ) { $0.methods = ["*"] }
        #expect(
            found == [Self.varies, "Access-Control-Allow-Origin: https://shop.test", "Access-Control-Max-Age: 600"])
    }

    @Test func whatHasNoRoomIsRefused() throws {
        for room in 1..<100 {
            #expect(try lines(.answer, "Origin: https://shop.test", room: room) == nil || room >= 62)
            _ = try lines(.preflight, "Origin: https://shop.test", "Access-Control-Request-Method: PUT", room: room)
        }
    }

    @Test(arguments: [
        ("OPTIONS / HTTP/1.1\r\nHost: a\r\nOrigin: b\r\nAccess-Control-Request-Method: GET\r\n\r\n", true),
        ("OPTIONS / HTTP/1.1\r\nHost: a\r\nOrigin: b\r\n\r\n", false),
        ("OPTIONS / HTTP/1.1\r\nHost: a\r\nAccess-Control-Request-Method: GET\r\n\r\n", false),
        ("GET / HTTP/1.1\r\nHost: a\r\nOrigin: b\r\nAccess-Control-Request-Method: GET\r\n\r\n", false),
    ])
    func aPreflightIsKnownByItsFields(text: String, isOne: Bool) {
        let bytes = [UInt8](latin1: text)
        var head = RequestHead()
        _ = bytes.withRaw { head.parse($0) }
        #expect(bytes.withRaw { CORSRule.isPreflight(head, $0) } == isOne)
    }

    @Test func theProtocolsFieldsAreOurs() {
        for (name, isOurs) in [
            ("Access-Control-Allow-Origin", true), ("access-control-max-age", true), ("Access-Control-", false),
            ("Access-Controls-Allow", false), ("X-Access-Control-Allow-Origin", false),
        ] {
            let bytes = [UInt8](latin1: name)
            #expect(bytes.withRaw { CORSRule.isOurs($0, 0..<$0.byteCount) } == isOurs, "\(name)")
        }
    }
}
