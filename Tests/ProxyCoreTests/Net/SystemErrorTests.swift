import Glibc
import Testing

@testable import ProxyCore

@Suite struct SystemErrorTests {
    @Test func aResultPassesAndANegatedErrnoIsThrown() throws {
        #expect(try SystemError.check(0, "connect") == 0)
        #expect(try SystemError.check(3, "connect") == 3)
        #expect(throws: SystemError(call: "connect", code: ECONNREFUSED)) {
            try SystemError.check(-ECONNREFUSED, "connect")
        }
    }

    @Test func itSaysWhichCallAndWhy() {
        #expect(SystemError(call: "connect", code: ECONNREFUSED).description == "connect: Connection refused")
    }
}
