import Testing

@testable import ProxyCore

@Suite struct UTCTimeTests {
    private func parts(_ time: UTCTime) -> [Int] {
        [time.year, time.month, time.day, time.hour, time.minute, time.second]
    }

    @Test(
        arguments: [
            (0, [1970, 1, 1, 0, 0, 0]), (86_399, [1970, 1, 1, 23, 59, 59]), (86_400, [1970, 1, 2, 0, 0, 0]),
            (951_782_400, [2000, 2, 29, 0, 0, 0]), (951_868_800, [2000, 3, 1, 0, 0, 0]),
            (1_000_000_000, [2001, 9, 9, 1, 46, 40]), (1_709_164_800, [2024, 2, 29, 0, 0, 0]),
            (1_795_467_997, [2026, 11, 23, 21, 6, 37]), (2_147_483_647, [2038, 1, 19, 3, 14, 7]),
            (4_107_542_400, [2100, 3, 1, 0, 0, 0]), (253_402_300_799, [9999, 12, 31, 23, 59, 59]),
        ] as [(Int64, [Int])])
    func knownMoments(seconds: Int64, expected: [Int]) {
        #expect(parts(UTCTime(secondsSinceEpoch: seconds)) == expected)
    }

    @Test func everyDayUntil2200() {
        var midnight: Int64 = 0
        var wrong: [[Int]] = []
        for year in 1970...2200 {
            let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
            for (month, days) in zip(1...12, [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]) {
                for day in 1...days {
                    let second = year * day * 7 % 86_400
                    let expected = [year, month, day, second / 3600, second % 3600 / 60, second % 60]
                    if parts(UTCTime(secondsSinceEpoch: midnight + Int64(second))) != expected {
                        wrong.append(expected)
                    }
                    midnight += 86_400
                }
            }
        }
        #expect(wrong == [])
    }
}
