import Testing

@testable import ProxyCore

@Suite struct CookieFieldTests {
    private func value(of name: String, in field: String) -> String? {
        // What stands around the range must not matter.
        let bytes = [UInt8](latin1: "lb=before; \(field); lb=after")
        let range = 11..<bytes.count - 10
        return bytes.withRaw { $0.cookieValue([UInt8](latin1: name), in: range) }.map { bytes.text($0) }
    }

    @Test(arguments: [
        ("lb=1", "1"), ("a=2; lb=1", "1"), ("a=2;lb=1;c=3", "1"), ("lb=1; lb=2", "1"), ("lb=", ""), (" lb=1 ", "1"),
        ("a=2;; lb=1", "1"), ("lb=a=b", "a=b"), ("lb=\"1\"", "1"), ("lb=\"", "\""), ("lb=\"\"", ""), ("lb; lb=1", "1"),
        ("xlb=2; lb=1", "1"), ("lbx=2; lb=1", "1"), ("LB=2; lb=1", "1"), ("a=\u{E9}; lb=\u{E9}", "\u{E9}"),
        ("a=2;\tlb=1", "1"), ("=; lb=1", "1"),
    ])
    func theFirstCookieOfTheNameIsFound(field: String, expected: String) {
        #expect(value(of: "lb", in: field) == expected)
    }

    @Test(arguments: ["", ";", "lb", "lb;", "l=b", "xlb=1", "LB=1", "a=lb=1", "lb =1", "a=2; lb", ",lb=1", "="])
    func whereThereIsNoneNoneIsFound(field: String) {
        #expect(value(of: "lb", in: field) == nil)
    }
}
